// SPDX-License-Identifier: MIT
// frame_cache.h: each CPU's stock of single frames, so that taking or giving one costs no lock. Inline, since these are the
// shortest paths that memory has.
#pragma once

#include <lib/types.h>

#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/preempt.h>

enum { CACHE_CAPACITY = 64, CACHE_BATCH = 32, ZEROED_CAPACITY = 64 };

// Touched by its own CPU only, preemption off; others may read it for statistics.
struct [[gnu::aligned(64)]] frame_cache {
    uint32_t count;
    uint32_t numbers[CACHE_CAPACITY]; // most recently freed last
    uint64_t allocations, frees;
    uint32_t zeroed_count;
    uint32_t zeroed[ZEROED_CAPACITY]; // frames whose contents are zero
    uint64_t zeroed_hits, zeroed_misses;
};

extern struct frame_cache frame_caches[CPU_MAX];

// Makes the CPU's cache hold something, or take something. Preemption is off.
bool frame_cache_refill(struct frame_cache *cache, uint32_t flags);
void frame_cache_make_room(struct frame_cache *cache);

static inline struct frame_cache *frame_cache_local(void)
{
    return &frame_caches[cpu_local()->id];
}

// Takes one frame. False: there is none.
static inline bool frame_cache_take(uint32_t flags, uint32_t *number)
{
    preempt_disable();
    struct frame_cache *cache = frame_cache_local();
    if (UNLIKELY(!cache->count) && !frame_cache_refill(cache, flags)) {
        preempt_enable();
        return false;
    }
    *number = cache->numbers[--cache->count];
    cache->allocations++;
    preempt_enable();
    return true;
}

// Takes one frame that has been cleared ahead. False: the pool is empty.
static inline bool frame_cache_take_zeroed(uint32_t *number)
{
    preempt_disable();
    struct frame_cache *cache = frame_cache_local();
    bool hit = cache->zeroed_count;
    if (hit) {
        *number = cache->zeroed[--cache->zeroed_count];
        cache->zeroed_hits++;
        cache->allocations++;
    } else {
        cache->zeroed_misses++;
    }
    preempt_enable();
    return hit;
}

// Clears one frame of the cache for the pool. False: the pool is full, or there is no frame.
bool frame_cache_clear_one(void);

static inline void frame_cache_put(uint32_t number)
{
    preempt_disable();
    struct frame_cache *cache = frame_cache_local();
    if (UNLIKELY(cache->count == CACHE_CAPACITY))
        frame_cache_make_room(cache);
    cache->numbers[cache->count++] = number;
    cache->frees++;
    preempt_enable();
}

// Moves what this CPU's cache and pool hold to the policy.
void frame_cache_drain(void);

// Frames in all caches, counted into zone[]; allocations and frees so far.
void frame_cache_count(uint64_t zone[ZONES], uint64_t *allocations, uint64_t *frees);

// Frames in all pools; requests that found one there, and that did not.
void frame_cache_count_zeroed(uint64_t *free, uint64_t *hits, uint64_t *misses);

// Between cache and policy, in frames.c. Refill: how many of `count` single frames it got.
uint32_t frames_refill(uint32_t *numbers, uint32_t count, uint32_t flags);
void frames_drain(const uint32_t *numbers, uint32_t count);
