// SPDX-License-Identifier: MIT
// frame_cache.h: a CPU's stock of single frames, part of struct cpu. Only frames.c and frame_cache.c look inside.
#pragma once

#include <stdatomic.h>

#include <lib/types.h>

enum { FRAME_CACHE_CAPACITY = 64, FRAME_CACHE_BATCH = 32, FRAME_POOL_CAPACITY = 64 };

// Whoever sets FRAME_CACHE_BUSY in `stock` has the rest until he takes it out again; nobody waits for it but who looks for the last
// frames. Usually that is the CPU itself. A thread that is moved to another CPU while it has the cache keeps it: preemption may stay on.
enum : uint32_t { FRAME_CACHE_BUSY = 1 << 8 };
static_assert(FRAME_CACHE_CAPACITY < FRAME_CACHE_BUSY);

struct frame_cache {
    _Atomic uint32_t stock;                 // how many `numbers` there are, and FRAME_CACHE_BUSY
    uint64_t frees;                         // frames put here by frame_free
    uint32_t numbers[FRAME_CACHE_CAPACITY]; // most recently freed last
};

// Frames whose contents are zero. The cache's lock guards them.
struct frame_pool {
    _Atomic uint32_t count;
    uint32_t numbers[FRAME_POOL_CAPACITY];
    uint64_t hits, misses;
    int64_t supplied; // frames in cache and pool from the policy less frames given to it; who takes another's frames moves them
};

static inline bool frame_cache_lock(struct frame_cache *cache)
{
    return !(atomic_fetch_or_explicit(&cache->stock, FRAME_CACHE_BUSY, memory_order_acquire) & FRAME_CACHE_BUSY);
}

// The cache is locked, and has `count` numbers now.
static inline void frame_cache_unlock(struct frame_cache *cache, uint32_t count)
{
    atomic_store_explicit(&cache->stock, count, memory_order_release);
}

// For who has it locked.
static inline uint32_t frame_cache_count(const struct frame_cache *cache)
{
    return atomic_load_explicit(&cache->stock, memory_order_relaxed) - FRAME_CACHE_BUSY;
}

static inline void frame_cache_set(struct frame_cache *cache, uint32_t count)
{
    atomic_store_explicit(&cache->stock, count + FRAME_CACHE_BUSY, memory_order_relaxed);
}

// For who has not: true a moment ago.
static inline uint32_t frame_cache_look(const struct frame_cache *cache)
{
    return atomic_load_explicit(&cache->stock, memory_order_relaxed) & ~FRAME_CACHE_BUSY;
}
