// SPDX-License-Identifier: MIT
// heap.h: kernel memory by the byte.
//
// Before frames exist: a static bump heap (the profile's heap_size_kb, 4 MiB) that never frees. heap_init() replaces it by the
// profile's policy (slab: eight classes of 16 … 2,048 bytes; larger requests are whole frames) and retires it: heap_free() of a boot
// block is then a no-op, and the untouched rest of the bump heap becomes frames.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

// `size` bytes aligned to 16 (to the page for sizes from 4 KiB on); contents undefined. nullptr: no memory.
// Thread context, or preemption off; not interrupt handlers.
void *heap_alloc(size_t size);

// As heap_alloc, zeroed; nullptr also when count * size overflows.
void *heap_alloc_zeroed(size_t count, size_t size);

// Keeps the first min(old, new) bytes. nullptr: no memory, the old block is unchanged.
void *heap_resize(void *block, size_t size);

// nullptr is fine. A double free or a foreign pointer is a broken invariant: panic.
void heap_free(void *block);

// A copy of `text` on the heap; nullptr: no memory.
char *heap_copy_string(const char *text);

// STATUS_NOT_FOUND, STATUS_UNSUPPORTED: slot_fill() refused the profile's module; what the module's attach returned.
enum status heap_init(void);

// Gives back what this CPU's caches and empty slabs hold. The statistics are tightest after it.
void heap_trim(void);

struct heap_statistics {
    const char *policy;
    uint64_t boot_size, boot_used; // bytes of the bump heap
    bool boot_retired;
    uint64_t allocations, frees, failures;
    uint64_t used; // bytes in blocks handed out, rounded to their class
    uint64_t held; // bytes of frames the heap holds, used or not
    struct {
        uint32_t size;           // of the class; 0: no such class
        uint64_t used, capacity; // objects
    } classes[8];
    uint64_t large_blocks;
};
// A picture of this moment. Thread context.
void heap_statistics(struct heap_statistics *statistics);
