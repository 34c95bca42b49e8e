// SPDX-License-Identifier: MIT
// slab.h: between the magazines (magazine.c) and the slabs behind them (slab.c).
#pragma once

#include <lib/types.h>

#include <helix/frames.h>

enum { SLAB_CLASSES = 8, SLAB_SMALLEST_SHIFT = 4, SLAB_LARGEST = 2048 };

// The class whose objects hold `size` (1 … SLAB_LARGEST) bytes: 16, 32, … 2,048.
static inline unsigned slab_class_for(size_t size)
{
    return size <= 16 ? 0 : 64 - (unsigned)__builtin_clzll(size - 1) - SLAB_SMALLEST_SHIFT;
}

static inline size_t slab_object_size(unsigned class)
{
    return (size_t)1 << (class + SLAB_SMALLEST_SHIFT);
}

// An object that nobody has: its first word links it to the next in its slab, its second is a mark that only the heap knows.
struct free_object {
    uint64_t next; // index in the slab, plus one; 0: the last
    uint64_t mark;
};

// The mark of the object at that address; found at a release, it means a double free.
extern uint64_t slab_secret; // [const] after attach

static inline uint64_t slab_mark(const void *object)
{
    return slab_secret ^ (uint64_t)(uintptr_t)object;
}

// Fills `objects` with up to `count` objects of the class; how many.
uint32_t slab_take(unsigned class, void **objects, uint32_t count);
// Returns objects, whose marks are set, to their slabs.
void slab_give(unsigned class, void **objects, uint32_t count);

// ---- magazine.c ----
void *magazine_alloc(unsigned class);
void magazine_free(unsigned class, void *object);
void magazines_drain(void);

// Adds the objects that lie in magazines to waiting[], and what was done so far.
void magazines_count(uint64_t waiting[SLAB_CLASSES], uint64_t *allocations, uint64_t *frees);
