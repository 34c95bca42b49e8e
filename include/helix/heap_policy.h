// SPDX-License-Identifier: MIT
// heap_policy.h: what a kernel heap is, for those who write one. Everybody else includes heap.h.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <helix/heap.h>

enum { HEAP_POLICY_ABI = 1 };

struct heap_policy {
    const char *name;
    enum status (*attach)(void);    // frames work
    void *(*allocate)(size_t size); // size > 0
    void (*release)(void *block);
    size_t (*usable_size)(const void *block);
    void (*trim)(void); // gives back what this CPU's caches and empty slabs hold
    void (*statistics)(struct heap_statistics *statistics);
};
