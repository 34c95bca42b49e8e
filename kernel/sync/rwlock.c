// SPDX-License-Identifier: MIT
// rwlock.c: the queue behind a reader-writer lock; rwlock.h has what happens without one.
//
// Invariants  RWLOCK_WAITERS stands exactly while the queue is not empty, seen with queue_lock held. While it stands, the state can gain
//             a writer only in rwlock_hand_on, and readers other than let in there are on their way out again. So whoever leaves last
//             (the writer, or the reader that takes the count to 0) finds the bit and hands on: nobody waits at a free lock.
// Locks       queue_lock (RANK_WAIT_QUEUE, plain) round the queue and what a waiter holds.

#include <helix/rwlock.h>

#include <helix/thread.h>

struct rwlock_waiter {
    struct list_node link;
    struct thread *thread;
    bool exclusive;
    bool granted;
};

void rwlock_init(struct rwlock *lock, enum lock_rank rank)
{
    *lock = (struct rwlock){ .rank = rank, .queue_lock = SPINLOCK(RANK_WAIT_QUEUE) };
    list_init(&lock->waiters);
}

// Whether the first waiter could be let in; then the state says so, and RWLOCK_WAITERS is gone if it is the last one.
static bool waiter_admit(struct rwlock *lock, const struct rwlock_waiter *waiter, bool last) MUST_HOLD(lock->queue_lock)
{
    const uint32_t waiters_left = last ? 0 : RWLOCK_WAITERS;
    if (waiter->exclusive) {
        uint32_t free = RWLOCK_WAITERS;
        return atomic_compare_exchange_strong_explicit(&lock->state, &free, RWLOCK_WRITER | waiters_left, memory_order_acquire,
                                                       memory_order_relaxed);
    }
    if (rwlock_held(lock))
        return false;
    atomic_fetch_add_explicit(&lock->state, RWLOCK_READER - RWLOCK_WAITERS + waiters_left, memory_order_acquire);
    return true;
}

static void queue_serve(struct rwlock *lock) MUST_HOLD(lock->queue_lock)
{
    while (!list_empty(&lock->waiters)) {
        struct rwlock_waiter *waiter = container_of(lock->waiters.next, struct rwlock_waiter, link);
        if (!waiter_admit(lock, waiter, waiter->link.next == &lock->waiters))
            return;
        list_remove(&waiter->link);
        waiter->granted = true;
        thread_wake(waiter->thread); // still there: it looks at `granted` with queue_lock held before it goes
    }
}

void rwlock_hand_on(struct rwlock *lock)
{
    spinlock_acquire(&lock->queue_lock);
    queue_serve(lock);
    spinlock_release(&lock->queue_lock);
}

static bool waiter_granted(struct rwlock *lock, const struct rwlock_waiter *waiter)
{
    spinlock_acquire(&lock->queue_lock);
    bool granted = waiter->granted;
    spinlock_release(&lock->queue_lock);
    return granted;
}

void rwlock_wait(struct rwlock *lock, bool exclusive)
{
    struct rwlock_waiter waiter = { .thread = thread_current(), .exclusive = exclusive };
    spinlock_acquire(&lock->queue_lock);
    list_add_tail(&lock->waiters, &waiter.link);
    atomic_fetch_or_explicit(&lock->state, RWLOCK_WAITERS, memory_order_relaxed);
    queue_serve(lock); // it may have become free since
    spinlock_release(&lock->queue_lock);
    for (;;) {
        atomic_store(&waiter.thread->wake_pending, false); // forget, then look: a wake-up after this point is kept
        if (waiter_granted(lock, &waiter))
            return;
        (void)thread_block_uninterruptible(BLOCK_LOCK, UINT64_MAX);
    }
}
