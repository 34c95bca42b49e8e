// SPDX-License-Identifier: MIT
// chacha.h: the block function of ChaCha20 (RFC 8439).
#pragma once

#include <lib/types.h>

enum { CHACHA_KEY_WORDS = 8, CHACHA_NONCE_WORDS = 3, CHACHA_BLOCK_BYTES = 64 };

// 64 bytes of key stream for block `counter`. Words are little-endian.
void chacha20_block(const uint32_t key[CHACHA_KEY_WORDS], uint32_t counter, const uint32_t nonce[CHACHA_NONCE_WORDS],
                    uint8_t block[CHACHA_BLOCK_BYTES]);
