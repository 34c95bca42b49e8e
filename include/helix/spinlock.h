// SPDX-License-Identifier: MIT
// spinlock.h: locks that spin, first come first served. One compare-and-exchange to take a free one, one store to let it go.
//
// Three forms: plain, for data that no interrupt handler touches: preemption is off until it is released; _irq, for data that one does:
// interrupts are off; _off, for code that runs with interrupts off anyway. Where interrupts are off nothing preempts, so only the plain form
// counts (preempt.h). A lock uses the plain form always, or one of the others. Ranks (lock_rank.h) order them.
//
// Waiters draw tickets and line up (spinlock_wait); while there are any, newcomers do not get past them.
#pragma once

#include <stdatomic.h>

#include <lib/attributes.h>
#include <lib/types.h>

#include <arch/cpu.h>

#include <helix/lock_rank.h>
#include <helix/preempt.h>

enum : uint32_t { SPINLOCK_TAKEN = 1, SPINLOCK_WAITER = 1 << 8 };

struct CAPABILITY("spinlock") spinlock {
    union {
        _Atomic uint32_t word; // SPINLOCK_TAKEN and how many wait
        _Atomic uint8_t taken; // its lowest byte, for the holder to clear
    };
    _Atomic uint16_t next, serving; // waiters' tickets: to draw, and whose turn it is
    enum lock_rank rank;
#if LOCK_CHECKS
    enum lock_form form; // the one it is taken in
#endif
};

#define SPINLOCK(rank_) { .rank = rank_ }

// Free.
static inline void spinlock_init(struct spinlock *lock, enum lock_rank rank)
{
    *lock = (struct spinlock){ .rank = rank };
}

// Takes one that was not free. Interrupts or preemption off.
ARCH_SLOW_PATH void spinlock_wait(struct spinlock *lock);

// What lock_check.h wants to know before a lock is taken, and before it is let go. A macro, so that the place is the caller's.
#if LOCK_CHECKS
#define spinlock_watch(lock_, form_, nested_) lock_check_spin(lock_, (lock_)->rank, &(lock_)->form, form_, nested_)
#define spinlock_unwatch(lock_)               lock_check_spin_end(lock_)
#else
#define spinlock_watch(lock_, form_, nested_) ((void)0)
#define spinlock_unwatch(lock_)               ((void)0)
#endif

static inline void spinlock_take(struct spinlock *lock)
{
    uint32_t free = 0;
    if (UNLIKELY(!atomic_compare_exchange_strong_explicit(&lock->word, &free, SPINLOCK_TAKEN, memory_order_acquire, memory_order_relaxed)))
        spinlock_wait(lock);
}

static inline void spinlock_let_go(struct spinlock *lock)
{
    spinlock_unwatch(lock);
    atomic_store_explicit(&lock->taken, 0, memory_order_release);
}

// Interrupts off. Not analysed inside, here and below: the analysis has no word for what makes these a lock.
NO_LOCK_ANALYSIS static inline void spinlock_acquire_off(struct spinlock *lock) ACQUIRES(lock)
{
    spinlock_watch(lock, LOCK_INTERRUPTS_OFF, false);
    spinlock_take(lock);
}

// Beside another of its rank, in an order that all who hold two of them keep.
NO_LOCK_ANALYSIS static inline void spinlock_acquire_off_nested(struct spinlock *lock) ACQUIRES(lock)
{
    spinlock_watch(lock, LOCK_INTERRUPTS_OFF, true);
    spinlock_take(lock);
}

NO_LOCK_ANALYSIS static inline void spinlock_release_off(struct spinlock *lock) RELEASES(lock)
{
    spinlock_let_go(lock);
}

NO_LOCK_ANALYSIS static inline void spinlock_acquire(struct spinlock *lock) ACQUIRES(lock)
{
    preempt_disable();
    spinlock_watch(lock, LOCK_PLAIN, false);
    spinlock_take(lock);
}

NO_LOCK_ANALYSIS static inline void spinlock_acquire_nested(struct spinlock *lock) ACQUIRES(lock)
{
    preempt_disable();
    spinlock_watch(lock, LOCK_PLAIN, true);
    spinlock_take(lock);
}

NO_LOCK_ANALYSIS static inline void spinlock_release(struct spinlock *lock) RELEASES(lock)
{
    spinlock_let_go(lock);
    preempt_enable();
}

// Returns whether interrupts were on: give it back to spinlock_release_irq.
NO_LOCK_ANALYSIS static inline bool spinlock_acquire_irq(struct spinlock *lock) ACQUIRES(lock)
{
    bool on = arch_interrupts_disable();
    spinlock_watch(lock, LOCK_INTERRUPTS_OFF, false);
    spinlock_take(lock);
    return on;
}

NO_LOCK_ANALYSIS static inline void spinlock_release_irq(struct spinlock *lock, bool on) RELEASES(lock)
{
    spinlock_let_go(lock);
    if (!on)
        return;
    arch_interrupts_enable();
    preempt_check();
}

// Releases a lock that another thread took (the scheduler hands a leaving thread's lock to the arriving one). Interrupts off. Outside
// the analysis, which knows one thread at a time.
NO_LOCK_ANALYSIS static inline void spinlock_hand_over(struct spinlock *lock)
{
    spinlock_let_go(lock);
}

// For assertions.
static inline bool spinlock_held(const struct spinlock *lock)
{
    return atomic_load_explicit(&lock->word, memory_order_relaxed) & SPINLOCK_TAKEN;
}
