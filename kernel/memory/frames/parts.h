// SPDX-License-Identifier: MIT
// parts.h: what the files of the frame allocator share: frames.c, cache.c, database.c, statistics.c.
#pragma once

#include <helix/cpu.h>
#include <helix/frame_policy.h>
#include <helix/spinlock.h>

extern const struct frame_policy *frame_policy; // [const] after frames_init
extern struct spinlock frames_lock;             // RANK_FRAMES

// Around the policy's functions: the frames lock, or only preemption off when the policy needs none.
NO_LOCK_ANALYSIS static inline void frame_policy_enter(void)
{
    if (frame_policy->concurrent)
        preempt_disable();
    else
        spinlock_acquire(&frames_lock);
}

NO_LOCK_ANALYSIS static inline void frame_policy_leave(void)
{
    if (frame_policy->concurrent)
        preempt_enable();
    else
        spinlock_release(&frames_lock);
}

// ---- database.c ----

extern _Atomic uint64_t frame_zone_total[ZONES]; // frames ever added
extern _Atomic uint64_t frame_total;             // their sum
extern _Atomic uint64_t frame_reserve;           // frames that are the kernel's alone

// Makes the struct frames of what the policy just handed out say so: free, in a known block.
void frame_block_open(uint64_t block);

static inline void frame_database_ready(uint64_t number)
{
    uint64_t block = number / FRAME_BLOCK;
    if (UNLIKELY(atomic_load_explicit(&frame_map.blocks[block], memory_order_acquire) != BLOCK_READY))
        frame_block_open(block);
}

// ---- frames.c ----

// Counts of what went past the caches, and of what was refused.
struct frame_counters {
    _Atomic uint64_t allocations, frees, failures, lost;
};
extern struct frame_counters frame_counters;

// Whether a request may have what caches still hold: programs (FRAME_USER) not below the reserve.
bool frames_may_take_last(uint32_t flags);

// Up to `count` single frames from the policy; how many. Near the reserve only one, and none with FRAME_USER.
uint32_t frames_supply(uint32_t *numbers, uint32_t count, uint32_t flags);

// Single free frames back to the policy.
void frames_return(const uint32_t *numbers, uint32_t count);

// ---- cache.c ----

// Tries for some microseconds. False: whoever has the cache does not run.
bool frame_cache_lock_patiently(struct frame_cache *cache);

// The cache is locked and empty. Fills it from the policy, its own pool, or other CPUs' caches, in this order. How many it has then.
uint32_t frame_cache_refill(struct cpu *cpu, uint32_t flags);

// The cache is locked and full. The coldest go back to the policy. How many are left.
uint32_t frame_cache_make_room(struct cpu *cpu);

// One frame out of any cache or pool. For when the policy has none and the CPU's own cache is somebody's. False: there is none.
bool frame_cache_steal(uint32_t *number);

// Everything in all caches and pools goes back to the policy.
void frame_caches_drain(void);

// Frames in all caches and pools.
uint64_t frame_caches_count(void);
