// SPDX-License-Identifier: MIT
// statistics.c: how much memory there is, and who has it.

#include <helix/frames.h>

#include "parts.h"

static uint64_t value_of(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

void frames_count(uint64_t *total, uint64_t *free)
{
    frame_policy_enter();
    *free = frame_policy_free(frame_policy) + frame_caches_count();
    frame_policy_leave();
    *total = value_of(&frame_total);
}

bool frames_reused(void)
{
    return !frame_policy->never_reuses;
}

static void numbers_count(const uint32_t *numbers, uint32_t count, struct frame_statistics *statistics)
{
    for (uint32_t i = 0; i < count; i++)
        statistics->zone[frame_zone(numbers[i])].free++;
    statistics->cached += count;
}

// Not to be preempted while it has the cache, it gives up on one whose holder was: the figures may then be a frame off.
static void cache_count(struct cpu *cpu, struct frame_statistics *statistics)
{
    struct frame_cache *cache = &cpu->frames;
    struct frame_pool *pool = &cpu->frame_pool;
    preempt_disable();
    bool locked = frame_cache_lock_patiently(cache);
    uint32_t count = MIN(frame_cache_look(cache), (uint32_t)FRAME_CACHE_CAPACITY);
    uint32_t zeroed = MIN(atomic_load_explicit(&pool->count, memory_order_relaxed), (uint32_t)FRAME_POOL_CAPACITY);
    numbers_count(cache->numbers, count, statistics);
    numbers_count(pool->numbers, zeroed, statistics);
    statistics->frees += cache->frees;
    statistics->allocations += cache->frees + (uint64_t)(pool->supplied - count - zeroed);
    statistics->zeroed_free += zeroed;
    statistics->zeroed_hits += pool->hits;
    statistics->zeroed_misses += pool->misses;
    if (locked)
        frame_cache_unlock(cache, count);
    preempt_enable();
}

void frames_statistics(struct frame_statistics *statistics)
{
    *statistics = (struct frame_statistics){
        .allocations = value_of(&frame_counters.allocations),
        .frees = value_of(&frame_counters.frees),
        .failures = value_of(&frame_counters.failures),
        .lost = value_of(&frame_counters.lost),
    };
    for (uint32_t id = 0; id < cpu_count(); id++)
        cache_count(cpu_by_id(id), statistics);
    frame_policy_enter();
    for (unsigned zone = 0; zone < ZONES; zone++) {
        statistics->zone[zone].total = atomic_load_explicit(&frame_zone_total[zone], memory_order_relaxed);
        statistics->zone[zone].free += zone <= ZONE_NORMAL ? *frame_policy->free[zone] : 0;
        statistics->total += statistics->zone[zone].total;
        statistics->free += statistics->zone[zone].free;
    }
    frame_policy_leave();
}

void frames_runs(struct frame_runs *runs)
{
    *runs = (struct frame_runs){ .policy = frame_policy->name };
    frame_policy_enter();
    frame_policy->count_runs(runs);
    frame_policy_leave();
}
