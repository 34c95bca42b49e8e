// SPDX-License-Identifier: MIT
// bit_tree_test.c: the tree against a plain bit array, at every depth.

#include <lib/bit_tree.h>

#include <lib/bitmap.h>
#include <lib/string.h>

#include <helix/test.h>

enum { NUMBERS = 64 * 64 * 3 + 17, WORDS = NUMBERS / 64 + NUMBERS / 4096 + 8 };

static uint64_t words[WORDS];
static uint64_t plain[BITMAP_WORDS(NUMBERS)];

TEST(bit_tree, takes_one_word_for_each_64_of_the_level_below)
{
    CHECK_EQUAL(bit_tree_words(1), 1);
    CHECK_EQUAL(bit_tree_words(64), 1);
    CHECK_EQUAL(bit_tree_words(65), 2 + 1);
    CHECK_EQUAL(bit_tree_words(4097), 65 + 2 + 1);
}

TEST(bit_tree, finds_what_a_plain_array_finds)
{
    static const uint64_t limits[] = { 1, 64, 65, 4096, 4097, NUMBERS };
    uint32_t seed = 5;
    uint64_t wrong = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
        uint64_t limit = limits[i];
        struct bit_tree tree;
        memset(words, 0, sizeof words);
        memset(plain, 0, sizeof plain);
        CHECK(bit_tree_words(limit) <= WORDS);
        bit_tree_attach(&tree, words, limit);
        wrong += bit_tree_find(&tree, 0) != limit;
        for (int step = 0; step < 4000; step++) {
            seed = seed * 1'664'525 + 1'013'904'223;
            uint64_t first = (seed >> 9) % limit, count = 1 + (seed >> 5) % (step % 16 ? 2 : 300);
            count = MIN(count, limit - first);
            if (count == 1) {
                bool member = seed & 1 << 30;
                member ? bit_tree_set(&tree, first) : bit_tree_clear(&tree, first);
                member ? bitmap_set(plain, first) : bitmap_clear(plain, first);
            } else if (seed & 1 << 30) {
                bit_tree_set_run(&tree, first, count);
                bitmap_set_run(plain, first, count);
            } else {
                bit_tree_clear_run(&tree, first, count);
                bitmap_clear_run(plain, first, count);
            }
            uint64_t from = (seed >> 3) % (limit + 1);
            wrong += bit_tree_find(&tree, from) != bitmap_find_set(plain, limit, from);
            wrong += bit_tree_find_gap(&tree, from) != bitmap_find_clear(plain, limit, from);
            wrong += bit_tree_test(&tree, first) != bitmap_get(plain, first);
        }
    }
    CHECK_EQUAL(wrong, 0);
}

TEST(bit_tree, finds_runs_where_they_fit)
{
    struct bit_tree tree;
    memset(words, 0, sizeof words);
    bit_tree_attach(&tree, words, 4097);
    CHECK_EQUAL(bit_tree_find_run(&tree, 0, 4097, 1, 1, UINT64_MAX), 4097);
    bit_tree_set_run(&tree, 10, 5);
    bit_tree_set_run(&tree, 60, 70);
    bit_tree_set_run(&tree, 4000, 97);
    CHECK_EQUAL(bit_tree_find_run(&tree, 0, 4097, 5, 1, UINT64_MAX), 10);
    CHECK_EQUAL(bit_tree_find_run(&tree, 11, 4097, 5, 1, UINT64_MAX), 60);
    CHECK_EQUAL(bit_tree_find_run(&tree, 0, 4097, 4, 4, UINT64_MAX), 60);
    CHECK_EQUAL(bit_tree_find_run(&tree, 0, 4097, 64, 64, UINT64_MAX), 64);
    CHECK_EQUAL(bit_tree_find_run(&tree, 0, 4097, 71, 1, UINT64_MAX), 4000);
    CHECK_EQUAL(bit_tree_find_run(&tree, 0, 4097, 71, 1, 2), 4097); // the third place would do
    CHECK_EQUAL(bit_tree_find_run(&tree, 0, 4097, 98, 1, UINT64_MAX), 4097);
    CHECK_EQUAL(bit_tree_find_run(&tree, 0, 4050, 60, 1, UINT64_MAX), 60);
    CHECK_EQUAL(bit_tree_find_run(&tree, 130, 4050, 60, 1, UINT64_MAX), 4050);
}
