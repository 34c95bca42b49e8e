// SPDX-License-Identifier: MIT
// mutex.c: a lock that sleeps: what happens when it is not free.

#include <helix/mutex.h>

#include <helix/thread.h>

void mutex_init(struct mutex *mutex, enum lock_rank rank)
{
    *mutex = (struct mutex){ .rank = rank };
    wait_queue_init(&mutex->waiters);
}

ARCH_SLOW_PATH NO_LOCK_ANALYSIS void mutex_wait(struct mutex *mutex)
{
    ASSERT(!mutex_held(mutex));
    struct waiter waiter;
    waiter_init(&waiter);
    atomic_fetch_add(&mutex->contenders, 1);
    for (;;) {
        wait_begin(&mutex->waiters, &waiter);
        if (mutex_take(mutex))
            break;
        (void)thread_block_uninterruptible(BLOCK_LOCK, UINT64_MAX);
    }
    wait_end(&waiter);
    atomic_fetch_sub(&mutex->contenders, 1);
}

ARCH_SLOW_PATH void mutex_wake(struct mutex *mutex)
{
    wait_wake_one(&mutex->waiters);
}
