// SPDX-License-Identifier: MIT
// @NAME@.c: a scheduler that runs threads in the order they became ready, each until it blocks, yields or has used up its slice.
//
// How         One queue per CPU, oldest first. Priorities are kept and reported; the order does not depend on them.
// Invariants  A queued thread is in the queue of thread->cpu; the running thread is in none.
// Locks       One per CPU, RANK_RUN_QUEUE, interrupts off.
// Cost        Every operation is O(1).
#include <generated/profile.h>

#include <lib/list.h>

#include <helix/cpu.h>
#include <helix/module.h>
#include <helix/scheduler_policy.h>
#include <helix/spinlock.h>

static struct run_queue {
    struct spinlock  lock;
    struct list_node ready GUARDED_BY(lock);   // oldest first
    struct thread   *running GUARDED_BY(lock); // what pick_next gave last, nullptr when it gave none or it blocked
    uint64_t         length GUARDED_BY(lock);
} queues[CPU_MAX];

static enum status @NAME@_init(uint32_t count)
{
    if (count > CPU_MAX)
        return STATUS_BAD_ARGUMENT;
    for (uint32_t cpu = 0; cpu < count; cpu++) {
        struct run_queue *queue = &queues[cpu];
        spinlock_init(&queue->lock, RANK_RUN_QUEUE);
        bool on = spinlock_acquire_irq(&queue->lock);
        list_init(&queue->ready);
        queue->running = nullptr;
        queue->length  = 0;
        spinlock_release_irq(&queue->lock, on);
    }
    return STATUS_OK;
}

static struct thread *@NAME@_pick_next(uint32_t cpu)
{
    struct run_queue *queue = &queues[cpu];
    spinlock_acquire_off(&queue->lock);
    struct list_node *oldest = list_take(&queue->ready);
    queue->running           = oldest ? container_of(oldest, struct thread, queue_link) : nullptr;
    if (queue->running) {
        queue->length--;
        queue->running->slice_left_ns = PROFILE_TIME_SLICE_NS;
    }
    struct thread *next = queue->running;
    spinlock_release_off(&queue->lock);
    return next;
}

static enum status @NAME@_add_thread(struct thread *thread)
{
    list_init(&thread->queue_link);
    return STATUS_OK;
}

static enum status @NAME@_thread_ready(struct thread *thread)
{
    struct run_queue *queue = &queues[thread->cpu];
    spinlock_acquire_off(&queue->lock);
    if (!list_linked(&thread->queue_link)) {
        list_add_tail(&queue->ready, &thread->queue_link);
        queue->length++;
    }
    spinlock_release_off(&queue->lock);
    return STATUS_OK;
}

// It runs no more: out of the queue, and nobody's turn.
static enum status @NAME@_drop(struct thread *thread)
{
    struct run_queue *queue = &queues[thread->cpu];
    spinlock_acquire_off(&queue->lock);
    if (queue->running == thread)
        queue->running = nullptr;
    if (list_linked(&thread->queue_link)) {
        list_remove(&thread->queue_link);
        queue->length--;
    }
    spinlock_release_off(&queue->lock);
    return STATUS_OK;
}

static void @NAME@_tick(uint32_t cpu, uint64_t ran_ns)
{
    struct run_queue *queue = &queues[cpu];
    spinlock_acquire_off(&queue->lock);
    if (queue->running)
        queue->running->slice_left_ns -= MIN(ran_ns, queue->running->slice_left_ns);
    spinlock_release_off(&queue->lock);
}

static bool @NAME@_yield_thread(uint32_t cpu)
{
    @NAME@_tick(cpu, UINT64_MAX);
    return true;
}

static bool @NAME@_needs_reschedule(uint32_t cpu)
{
    struct run_queue *queue = &queues[cpu];
    spinlock_acquire_off(&queue->lock);
    bool wanted = queue->length && (!queue->running || !queue->running->slice_left_ns);
    spinlock_release_off(&queue->lock);
    return wanted;
}

static uint64_t @NAME@_slice_left(uint32_t cpu)
{
    struct run_queue *queue = &queues[cpu];
    spinlock_acquire_off(&queue->lock);
    uint64_t left = queue->running && queue->length ? queue->running->slice_left_ns : UINT64_MAX;
    spinlock_release_off(&queue->lock);
    return left;
}

static struct thread *@NAME@_switch_next(uint32_t cpu, uint64_t ran_ns, struct thread *ready, uint64_t *slice_ns)
{
    @NAME@_tick(cpu, ran_ns);
    if (ready)
        (void)@NAME@_thread_ready(ready); // cannot fail
    struct thread *next = @NAME@_pick_next(cpu);
    *slice_ns           = @NAME@_slice_left(cpu);
    return next;
}

static enum status @NAME@_set_priority(struct thread *thread, struct priority priority)
{
    thread->priority = priority;
    return STATUS_OK;
}

static enum status @NAME@_get_priority(const struct thread *thread, struct priority *priority)
{
    *priority = thread->priority;
    return STATUS_OK;
}

static enum status @NAME@_set_policy(struct thread *thread, const struct scheduling_policy *policy)
{
    return policy->kind == SCHEDULE_DEADLINE ? STATUS_BAD_ARGUMENT : STATUS_OK; // one order for all kinds; no deadlines
}

static enum status @NAME@_migrate_thread(struct thread *thread, uint32_t target_cpu)
{
    if (target_cpu >= cpu_count() || !(thread->affinity >> target_cpu & 1) || thread->flags & THREAD_NO_MIGRATE)
        return STATUS_BAD_ARGUMENT;
    struct run_queue *from = &queues[thread->cpu];
    spinlock_acquire_off(&from->lock);
    bool busy   = from->running == thread;
    bool queued = list_linked(&thread->queue_link);
    if (queued && !busy) {
        list_remove(&thread->queue_link);
        from->length--;
    }
    if (!busy)
        thread->cpu = target_cpu;
    spinlock_release_off(&from->lock);
    if (busy)
        return STATUS_BUSY;
    return queued ? @NAME@_thread_ready(thread) : STATUS_OK;
}

static void @NAME@_statistics(struct scheduler_statistics *statistics)
{
    statistics->runnable = 0;
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        spinlock_acquire_off(&queues[cpu].lock);
        statistics->runnable += queues[cpu].length + (queues[cpu].running != nullptr);
        spinlock_release_off(&queues[cpu].lock);
    }
}

static const struct scheduler_policy @NAME@_policy = {
    .name             = "@NAME@",
    .version          = "0.1.0",
    .init             = @NAME@_init,
    .pick_next        = @NAME@_pick_next,
    .add_thread       = @NAME@_add_thread,
    .remove_thread    = @NAME@_drop,
    .thread_ready     = @NAME@_thread_ready,
    .thread_block     = @NAME@_drop,
    .yield_thread     = @NAME@_yield_thread,
    .tick             = @NAME@_tick,
    .set_priority     = @NAME@_set_priority,
    .get_priority     = @NAME@_get_priority,
    .needs_reschedule = @NAME@_needs_reschedule,
    .statistics       = @NAME@_statistics,
    .set_policy       = @NAME@_set_policy,
    .migrate_thread   = @NAME@_migrate_thread,
    .switch_next      = @NAME@_switch_next,
    .slice_left       = @NAME@_slice_left,
};

MODULE(@NAME@, .version = "0.1.0", .description = "threads run in the order they became ready", .provides = "scheduler_policy",
       .abi = SCHEDULER_POLICY_ABI, .ops = &@NAME@_policy);
