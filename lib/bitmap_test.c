// SPDX-License-Identifier: MIT
// bitmap_test.c: searches against a bit-by-bit count, at word edges.

#include <lib/bitmap.h>

#include <helix/test.h>

enum { BITS = 200 };

TEST(bitmap, sets_and_clears_runs_across_words)
{
    static const struct {
        size_t first, count;
    } runs[] = { { 0, 1 }, { 63, 2 }, { 0, 64 }, { 5, 130 }, { 128, 64 }, { 199, 1 } };
    for (size_t i = 0; i < ARRAY_LENGTH(runs); i++) {
        uint64_t map[BITMAP_WORDS(BITS)] = {};
        size_t wrong = 0;
        bitmap_set_run(map, runs[i].first, runs[i].count);
        for (size_t bit = 0; bit < BITS; bit++)
            wrong += bitmap_get(map, bit) != (bit >= runs[i].first && bit < runs[i].first + runs[i].count);
        CHECK_EQUAL(wrong, 0);
        bitmap_clear_run(map, runs[i].first, runs[i].count);
        CHECK_EQUAL(bitmap_find_set(map, BITS, 0), BITS);
    }
}

TEST(bitmap, finds_the_first_clear_bit_from_anywhere)
{
    uint64_t map[BITMAP_WORDS(BITS)] = {};
    bitmap_set_run(map, 0, 150);
    CHECK_EQUAL(bitmap_find_clear(map, BITS, 0), 150);
    CHECK_EQUAL(bitmap_find_clear(map, BITS, 170), 170);
    CHECK_EQUAL(bitmap_find_clear(map, 150, 0), 150);
    CHECK_EQUAL(bitmap_find_clear(map, BITS, BITS), BITS);
    bitmap_set_run(map, 150, 50);
    CHECK_EQUAL(bitmap_find_clear(map, BITS, 0), BITS);
    bitmap_clear(map, 64);
    CHECK_EQUAL(bitmap_find_clear(map, BITS, 0), 64);
    CHECK_EQUAL(bitmap_find_set(map, BITS, 64), 65);
}

TEST(bitmap, finds_runs_that_fit_and_are_aligned)
{
    uint64_t map[BITMAP_WORDS(BITS)] = {};
    bitmap_set(map, 10);
    bitmap_set(map, 70);
    CHECK_EQUAL(bitmap_find_clear_run(map, BITS, 0, 10, 1), 0);
    CHECK_EQUAL(bitmap_find_clear_run(map, BITS, 0, 11, 1), 11);
    CHECK_EQUAL(bitmap_find_clear_run(map, BITS, 0, 59, 1), 11);
    CHECK_EQUAL(bitmap_find_clear_run(map, BITS, 0, 60, 1), 71);
    CHECK_EQUAL(bitmap_find_clear_run(map, BITS, 0, 16, 16), 16);
    CHECK_EQUAL(bitmap_find_clear_run(map, BITS, 1, 64, 64), 128);
}

TEST(bitmap, refuses_a_run_that_is_nowhere)
{
    uint64_t map[BITMAP_WORDS(BITS)] = {};
    CHECK_EQUAL(bitmap_find_clear_run(map, BITS, 0, BITS + 1, 1), BITS);
    CHECK_EQUAL(bitmap_find_clear_run(map, BITS, 150, 51, 1), BITS);
    for (size_t bit = 0; bit < BITS; bit += 2)
        bitmap_set(map, bit);
    CHECK_EQUAL(bitmap_find_clear_run(map, BITS, 0, 2, 1), BITS);
    CHECK_EQUAL(bitmap_find_clear_run(map, BITS, 0, 1, 2), BITS);
}
