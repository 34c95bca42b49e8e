// SPDX-License-Identifier: MIT
// frame_cache.c: the slow parts of the per-CPU stock of frames: refilling, making room, counting.

#include "frame_cache.h"

#include <lib/string.h>

#include "memory.h"

struct frame_cache frame_caches[CPU_MAX];

bool frame_cache_refill(struct frame_cache *cache, uint32_t flags)
{
    cache->count = frames_refill(cache->numbers, CACHE_BATCH, flags);
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
    preempt_enable();
}

// Another CPU may change its cache meanwhile: its figures are then those of a moment ago, never garbage.
void frame_cache_count(uint64_t zone[ZONES], uint64_t *allocations, uint64_t *frees)
{
    for (uint32_t id = 0; id < cpu_count(); id++) {
        const struct frame_cache *cache = &frame_caches[id];
        uint32_t count = MIN(cache->count, (uint32_t)CACHE_CAPACITY);
        for (uint32_t i = 0; i < count; i++)
            zone[zone_of(cache->numbers[i])]++;
        *allocations += cache->allocations;
        *frees += cache->frees;
    }
}
