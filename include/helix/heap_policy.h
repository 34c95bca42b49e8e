// SPDX-License-Identifier: MIT
// heap_policy.h: what a kernel heap is, for those who write one. Everybody else includes heap.h.
//
// Above every policy stand each CPU's magazines (kernel/memory/heap/cache.c). They take and give objects of the eight classes in
// batches, so a policy's own paths may hold a lock.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <helix/heap.h>
#include <helix/heap_cache.h>

enum { HEAP_POLICY_ABI = 2 };

struct heap_policy {
    const char *name;
    enum status (*attach)(void); // frames work

    // Preemption may be off. Must not sleep.

    // Fills `objects` with up to `count` objects of the class, each aligned to its size; how many. 0: no memory. The struct frame of
    // every object says FRAME_SLAB and heap_class = heap_code(class) as long as one of its objects is out.
    uint32_t (*take)(unsigned class, void **objects, uint32_t count);
    void (*give)(unsigned class, void **objects, uint32_t count);
    // Blocks larger than HEAP_CLASS_LARGEST; their frames have heap_class 0. nullptr: no memory.
    void *(*allocate)(size_t size, bool zeroed);
    void (*release)(void *block); // panics when it is no such block
    // Makes such a block hold `size` bytes where it is. False: it cannot, and nothing changed.
    bool (*resize)(void *block, size_t size);
    size_t (*usable_size)(const void *block); // of an object or a block; panics when it is neither

    // Thread context, preemption on.
    void (*trim)(void); // gives empty slabs back
    // Adds to `statistics`: what is out counts as used, the objects in magazines included.
    void (*statistics)(struct heap_statistics *statistics);
};
