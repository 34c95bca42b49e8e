// SPDX-License-Identifier: MIT
// cache.c: the slow parts of the CPUs' stocks of single frames: refilling, making room, taking from each other, clearing ahead.
//
// A cache that cannot be locked is left out: whoever has it is in the middle of a few instructions, or was preempted there.

#include <lib/string.h>

#include "parts.h"

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
static uint32_t cache_empty(struct cpu *cpu, uint32_t *numbers, uint32_t room)
{
    uint32_t count = frame_cache_count(&cpu->frames), zeroed = count_of(&cpu->frame_pool.count);
    uint32_t moved = MIN(count ? count : zeroed, room);
    if (count) {
        memcpy(numbers, cpu->frames.numbers + count - moved, moved * sizeof *numbers);
        frame_cache_set(&cpu->frames, count - moved);
    } else {
        memcpy(numbers, cpu->frame_pool.numbers + zeroed - moved, moved * sizeof *numbers);
        count_set(&cpu->frame_pool.count, zeroed - moved);
    }
    return moved;
}

static uint32_t cache_look(struct cpu *cpu)
{
    return frame_cache_look(&cpu->frames) + count_of(&cpu->frame_pool.count);
}

// From other CPUs. The cache of `self`, if any, is locked already.
static uint32_t others_empty(struct cpu *self, uint32_t *numbers, uint32_t room)
{
    for (uint32_t id = 0; id < cpu_count(); id++) {
        struct cpu *other = cpu_by_id(id);
        if (other == self || !cache_look(other) || !frame_cache_lock_patiently(&other->frames))
            continue;
        uint32_t moved = cache_empty(other, numbers, room);
        other->frame_pool.supplied -= moved;
        frame_cache_unlock(&other->frames, frame_cache_count(&other->frames));
        if (moved)
            return moved;
    }
    return 0;
}

uint32_t frame_cache_refill(struct cpu *cpu, uint32_t flags)
{
    uint32_t *numbers = cpu->frames.numbers, own = 0;
    uint32_t got = frames_supply(numbers, FRAME_CACHE_BATCH, flags);
    if (UNLIKELY(!got && frames_may_take_last(flags))) {
        own = cache_empty(cpu, numbers, FRAME_CACHE_BATCH);
        got = own ? 0 : others_empty(cpu, numbers, 1); // one: others are short of them, too
    }
    cpu->frame_pool.supplied += got;
    frame_cache_set(&cpu->frames, own + got);
    return own + got;
}

uint32_t frame_cache_make_room(struct cpu *cpu)
{
    struct frame_cache *cache = &cpu->frames;
    frames_return(cache->numbers, FRAME_CACHE_BATCH);
    cpu->frame_pool.supplied -= FRAME_CACHE_BATCH;
    uint32_t left = frame_cache_count(cache) - FRAME_CACHE_BATCH;
    memmove(cache->numbers, cache->numbers + FRAME_CACHE_BATCH, left * sizeof cache->numbers[0]);
    frame_cache_set(cache, left);
    return left;
}

bool frame_cache_steal(uint32_t *number)
{
    return others_empty(nullptr, number, 1);
}

static void cache_drain(struct cpu *cpu)
{
    uint32_t count = frame_cache_count(&cpu->frames), zeroed = count_of(&cpu->frame_pool.count);
    frames_return(cpu->frames.numbers, count);
    frames_return(cpu->frame_pool.numbers, zeroed);
    cpu->frame_pool.supplied -= count + zeroed;
    count_set(&cpu->frame_pool.count, 0);
    frame_cache_unlock(&cpu->frames, 0);
}

void frame_caches_drain(void)
{
    for (uint32_t id = 0; id < cpu_count(); id++) {
        if (frame_cache_lock_patiently(&cpu_by_id(id)->frames))
            cache_drain(cpu_by_id(id));
    }
}

uint64_t frame_caches_count(void)
{
    uint64_t total = 0;
    for (uint32_t id = 0; id < cpu_count(); id++)
        total += cache_look(cpu_by_id(id));
    return total;
}

// ---- clearing ahead ----

// The cache is locked. Says whether the pool has room for more.
static bool cache_clear_one(struct cpu *cpu)
{
    uint32_t have = count_of(&cpu->frame_pool.count), count = frame_cache_count(&cpu->frames);
    if (have < FRAME_POOL_CAPACITY && !count)
        count = frame_cache_refill(cpu, FRAME_USER);
    if (have == FRAME_POOL_CAPACITY || !count)
        return false;
    uint32_t number = cpu->frames.numbers[count - 1];
    memset(direct_map((phys_t){ number * PAGE_SIZE }), 0, PAGE_SIZE);
    cpu->frame_pool.numbers[have] = number;
    frame_cache_set(&cpu->frames, count - 1);
    count_set(&cpu->frame_pool.count, have + 1);
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
    struct cpu *cpu = cpu_local();
    bool more = frame_cache_lock(&cpu->frames);
    if (more) {
        more = cache_clear_one(cpu);
        frame_cache_unlock(&cpu->frames, frame_cache_count(&cpu->frames));
    }
    preempt_enable();
    return more;
}
