// SPDX-License-Identifier: MIT
// frame_cache.h: a CPU's stock of single frames, part of struct cpu. Only frames.c and frame_cache.c look inside.
#pragma once

#include <stdatomic.h>

#include <lib/types.h>

enum { FRAME_CACHE_CAPACITY = 64, FRAME_CACHE_BATCH = 32, FRAME_POOL_CAPACITY = 64 };

// Whoever turned `busy` from false to true has the rest until he turns it back; nobody waits for it but who looks for the last frames.
// Usually that is the CPU itself. A thread that is moved to another CPU while it has the cache keeps it: preemption may stay on.
struct frame_cache {
    _Atomic bool busy;
    _Atomic uint32_t count;
    uint64_t frees;                         // frames put here by frame_free
    uint32_t numbers[FRAME_CACHE_CAPACITY]; // most recently freed last
    int64_t supplied;                       // frames from the policy less frames given to it; who takes from another's cache moves them
    _Atomic uint32_t zeroed_count;
    uint32_t zeroed[FRAME_POOL_CAPACITY]; // the pool: frames whose contents are zero
    uint64_t zeroed_hits, zeroed_misses;
};

static inline bool frame_cache_lock(struct frame_cache *cache)
{
    return !atomic_exchange_explicit(&cache->busy, true, memory_order_acquire);
}

static inline void frame_cache_unlock(struct frame_cache *cache)
{
    atomic_store_explicit(&cache->busy, false, memory_order_release);
}
