// SPDX-License-Identifier: MIT
// mutex.c: a lock that sleeps: one compare-and-exchange when it is free.

#include <helix/mutex.h>

#include <helix/panic.h>
#include <helix/thread.h>

void mutex_init(struct mutex *mutex, enum lock_rank rank)
{
    *mutex = (struct mutex){ .rank = rank };
    wait_queue_init(&mutex->waiters);
}

// Not analysed inside: these functions are what the analysis calls a lock.
NO_LOCK_ANALYSIS bool mutex_try_acquire(struct mutex *mutex)
{
    struct thread *free = nullptr;
    return atomic_compare_exchange_strong_explicit(&mutex->owner, &free, thread_current(), memory_order_acquire, memory_order_relaxed);
}

NO_LOCK_ANALYSIS static void mutex_wait(struct mutex *mutex)
{
    ASSERT(!mutex_held(mutex));
    struct waiter waiter;
    waiter_init(&waiter);
    atomic_fetch_add(&mutex->contenders, 1);
    for (;;) {
        wait_begin(&mutex->waiters, &waiter);
        if (mutex_try_acquire(mutex))
            break;
        (void)thread_block_uninterruptible(BLOCK_LOCK, UINT64_MAX);
    }
    wait_end(&waiter);
    atomic_fetch_sub(&mutex->contenders, 1);
}

NO_LOCK_ANALYSIS void mutex_acquire(struct mutex *mutex)
{
    if (UNLIKELY(!mutex_try_acquire(mutex)))
        mutex_wait(mutex);
}

NO_LOCK_ANALYSIS void mutex_release(struct mutex *mutex)
{
    ASSERT(mutex_held(mutex));
    atomic_store(&mutex->owner, nullptr);
    if (UNLIKELY(atomic_load(&mutex->contenders)))
        wait_wake_one(&mutex->waiters);
}

bool mutex_held(const struct mutex *mutex)
{
    return atomic_load_explicit(&mutex->owner, memory_order_relaxed) == thread_current();
}
