// SPDX-License-Identifier: MIT
// wait.c: wait queues. The protocol, and why no wake-up is lost, stands in wait.h.

#include <helix/wait.h>

#include <helix/thread.h>

void wait_queue_init(struct wait_queue *queue)
{
    spinlock_init(&queue->lock, RANK_WAIT_QUEUE);
    list_init(&queue->waiters);
}

void waiter_init(struct waiter *waiter)
{
    *waiter = (struct waiter){ .thread = thread_current() };
    list_init(&waiter->link);
}

void wait_begin(struct wait_queue *queue, struct waiter *waiter)
{
    if (!waiter->queue) {
        bool on = spinlock_acquire_irq(&queue->lock);
        waiter->queue = queue;
        list_add_tail(&queue->waiters, &waiter->link);
        spinlock_release_irq(&queue->lock, on);
    }
    // In the queue first, then forget, then look at the condition: a wake-up after this point is kept.
    // The fence: whoever makes the condition true and then looks into the queue without its lock (wait_queue_waited) sees this waiter, or
    // this waiter sees the condition.
    atomic_store_explicit(&waiter->thread->wake_pending, false, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
}

void wait_end(struct waiter *waiter)
{
    struct wait_queue *queue = waiter->queue;
    if (!queue)
        return;
    bool on = spinlock_acquire_irq(&queue->lock);
    list_remove(&waiter->link);
    spinlock_release_irq(&queue->lock, on);
    waiter->queue = nullptr;
}

void wait_wake(struct wait_queue *queue, uint32_t count)
{
    bool on = spinlock_acquire_irq(&queue->lock);
    list_for_each(node, &queue->waiters) {
        if (!count--)
            break;
        thread_wake_off(container_of(node, struct waiter, link)->thread);
    }
    spinlock_release_irq(&queue->lock, on);
}
