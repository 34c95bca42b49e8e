// SPDX-License-Identifier: MIT
// chacha.c: the block function of ChaCha20.
#include "chacha.h"

#include <lib/string.h>

enum { WORDS = 16, DOUBLE_ROUNDS = 10 };

static uint32_t rotate(uint32_t value, uint32_t bits)
{
    return value << bits | value >> (32 - bits);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 12);
    *a += *b;
    *d = rotate(*d ^ *a, 8);
    *c += *d;
    *b = rotate(*b ^ *c, 7);
}

static void double_round(uint32_t x[WORDS])
{
    for (uint32_t i = 0; i < 4; i++)
        quarter_round(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
    for (uint32_t i = 0; i < 4; i++)
        quarter_round(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
}

void chacha20_block(const uint32_t key[CHACHA_KEY_WORDS], uint32_t counter, const uint32_t nonce[CHACHA_NONCE_WORDS],
                    uint8_t block[CHACHA_BLOCK_BYTES])
{
    uint32_t start[WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }, x[WORDS];
    memcpy(&start[4], key, CHACHA_KEY_WORDS * sizeof(uint32_t));
    start[12] = counter;
    memcpy(&start[13], nonce, CHACHA_NONCE_WORDS * sizeof(uint32_t));
    memcpy(x, start, sizeof x);
    for (int i = 0; i < DOUBLE_ROUNDS; i++)
        double_round(x);
    for (uint32_t i = 0; i < WORDS; i++) {
        uint32_t word = x[i] + start[i];
        for (uint32_t byte = 0; byte < sizeof word; byte++)
            block[i * sizeof word + byte] = (uint8_t)(word >> byte * 8);
    }
}
