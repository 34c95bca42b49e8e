// SPDX-License-Identifier: MIT
// bit_tree.h: a set of numbers below a limit, with the next member at or above any number found in a few steps.
//
// Level 0 has a bit for every number. A bit of level n + 1 is set exactly if its word of level n has any bit set. 64 Gi numbers take six
// levels; setting and clearing touch one level, and another only when a word becomes or ceases to be empty.
#pragma once

#include <lib/types.h>

enum { BIT_TREE_LEVELS = 6 };

struct bit_tree {
    uint64_t *levels[BIT_TREE_LEVELS];
    uint32_t depth; // levels in use
    uint64_t limit; // members are below
};

// Words of memory that a tree for numbers below `limit` takes.
uint64_t bit_tree_words(uint64_t limit);

// An empty tree in `words`, which hold zeros. `limit` is at most 64 to the power of BIT_TREE_LEVELS.
void bit_tree_attach(struct bit_tree *tree, uint64_t *words, uint64_t limit);

// The least member that is at least `from`; `limit` when there is none.
uint64_t bit_tree_find(const struct bit_tree *tree, uint64_t from);

// The least number that is at least `from` and not a member; `limit` when there is none. A word for every 64 members passed.
uint64_t bit_tree_find_gap(const struct bit_tree *tree, uint64_t from);

// The first of `count` consecutive members that is a multiple of `alignment` (a power of two) and at least `from`, all of them below
// `end`; `end` when there is none, or none among the first `tries` places where members begin.
uint64_t bit_tree_find_run(const struct bit_tree *tree, uint64_t from, uint64_t end, uint64_t count, uint64_t alignment, uint64_t tries);

// Members [first, first + count).
void bit_tree_set_run(struct bit_tree *tree, uint64_t first, uint64_t count);
void bit_tree_clear_run(struct bit_tree *tree, uint64_t first, uint64_t count);

// The upper levels, after word `word` of level 0 has become non-empty, or empty.
void bit_tree_raise(struct bit_tree *tree, uint64_t word);
void bit_tree_lower(struct bit_tree *tree, uint64_t word);

static inline bool bit_tree_test(const struct bit_tree *tree, uint64_t number)
{
    return tree->levels[0][number / 64] >> number % 64 & 1;
}

static inline void bit_tree_set(struct bit_tree *tree, uint64_t number)
{
    uint64_t *word = &tree->levels[0][number / 64], before = *word;
    *word = before | 1ull << number % 64;
    if (!before)
        bit_tree_raise(tree, number / 64);
}

static inline void bit_tree_clear(struct bit_tree *tree, uint64_t number)
{
    uint64_t *word = &tree->levels[0][number / 64], after = *word & ~(1ull << number % 64);
    *word = after;
    if (!after)
        bit_tree_lower(tree, number / 64);
}
