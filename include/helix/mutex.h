// SPDX-License-Identifier: MIT
// mutex.h: a lock that sleeps. Thread context only; not for interrupt handlers; may be held across sleeps.
//
// One compare-and-exchange takes a free one, one exchange lets it go; only then is looked whether somebody waits. A waiter counts itself
// among the contenders before it looks at the owner for the last time, so one of the two sees the other.
#pragma once

#include <stdatomic.h>

#include <lib/attributes.h>

#include <helix/panic.h>
#include <helix/wait.h>

struct CAPABILITY("mutex") mutex {
    _Atomic(struct thread *) owner; // nullptr: free
    _Atomic uint32_t contenders;    // threads that wait or are about to
    enum lock_rank rank;
    struct wait_queue waiters;
};

#define MUTEX(name_, rank_) { .waiters = WAIT_QUEUE((name_).waiters), .rank = rank_ }

// Free, nobody waits.
void mutex_init(struct mutex *mutex, enum lock_rank rank);

// Takes one that was not free, uninterruptibly; and wakes the oldest waiter of one that has just been let go.
ARCH_SLOW_PATH void mutex_wait(struct mutex *mutex);
ARCH_SLOW_PATH void mutex_wake(struct mutex *mutex);

// Whether the running thread holds it.
static inline bool mutex_held(const struct mutex *mutex)
{
    return atomic_load_explicit(&mutex->owner, memory_order_relaxed) == arch_current_thread();
}

// What the functions below are made of.
static inline bool mutex_take(struct mutex *mutex)
{
    struct thread *free = nullptr;
    return atomic_compare_exchange_strong_explicit(&mutex->owner, &free, arch_current_thread(), memory_order_acquire, memory_order_relaxed);
}

// Not analysed inside: these functions are what the analysis calls a lock.
NO_LOCK_ANALYSIS static inline bool mutex_try_acquire(struct mutex *mutex) TRY_ACQUIRES(true, mutex)
{
    if (!mutex_take(mutex))
        return false;
    lock_check_sleeping(mutex, mutex->rank, LOCK_TRIED);
    return true;
}

// Uninterruptible; a thread that already holds it is a broken invariant (panic).
NO_LOCK_ANALYSIS static inline void mutex_acquire(struct mutex *mutex) ACQUIRES(mutex)
{
    lock_check_sleeping(mutex, mutex->rank, LOCK_ALONE);
    if (UNLIKELY(!mutex_take(mutex)))
        mutex_wait(mutex);
}

// The same beside another of its rank, in an order that all who hold two of them keep.
NO_LOCK_ANALYSIS static inline void mutex_acquire_nested(struct mutex *mutex) ACQUIRES(mutex)
{
    lock_check_sleeping(mutex, mutex->rank, LOCK_NESTED);
    if (UNLIKELY(!mutex_take(mutex)))
        mutex_wait(mutex);
}

// By the thread that holds it; any other is a broken invariant (panic).
NO_LOCK_ANALYSIS static inline void mutex_release(struct mutex *mutex) RELEASES(mutex)
{
    lock_check_sleeping_end(mutex);
    ASSERT(atomic_exchange(&mutex->owner, nullptr) == arch_current_thread());
    if (UNLIKELY(atomic_load(&mutex->contenders)))
        mutex_wake(mutex);
}
