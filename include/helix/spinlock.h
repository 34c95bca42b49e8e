// SPDX-License-Identifier: MIT
// spinlock.h: ticket spinlocks. Taking one switches preemption off until it is released.
//
// Two forms: plain, for data that no interrupt handler touches; _irq, which also switches interrupts off, for data that one does.
// A lock uses one form always. Ranks (lock_rank.h) order them; the debug profile checks the order at run time.
#pragma once

#include <stdatomic.h>

#include <lib/attributes.h>
#include <lib/types.h>

#include <arch/cpu.h>

#include <helix/lock_rank.h>
#include <helix/preempt.h>

struct CAPABILITY("spinlock") spinlock {
    _Atomic uint16_t next;    // ticket to draw
    _Atomic uint16_t serving; // ticket that holds the lock
    enum lock_rank rank;
};

#define SPINLOCK(rank_) { .rank = rank_ }

// Free.
static inline void spinlock_init(struct spinlock *lock, enum lock_rank rank)
{
    *lock = (struct spinlock){ .rank = rank };
}

// Not analysed inside: the analysis has no word for what makes these a lock.
NO_LOCK_ANALYSIS static inline void spinlock_acquire(struct spinlock *lock) ACQUIRES(lock)
{
    preempt_disable();
    uint16_t ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
    while (UNLIKELY(atomic_load_explicit(&lock->serving, memory_order_acquire) != ticket))
        arch_cpu_relax();
}

NO_LOCK_ANALYSIS static inline void spinlock_release(struct spinlock *lock) RELEASES(lock)
{
    uint16_t serving = atomic_load_explicit(&lock->serving, memory_order_relaxed);
    atomic_store_explicit(&lock->serving, (uint16_t)(serving + 1), memory_order_release);
    preempt_enable();
}

// Returns whether interrupts were on: give it back to spinlock_release_irq.
NO_LOCK_ANALYSIS static inline bool spinlock_acquire_irq(struct spinlock *lock) ACQUIRES(lock)
{
    bool on = arch_interrupts_disable();
    spinlock_acquire(lock);
    return on;
}

NO_LOCK_ANALYSIS static inline void spinlock_release_irq(struct spinlock *lock, bool on) RELEASES(lock)
{
    uint16_t serving = atomic_load_explicit(&lock->serving, memory_order_relaxed);
    atomic_store_explicit(&lock->serving, (uint16_t)(serving + 1), memory_order_release);
    preempt_enable_no_check();
    arch_interrupts_restore(on);
    preempt_check();
}

// Releases a lock that another thread took (the scheduler hands a leaving thread's lock to the arriving one). Interrupts off; no
// preemption check. Outside the analysis, which knows one thread at a time.
NO_LOCK_ANALYSIS static inline void spinlock_hand_over(struct spinlock *lock)
{
    uint16_t serving = atomic_load_explicit(&lock->serving, memory_order_relaxed);
    atomic_store_explicit(&lock->serving, (uint16_t)(serving + 1), memory_order_release);
    preempt_enable_no_check();
}

// For assertions.
static inline bool spinlock_held(const struct spinlock *lock)
{
    return atomic_load_explicit(&lock->next, memory_order_relaxed) != atomic_load_explicit(&lock->serving, memory_order_relaxed);
}
