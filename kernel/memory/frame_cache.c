// SPDX-License-Identifier: MIT
// frame_cache.c: the slow parts of the CPUs' stocks of single frames: refilling, making room, taking from each other, clearing ahead.
//
// A cache that cannot be locked is left out: whoever has it is in the middle of a few instructions, or was preempted there.

#include <lib/string.h>

#include "frame_parts.h"

enum { POOL_SHARE = 8, LOCK_TRIES = 1000 };

static inline uint32_t count_of(const _Atomic uint32_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static inline void count_set(_Atomic uint32_t *count, uint32_t value)
{
    atomic_store_explicit(count, value, memory_order_relaxed);
}

bool frame_cache_lock_patiently(struct frame_cache *cache)
{
    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        if (frame_cache_lock(cache))
            return true;
        arch_cpu_relax();
    }
    return false;
}

// Moves up to `room` frames out of a locked cache or its pool. Returns how many.
static uint32_t cache_empty(struct frame_cache *cache, uint32_t *numbers, uint32_t room)
{
    bool pool = !count_of(&cache->count);
    _Atomic uint32_t *count = pool ? &cache->zeroed_count : &cache->count;
    const uint32_t *from = pool ? cache->zeroed : cache->numbers;
    uint32_t moved = MIN(count_of(count), room), left = count_of(count) - moved;
    memcpy(numbers, from + left, moved * sizeof *numbers);
    count_set(count, left);
    return moved;
}

// From other CPUs. `cache`, if any, is locked already.
static uint32_t others_empty(struct frame_cache *cache, uint32_t *numbers, uint32_t room)
{
    for (uint32_t id = 0; id < cpu_count(); id++) {
        struct frame_cache *other = &cpu_by_id(id)->frames;
        if (other == cache || !(count_of(&other->count) + count_of(&other->zeroed_count)) || !frame_cache_lock_patiently(other))
            continue;
        uint32_t moved = cache_empty(other, numbers, room);
        other->supplied -= moved;
        frame_cache_unlock(other);
        if (moved)
            return moved;
    }
    return 0;
}

bool frame_cache_refill(struct frame_cache *cache, uint32_t flags)
{
    uint32_t got = frames_supply(cache->numbers, FRAME_CACHE_BATCH, flags);
    if (UNLIKELY(!got && frames_may_take_last(flags))) {
        uint32_t own = cache_empty(cache, cache->numbers, FRAME_CACHE_BATCH);
        got = own ? 0 : others_empty(cache, cache->numbers, 1); // one: others are short of them, too
        count_set(&cache->count, own);
    }
    if (got) {
        cache->supplied += got;
        count_set(&cache->count, got);
    }
    return count_of(&cache->count);
}

void frame_cache_make_room(struct frame_cache *cache)
{
    frames_return(cache->numbers, FRAME_CACHE_BATCH);
    cache->supplied -= FRAME_CACHE_BATCH;
    uint32_t left = count_of(&cache->count) - FRAME_CACHE_BATCH;
    memmove(cache->numbers, cache->numbers + FRAME_CACHE_BATCH, left * sizeof cache->numbers[0]);
    count_set(&cache->count, left);
}

bool frame_cache_steal(uint32_t *number)
{
    return others_empty(nullptr, number, 1);
}

void frame_caches_drain(void)
{
    for (uint32_t id = 0; id < cpu_count(); id++) {
        struct frame_cache *cache = &cpu_by_id(id)->frames;
        if (!frame_cache_lock_patiently(cache))
            continue;
        frames_return(cache->numbers, count_of(&cache->count));
        frames_return(cache->zeroed, count_of(&cache->zeroed_count));
        cache->supplied -= count_of(&cache->count) + count_of(&cache->zeroed_count);
        count_set(&cache->count, 0);
        count_set(&cache->zeroed_count, 0);
        frame_cache_unlock(cache);
    }
}

uint64_t frame_caches_count(void)
{
    uint64_t total = 0;
    for (uint32_t id = 0; id < cpu_count(); id++)
        total += count_of(&cpu_by_id(id)->frames.count) + count_of(&cpu_by_id(id)->frames.zeroed_count);
    return total;
}

// ---- clearing ahead ----

// The cache is locked. Says whether the pool has room for more.
static bool cache_clear_one(struct frame_cache *cache)
{
    uint32_t have = count_of(&cache->zeroed_count);
    if (have == FRAME_POOL_CAPACITY || (!count_of(&cache->count) && !frame_cache_refill(cache, FRAME_USER)))
        return false;
    uint32_t left = count_of(&cache->count) - 1, number = cache->numbers[left];
    memset(direct_map((phys_t){ number * PAGE_SIZE }), 0, PAGE_SIZE);
    cache->zeroed[have] = number;
    count_set(&cache->count, left);
    count_set(&cache->zeroed_count, have + 1);
    return have + 1 < FRAME_POOL_CAPACITY;
}

// Only while memory is plenty, so that the pools never stand against a request.
bool frames_idle(void)
{
    uint64_t total, free;
    frames_count(&total, &free);
    if (free < total / POOL_SHARE)
        return false;
    preempt_disable(); // or the frame would be missing from the figures while the idle thread waits
    struct frame_cache *cache = &cpu_local()->frames;
    bool more = frame_cache_lock(cache);
    if (more) {
        more = cache_clear_one(cache);
        frame_cache_unlock(cache);
    }
    preempt_enable();
    return more;
}
