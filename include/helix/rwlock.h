// SPDX-License-Identifier: MIT
// rwlock.h: a lock that sleeps and that many readers share or one writer holds alone. Thread context only; may be held across sleeps.
//
// Free or shared without a waiter it costs one atomic instruction to take and one to give back. Otherwise waiters are served in the
// order in which they came: a reader that comes while a writer waits stands behind it, so that no stream of readers keeps a writer out, and
// readers that stand together are let in together. A lock is handed over, never left free for others to snatch: nobody starves.
// A thread that has it must not take it again, not even shared (a writer may have come to stand in between).
#pragma once

#include <stdatomic.h>

#include <lib/attributes.h>
#include <lib/list.h>

#include <helix/spinlock.h>

enum : uint32_t {
    RWLOCK_WRITER = 1 << 0,
    RWLOCK_WAITERS = 1 << 1, // somebody stands in the queue: whoever comes now, too; whoever leaves looks there
    RWLOCK_READER = 1 << 2,  // one reader; the bits from here on count them
};

struct CAPABILITY("rwlock") rwlock {
    _Atomic uint32_t state;
    enum lock_rank rank;
    struct spinlock queue_lock; // RANK_WAIT_QUEUE; RWLOCK_WAITERS changes under it only
    struct list_node waiters;   // oldest first
};

// Free, nobody waits.
void rwlock_init(struct rwlock *lock, enum lock_rank rank);

// What the inline functions below call when there is more to do than to change the state.
void rwlock_wait(struct rwlock *lock, bool exclusive); // returns when the lock has been handed to the running thread
void rwlock_hand_on(struct rwlock *lock);              // lets in whoever is next, when they can be let in

// What the functions below are made of.
static inline bool rwlock_take(struct rwlock *lock)
{
    uint32_t free = 0;
    return atomic_compare_exchange_strong_explicit(&lock->state, &free, RWLOCK_WRITER, memory_order_acquire, memory_order_relaxed);
}

static inline void rwlock_leave_shared(struct rwlock *lock)
{
    if (UNLIKELY(atomic_fetch_sub_explicit(&lock->state, RWLOCK_READER, memory_order_acq_rel) == (RWLOCK_READER | RWLOCK_WAITERS)))
        rwlock_hand_on(lock);
}

// A reader that finds it may not enter takes its count back, and hands on what it held up in between.
static inline bool rwlock_take_shared(struct rwlock *lock)
{
    uint32_t before = atomic_fetch_add_explicit(&lock->state, RWLOCK_READER, memory_order_acquire);
    if (LIKELY(!(before & (RWLOCK_WRITER | RWLOCK_WAITERS))))
        return true;
    rwlock_leave_shared(lock);
    return false;
}

// Uninterruptible. Not analysed inside: the analysis has no word for what makes these a lock.
NO_LOCK_ANALYSIS static inline void rwlock_acquire(struct rwlock *lock) ACQUIRES(lock)
{
    lock_check_sleeping(lock, lock->rank, LOCK_ALONE);
    if (UNLIKELY(!rwlock_take(lock)))
        rwlock_wait(lock, true);
}

NO_LOCK_ANALYSIS static inline void rwlock_release(struct rwlock *lock) RELEASES(lock)
{
    lock_check_sleeping_end(lock);
    if (UNLIKELY(atomic_fetch_sub_explicit(&lock->state, RWLOCK_WRITER, memory_order_acq_rel) & RWLOCK_WAITERS))
        rwlock_hand_on(lock);
}

NO_LOCK_ANALYSIS static inline void rwlock_release_shared(struct rwlock *lock) RELEASES_SHARED(lock)
{
    lock_check_sleeping_end(lock);
    rwlock_leave_shared(lock);
}

NO_LOCK_ANALYSIS static inline bool rwlock_try_acquire_shared(struct rwlock *lock) TRY_ACQUIRES_SHARED(true, lock)
{
    if (!rwlock_take_shared(lock))
        return false;
    lock_check_sleeping(lock, lock->rank, LOCK_TRIED);
    return true;
}

NO_LOCK_ANALYSIS static inline void rwlock_acquire_shared(struct rwlock *lock) ACQUIRES_SHARED(lock)
{
    lock_check_sleeping(lock, lock->rank, LOCK_ALONE);
    if (UNLIKELY(!rwlock_take_shared(lock)))
        rwlock_wait(lock, false);
}

NO_LOCK_ANALYSIS static inline bool rwlock_try_acquire(struct rwlock *lock) TRY_ACQUIRES(true, lock)
{
    if (!rwlock_take(lock))
        return false;
    lock_check_sleeping(lock, lock->rank, LOCK_TRIED);
    return true;
}

// For assertions: whether any thread holds it alone; whether any has it at all.
static inline bool rwlock_held(const struct rwlock *lock)
{
    return atomic_load_explicit(&lock->state, memory_order_relaxed) & RWLOCK_WRITER;
}

static inline bool rwlock_shared(const struct rwlock *lock)
{
    return atomic_load_explicit(&lock->state, memory_order_relaxed) & ~(uint32_t)RWLOCK_WAITERS;
}
