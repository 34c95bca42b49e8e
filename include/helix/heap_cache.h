// SPDX-License-Identifier: MIT
// heap_cache.h: what each CPU keeps of the heap: for every class a magazine that objects are taken from and put back into.
//
// A magazine is 128 bytes, aligned to them, and holds up to fifteen pointers to free objects above a null pointer. `top` is its
// first unused slot, so that both ends show without a count: the slot below `top` is null when the magazine is empty, and `top`
// is a multiple of 128 when it is full. A CPU without a magazine has one that is empty and full at once.
#pragma once

#include <lib/types.h>

enum {
    HEAP_CLASSES = 8,
    HEAP_SMALLEST_SHIFT = 4, // 16 bytes
    HEAP_CLASS_LARGEST = 2048,
    MAGAZINE_SLOTS = 16,
    MAGAZINE_BYTES = MAGAZINE_SLOTS * 8,
};

// Touched by its own CPU only, preemption off; others may read it for statistics.
struct heap_cache {
    void **top;   // of the loaded magazine
    void **spare; // of another, which is full or empty most of the time
};

struct heap_cache_facts {
    uint64_t allocations; // from the cache
    uint64_t misaligned;  // address bits that an object of the class has clear
};

// Class c has row c + 1. Row 0 is of no class: always full, so that freeing what is no object of a class takes the slow path without
// a test of its own. Rows of both tables are 16 bytes, so that one offset, heap_code(), finds them.
struct heap_caches {
    struct heap_cache rows[HEAP_CLASSES + 1];
    struct heap_cache_facts facts[HEAP_CLASSES + 1];
};
static_assert(sizeof(struct heap_cache) == 16 && sizeof(struct heap_cache_facts) == 16);

// Before the CPU's first use of the heap.
void heap_caches_init(struct heap_caches *caches);

static inline size_t heap_class_size(unsigned class)
{
    return (size_t)1 << (class + HEAP_SMALLEST_SHIFT);
}

// The class whose objects hold `size` (1 … HEAP_CLASS_LARGEST) bytes.
static inline unsigned heap_class_for(size_t size)
{
    return 64 - HEAP_SMALLEST_SHIFT - (unsigned)__builtin_clzll((size - 1) | 15);
}

// A class in the form that struct frame and the fast paths use: the offset of its rows, in bytes. 0: no class.
static inline unsigned heap_code(unsigned class)
{
    return (class + 1) * 16;
}

static inline unsigned heap_class_of(size_t code)
{
    return (unsigned)(code / 16 - 1);
}
