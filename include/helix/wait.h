// SPDX-License-Identifier: MIT
// wait.h: wait queues: how a thread sleeps until something happens, and how whoever makes it happen wakes it.
//
//     struct waiter waiter;
//     waiter_init(&waiter);
//     for (;;) {
//         wait_begin(&queue, &waiter);                 // in the queue before looking
//         if (condition) break;
//         status = thread_block(BLOCK_IO, deadline);   // returns at once if woken since wait_begin
//         if (status != STATUS_OK) break;              // TIMEOUT or INTERRUPTED
//     }
//     wait_end(&waiter);
//
// A thread may wait in several queues with several waiters (poll). Wake-ups may be spurious: always loop.
// Queues may be woken from interrupt handlers.
#pragma once

#include <lib/attributes.h>
#include <lib/list.h>

#include <helix/spinlock.h>

struct thread;

struct wait_queue {
    struct spinlock lock;     // RANK_WAIT_QUEUE, interrupts off
    struct list_node waiters; // oldest first
};

struct waiter {
    struct list_node link;
    struct thread *thread;
    struct wait_queue *queue; // nullptr: in none
    bool exclusive;           // wait_wake_one stops at this one
};

#define WAIT_QUEUE(name_) { .lock = SPINLOCK(RANK_WAIT_QUEUE), .waiters = LIST_HEAD((name_).waiters) }

// Nobody waits.
void wait_queue_init(struct wait_queue *queue);

// For the running thread.
void waiter_init(struct waiter *waiter);

// Enters the queue (once; again is harmless) and forgets earlier wake-ups. Then look at the condition.
void wait_begin(struct wait_queue *queue, struct waiter *waiter);

// Leaves the queue. Always called before the waiter goes out of scope.
void wait_end(struct waiter *waiter);

// A glance without the lock, for skipping work: a waiter may be about to enter.
NO_RACE_CHECK static inline bool wait_queue_empty(const struct wait_queue *queue)
{
    return *(struct list_node *const volatile *)&queue->waiters.next == &queue->waiters;
}

// Wakes those who wait: `count` of them, the oldest first. Any context.
void wait_wake(struct wait_queue *queue, uint32_t count);

// Whether anybody waits, seen after everything the caller has written.
static inline bool wait_queue_waited(const struct wait_queue *queue)
{
    atomic_thread_fence(memory_order_seq_cst);
    return !wait_queue_empty(queue);
}

// Wakes every waiter / the oldest. Any context.
static inline void wait_wake_all(struct wait_queue *queue)
{
    if (wait_queue_waited(queue))
        wait_wake(queue, UINT32_MAX);
}

static inline void wait_wake_one(struct wait_queue *queue)
{
    if (wait_queue_waited(queue))
        wait_wake(queue, 1);
}
