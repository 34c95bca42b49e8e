// SPDX-License-Identifier: MIT
// frame_cache.c: the slow parts of the per-CPU stock of frames: refilling, making room, clearing ahead, counting.

#include "frame_cache.h"

#include <lib/string.h>

#include "memory.h"

struct frame_cache frame_caches[CPU_MAX];

static void pool_drain(struct frame_cache *cache)
{
    frames_drain(cache->zeroed, cache->zeroed_count);
    cache->zeroed_count = 0;
}

bool frame_cache_refill(struct frame_cache *cache, uint32_t flags)
{
    cache->count = frames_refill(cache->numbers, CACHE_BATCH, flags);
    if (UNLIKELY(!cache->count && cache->zeroed_count)) { // the pool may hold what is missing
        pool_drain(cache);
        cache->count = frames_refill(cache->numbers, CACHE_BATCH, flags);
    }
    return cache->count;
}

void frame_cache_make_room(struct frame_cache *cache)
{
    frames_drain(cache->numbers, CACHE_BATCH); // the coldest
    cache->count -= CACHE_BATCH;
    memmove(cache->numbers, cache->numbers + CACHE_BATCH, cache->count * sizeof cache->numbers[0]);
}

void frame_cache_drain(void)
{
    preempt_disable();
    struct frame_cache *cache = frame_cache_local();
    frames_drain(cache->numbers, cache->count);
    cache->count = 0;
    pool_drain(cache);
    preempt_enable();
}

bool frame_cache_clear_one(void)
{
    preempt_disable();
    struct frame_cache *cache = frame_cache_local();
    bool room = cache->zeroed_count < ZEROED_CAPACITY;
    if (room && (cache->count || frame_cache_refill(cache, FRAME_USER))) {
        uint32_t number = cache->numbers[--cache->count];
        memset(direct_map((phys_t){ (uint64_t)number * PAGE_SIZE }), 0, PAGE_SIZE);
        cache->zeroed[cache->zeroed_count++] = number;
        room = cache->zeroed_count < ZEROED_CAPACITY;
    } else {
        room = false;
    }
    preempt_enable();
    return room;
}

// Another CPU may change its cache meanwhile: its figures are then those of a moment ago, never garbage.
void frame_cache_count(uint64_t zone[ZONES], uint64_t *allocations, uint64_t *frees)
{
    for (uint32_t id = 0; id < cpu_count(); id++) {
        const struct frame_cache *cache = &frame_caches[id];
        uint32_t count = MIN(cache->count, (uint32_t)CACHE_CAPACITY);
        for (uint32_t i = 0; i < count; i++)
            zone[zone_of(cache->numbers[i])]++;
        count = MIN(cache->zeroed_count, (uint32_t)ZEROED_CAPACITY);
        for (uint32_t i = 0; i < count; i++)
            zone[zone_of(cache->zeroed[i])]++;
        *allocations += cache->allocations;
        *frees += cache->frees;
    }
}

void frame_cache_count_zeroed(uint64_t *free, uint64_t *hits, uint64_t *misses)
{
    *free = *hits = *misses = 0;
    for (uint32_t id = 0; id < cpu_count(); id++) {
        *free += MIN(frame_caches[id].zeroed_count, (uint32_t)ZEROED_CAPACITY);
        *hits += frame_caches[id].zeroed_hits;
        *misses += frame_caches[id].zeroed_misses;
    }
}
