// SPDX-License-Identifier: MIT
// frame_cache.c: each CPU's stock of single frames, so that taking or giving one costs no lock.

#include "memory.h"

#include <lib/string.h>

#include <helix/cpu.h>
#include <helix/preempt.h>

enum { CACHE_CAPACITY = 64, CACHE_BATCH = 32 };

// Touched by its own CPU only, preemption off; others may read it for statistics.
struct [[gnu::aligned(64)]] frame_cache {
    uint32_t count;
    uint32_t numbers[CACHE_CAPACITY]; // most recently freed last
    uint64_t allocations, frees;
};

static struct frame_cache caches[CPU_MAX];

static struct frame_cache *cache_local(void)
{
    return &caches[cpu_local()->id];
}

bool frame_cache_take(uint32_t flags, uint64_t *number)
{
    preempt_disable();
    struct frame_cache *cache = cache_local();
    if (UNLIKELY(!cache->count))
        cache->count = frames_refill(cache->numbers, CACHE_BATCH, flags);
    bool taken = cache->count;
    if (LIKELY(taken)) {
        *number = cache->numbers[--cache->count];
        cache->allocations++;
    }
    preempt_enable();
    return taken;
}

void frame_cache_put(uint64_t number)
{
    preempt_disable();
    struct frame_cache *cache = cache_local();
    if (UNLIKELY(cache->count == CACHE_CAPACITY)) {
        frames_drain(cache->numbers, CACHE_BATCH); // the coldest
        cache->count -= CACHE_BATCH;
        memmove(cache->numbers, cache->numbers + CACHE_BATCH, cache->count * sizeof cache->numbers[0]);
    }
    cache->numbers[cache->count++] = (uint32_t)number;
    cache->frees++;
    preempt_enable();
}

void frame_cache_drain(void)
{
    preempt_disable();
    struct frame_cache *cache = cache_local();
    frames_drain(cache->numbers, cache->count);
    cache->count = 0;
    preempt_enable();
}

// Another CPU may change its cache meanwhile: its figures are then those of a moment ago, never garbage.
void frame_cache_count(uint64_t zone[ZONES], uint64_t *allocations, uint64_t *frees)
{
    for (uint32_t id = 0; id < cpu_count(); id++) {
        const struct frame_cache *cache = &caches[id];
        for (uint32_t i = 0; i < cache->count; i++)
            zone[zone_of(cache->numbers[i])]++;
        *allocations += cache->allocations;
        *frees += cache->frees;
    }
}
