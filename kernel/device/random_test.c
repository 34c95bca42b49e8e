// SPDX-License-Identifier: MIT
// random_test.c: the ChaCha20 block function against RFC 8439, and what the generator promises.
#include <helix/random.h>

#include <lib/string.h>

#include <helix/test.h>

#include "chacha.h"

TEST(random, computes_the_block_of_rfc_8439)
{
    uint32_t key[CHACHA_KEY_WORDS];
    const uint32_t nonce[CHACHA_NONCE_WORDS] = { 0x09000000, 0x4a000000, 0 };
    static const uint8_t wanted[CHACHA_BLOCK_BYTES] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0,
        0x68, 0x03, 0x04, 0x22, 0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa, 0x09, 0x14, 0xc2, 0xd7, 0x05,
        0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
    };
    uint8_t block[CHACHA_BLOCK_BYTES];
    for (uint32_t i = 0; i < CHACHA_KEY_WORDS; i++)
        key[i] = 0x03020100 + i * 0x04040404;
    chacha20_block(key, 1, nonce, block);
    CHECK(memcmp(block, wanted, sizeof wanted) == 0);
    chacha20_block(key, 2, nonce, block);
    CHECK(memcmp(block, wanted, sizeof wanted) != 0);
}

TEST(random, never_repeats_itself_and_fills_every_size)
{
    enum { SIZE = 300, GUARD = 0x5a };
    uint8_t first[SIZE + 1] = {}, second[SIZE + 1] = {};
    for (size_t size = 0; size <= SIZE; size += 17) {
        first[size] = second[size] = GUARD;
        random_bytes(first, size);
        random_bytes(second, size);
        CHECK(first[size] == GUARD && second[size] == GUARD);
        if (size >= 16)
            CHECK(memcmp(first, second, size) != 0);
    }
}

TEST(random, hands_no_byte_out_twice)
{
    enum { PIECES = 64, PIECE = 20 }; // many times the pool, whose size no piece divides
    static uint8_t pieces[PIECES][PIECE];
    size_t twice = 0, empty = 0;
    static const uint8_t zeros[PIECE];
    for (size_t i = 0; i < PIECES; i++) {
        random_bytes(pieces[i], PIECE);
        empty += memcmp(pieces[i], zeros, PIECE) == 0;
        for (size_t j = 0; j < i; j++)
            twice += memcmp(pieces[i], pieces[j], PIECE) == 0;
    }
    CHECK_EQUAL(twice, 0);
    CHECK_EQUAL(empty, 0);
}

TEST(random, goes_on_after_bytes_of_a_strangers_choice)
{
    uint8_t zeros[100] = {}, first[32], second[32];
    random_bytes(first, sizeof first);
    random_add(zeros, sizeof zeros);
    random_add(zeros, 0);
    random_bytes(second, sizeof second);
    CHECK(memcmp(first, second, sizeof first) != 0);
}
