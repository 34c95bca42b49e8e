// SPDX-License-Identifier: MIT
// bit_tree.c: the levels of a bit tree above the lowest.

#include <lib/bit_tree.h>

#include <lib/bitmap.h>

uint64_t bit_tree_words(uint64_t limit)
{
    uint64_t total = 0, words = limit;
    do {
        words = BITMAP_WORDS(words);
        total += words;
    } while (words > 1);
    return total;
}

void bit_tree_attach(struct bit_tree *tree, uint64_t *words, uint64_t limit)
{
    uint64_t count = limit;
    *tree = (struct bit_tree){ .limit = limit };
    do {
        count = BITMAP_WORDS(count);
        tree->levels[tree->depth++] = words;
        words += count;
    } while (count > 1);
}

void bit_tree_raise(struct bit_tree *tree, uint64_t word)
{
    for (uint32_t level = 1; level < tree->depth; level++) {
        uint64_t *above = &tree->levels[level][word / 64], before = *above;
        *above = before | 1ull << word % 64;
        if (before)
            return;
        word /= 64;
    }
}

void bit_tree_lower(struct bit_tree *tree, uint64_t word)
{
    for (uint32_t level = 1; level < tree->depth; level++) {
        uint64_t *above = &tree->levels[level][word / 64], after = *above & ~(1ull << word % 64);
        *above = after;
        if (after)
            return;
        word /= 64;
    }
}

uint64_t bit_tree_find(const struct bit_tree *tree, uint64_t from)
{
    uint64_t words = tree->limit;
    for (uint32_t level = 0; level < tree->depth; level++) {
        words = BITMAP_WORDS(words);
        if (from / 64 >= words)
            break;
        uint64_t left = tree->levels[level][from / 64] & ~0ull << from % 64;
        if (left) {
            uint64_t found = align_down(from, 64) + (uint64_t)__builtin_ctzll(left);
            while (level--)
                found = found * 64 + (uint64_t)__builtin_ctzll(tree->levels[level][found]);
            return found;
        }
        from = from / 64 + 1;
    }
    return tree->limit;
}

uint64_t bit_tree_find_gap(const struct bit_tree *tree, uint64_t from)
{
    return bitmap_find_clear(tree->levels[0], tree->limit, from);
}

uint64_t bit_tree_find_run(const struct bit_tree *tree, uint64_t from, uint64_t end, uint64_t count, uint64_t alignment, uint64_t tries)
{
    while (tries--) {
        uint64_t start = align_up(bit_tree_find(tree, from), alignment);
        if (start >= end || end - start < count)
            return end;
        uint64_t gap = bitmap_find_clear(tree->levels[0], start + count, start);
        if (gap == start + count)
            return start;
        from = gap + 1;
    }
    return end;
}

void bit_tree_set_run(struct bit_tree *tree, uint64_t first, uint64_t count)
{
    while (count) {
        uint64_t here = MIN(count, 64 - first % 64);
        uint64_t *word = &tree->levels[0][first / 64], before = *word;
        bitmap_set_run(word, first % 64, here);
        if (!before)
            bit_tree_raise(tree, first / 64);
        first += here;
        count -= here;
    }
}

void bit_tree_clear_run(struct bit_tree *tree, uint64_t first, uint64_t count)
{
    while (count) {
        uint64_t here = MIN(count, 64 - first % 64);
        uint64_t *word = &tree->levels[0][first / 64];
        bitmap_clear_run(word, first % 64, here);
        if (!*word)
            bit_tree_lower(tree, first / 64);
        first += here;
        count -= here;
    }
}
