// SPDX-License-Identifier: MIT
// bitmap.h: bit arrays in 64-bit words. Not locked.
#pragma once

#include <lib/types.h>

#define BITMAP_WORDS(bits_) (((bits_) + 63) / 64)

// One bit; the caller knows that the map has it.
static inline bool bitmap_get(const uint64_t *map, size_t bit)
{
    return map[bit / 64] >> (bit % 64) & 1;
}

static inline void bitmap_set(uint64_t *map, size_t bit)
{
    map[bit / 64] |= 1ull << (bit % 64);
}

static inline void bitmap_clear(uint64_t *map, size_t bit)
{
    map[bit / 64] &= ~(1ull << (bit % 64));
}

// Index of the first clear bit in [from, bits), `bits` when all are set.
size_t bitmap_find_clear(const uint64_t *map, size_t bits, size_t from);

// Index of the first set bit in [from, bits), `bits` when there is none.
size_t bitmap_find_set(const uint64_t *map, size_t bits, size_t from);

// First of `count` consecutive clear bits whose start is a multiple of `alignment` in [from, bits); `bits` when there is none.
size_t bitmap_find_clear_run(const uint64_t *map, size_t bits, size_t from, size_t count, size_t alignment);

// Bits [first, first + count).
void bitmap_set_run(uint64_t *map, size_t first, size_t count);
void bitmap_clear_run(uint64_t *map, size_t first, size_t count);
