// SPDX-License-Identifier: MIT
// bitmap.c: searches and runs in bit arrays, a word at a time.

#include <lib/bitmap.h>

#include <lib/string.h>

// `count` (1 … 64) ones from bit `first` of a word on; those beyond the word are cut.
static uint64_t word_mask(size_t first, size_t count)
{
    return (count >= 64 ? ~0ull : (1ull << count) - 1) << first;
}

// Index of the first bit in [from, bits) whose value is `wanted`, `bits` when there is none.
static size_t find_bit(const uint64_t *map, size_t bits, size_t from, bool wanted)
{
    if (from >= bits)
        return bits;
    uint64_t flip = wanted ? 0 : ~0ull;
    size_t word = from / 64;
    uint64_t left = (map[word] ^ flip) & (~0ull << (from % 64));
    while (!left) {
        if (++word >= BITMAP_WORDS(bits))
            return bits;
        left = map[word] ^ flip;
    }
    size_t bit = word * 64 + (size_t)__builtin_ctzll(left);
    return MIN(bit, bits);
}

size_t bitmap_find_clear(const uint64_t *map, size_t bits, size_t from)
{
    return find_bit(map, bits, from, false);
}

size_t bitmap_find_set(const uint64_t *map, size_t bits, size_t from)
{
    return find_bit(map, bits, from, true);
}

size_t bitmap_find_clear_run(const uint64_t *map, size_t bits, size_t from, size_t count, size_t alignment)
{
    for (;;) {
        size_t start = align_up(find_bit(map, bits, from, false), alignment);
        if (start >= bits || bits - start < count)
            return bits;
        size_t taken = find_bit(map, start + count, start, true);
        if (taken == start + count)
            return start;
        from = taken + 1;
    }
}

void bitmap_set_run(uint64_t *map, size_t first, size_t count)
{
    while (count) {
        size_t here = MIN(count, 64 - first % 64);
        map[first / 64] |= word_mask(first % 64, here);
        first += here;
        count -= here;
    }
}

void bitmap_clear_run(uint64_t *map, size_t first, size_t count)
{
    while (count) {
        size_t here = MIN(count, 64 - first % 64);
        map[first / 64] &= ~word_mask(first % 64, here);
        first += here;
        count -= here;
    }
}
