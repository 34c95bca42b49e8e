// SPDX-License-Identifier: MIT
// round_robin.c: a scheduler that gives every ready thread its turn.
//
// Purpose     Equal shares for threads that compute, quick answers for threads that mostly wait, real-time before both.
// How         Each CPU has 100 real-time levels (FIFO within a level, found by bitmap) and two queues for the rest: `woken`, of
//             threads that gave the CPU up before their slice ended, and `ready`. Woken threads go first, on what is left of their
//             slice; when it is used up they get a new one and go to the end of `ready` like anybody else. So waking early wins
//             latency, never time.
// Invariants  A queued thread is in exactly one queue, of thread->cpu. slice_left_ns of a normal thread is never 0 while queued.
// Locks       One per CPU, RANK_RUN_QUEUE, interrupts off. In a slice a nice level counts 5 %, as in the table below.
// Cost        Every operation is O(1).

#include <generated/profile.h>

#include <lib/list.h>

#include <helix/cpu.h>
#include <helix/module.h>
#include <helix/scheduler_policy.h>
#include <helix/spinlock.h>

enum { REALTIME_LEVELS = PRIORITY_REALTIME_THRESHOLD, REALTIME_WORDS = (REALTIME_LEVELS + 63) / 64, NICE_STEP_PERCENT = 5 };

// thread->policy_data[0]: how the thread is scheduled (enum scheduling_kind).
static struct run_queue {
    struct spinlock lock;
    struct list_node realtime[REALTIME_LEVELS] GUARDED_BY(lock);
    uint64_t realtime_map[REALTIME_WORDS] GUARDED_BY(lock); // bit: the level is not empty
    struct list_node woken GUARDED_BY(lock), ready GUARDED_BY(lock), idle GUARDED_BY(lock);
    struct thread *running GUARDED_BY(lock); // what pick_next gave last, nullptr when it gave none or it blocked
    uint64_t queued GUARDED_BY(lock);
    bool give_way GUARDED_BY(lock); // the running thread's turn is over
} queues[CPU_MAX];

static struct run_queue *queue_of(const struct thread *thread)
{
    return &queues[thread->cpu];
}

static enum scheduling_kind kind_of(const struct thread *thread)
{
    return (enum scheduling_kind)thread->policy_data[0];
}

static uint64_t slice_full(const struct thread *thread)
{
    if (priority_is_realtime(thread->priority) || (thread->priority.base == PRIORITY_DEFAULT && !thread->priority.adjustment))
        return PROFILE_TIME_SLICE_NS;
    int percent = 100 + (PRIORITY_DEFAULT - priority_effective(thread->priority)) * NICE_STEP_PERCENT;
    return PROFILE_TIME_SLICE_NS / 100 * (uint64_t)MAX(percent, NICE_STEP_PERCENT);
}

static enum status round_robin_init(uint32_t cpu_count)
{
    if (cpu_count > CPU_MAX)
        return STATUS_BAD_ARGUMENT;
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        struct run_queue *queue = &queues[cpu];
        spinlock_init(&queue->lock, RANK_RUN_QUEUE);
        bool on = spinlock_acquire_irq(&queue->lock);
        for (uint32_t level = 0; level < REALTIME_LEVELS; level++)
            list_init(&queue->realtime[level]);
        for (uint32_t word = 0; word < REALTIME_WORDS; word++)
            queue->realtime_map[word] = 0;
        list_init(&queue->woken);
        list_init(&queue->ready);
        list_init(&queue->idle);
        queue->running = nullptr;
        queue->queued = 0;
        queue->give_way = false;
        spinlock_release_irq(&queue->lock, on);
    }
    return STATUS_OK;
}

// The most urgent level that is not empty, REALTIME_LEVELS if all are.
static uint32_t realtime_first(const struct run_queue *queue) MUST_HOLD(queue->lock)
{
    for (uint32_t word = 0; word < REALTIME_WORDS; word++) {
        if (queue->realtime_map[word])
            return word * 64 + (uint32_t)__builtin_ctzll(queue->realtime_map[word]);
    }
    return REALTIME_LEVELS;
}

// Whoever is queued has a slice.
[[gnu::noinline]] ARCH_SLOW_PATH static void slice_renew(struct thread *thread)
{
    if (!thread->slice_left_ns)
        thread->slice_left_ns = slice_full(thread);
}

[[gnu::always_inline]] static inline void queue_push(struct run_queue *queue, struct thread *thread) MUST_HOLD(queue->lock)
{
    if (UNLIKELY(priority_is_realtime(thread->priority))) {
        uint32_t level = priority_effective(thread->priority);
        slice_renew(thread);
        list_add_tail(&queue->realtime[level], &thread->queue_link);
        queue->realtime_map[level / 64] |= 1ull << level % 64;
    } else if (UNLIKELY(kind_of(thread) == SCHEDULE_IDLE)) {
        slice_renew(thread);
        list_add_tail(&queue->idle, &thread->queue_link);
    } else if (UNLIKELY(!thread->slice_left_ns)) {
        slice_renew(thread);
        list_add_tail(&queue->ready, &thread->queue_link);
    } else if (thread == queue->running) {
        list_add(&queue->ready, &thread->queue_link); // preempted: its turn goes on afterwards
    } else {
        list_add_tail(&queue->woken, &thread->queue_link);
    }
    queue->queued++;
}

[[gnu::always_inline]] static inline struct list_node *queue_take(struct run_queue *queue) MUST_HOLD(queue->lock)
{
    static_assert(REALTIME_WORDS == 2);
    if (UNLIKELY(queue->realtime_map[0] | queue->realtime_map[1])) {
        uint32_t level = realtime_first(queue);
        struct list_node *node = list_take(&queue->realtime[level]);
        if (list_empty(&queue->realtime[level]))
            queue->realtime_map[level / 64] &= ~(1ull << level % 64);
        return node;
    }
    struct list_node *node = list_take(&queue->woken);
    if (!node)
        node = list_take(&queue->ready);
    return node ? node : list_take(&queue->idle);
}

[[gnu::always_inline]] static inline struct thread *queue_pick(struct run_queue *queue) MUST_HOLD(queue->lock)
{
    struct list_node *node = queue_take(queue);
    struct thread *next = node ? container_of(node, struct thread, queue_link) : nullptr;
    if (next)
        queue->queued--;
    queue->running = next;
    queue->give_way = false;
    return next;
}

static struct thread *round_robin_pick_next(uint32_t cpu)
{
    struct run_queue *queue = &queues[cpu];
    spinlock_acquire_off(&queue->lock);
    struct thread *next = queue_pick(queue);
    spinlock_release_off(&queue->lock);
    return next;
}

static void queue_charge(struct run_queue *queue, uint64_t ran_ns) MUST_HOLD(queue->lock)
{
    struct thread *self = queue->running;
    if (!self || kind_of(self) == SCHEDULE_FIFO)
        return;
    self->slice_left_ns -= MIN(ran_ns, self->slice_left_ns);
    if (!self->slice_left_ns)
        queue->give_way = true;
}

// UINT64_MAX: nobody else is there, or it need not give way.
static uint64_t queue_slice(const struct run_queue *queue) MUST_HOLD(queue->lock)
{
    const struct thread *self = queue->running;
    return self && queue->queued && kind_of(self) != SCHEDULE_FIFO ? self->slice_left_ns : UINT64_MAX;
}

static enum status round_robin_add_thread(struct thread *thread)
{
    list_init(&thread->queue_link);
    thread->slice_left_ns = 0; // a new thread queues up behind the others: being born is not waking up
    return STATUS_OK;
}

static void queue_drop(struct run_queue *queue, struct thread *thread) MUST_HOLD(queue->lock)
{
    if (queue->running == thread)
        queue->running = nullptr;
    if (!list_linked(&thread->queue_link))
        return;
    list_remove(&thread->queue_link);
    queue->queued--;
    uint32_t level = priority_effective(thread->priority);
    if (priority_is_realtime(thread->priority) && list_empty(&queue->realtime[level]))
        queue->realtime_map[level / 64] &= ~(1ull << level % 64);
}

static enum status round_robin_remove_thread(struct thread *thread)
{
    struct run_queue *queue = queue_of(thread);
    spinlock_acquire_off(&queue->lock);
    queue_drop(queue, thread);
    spinlock_release_off(&queue->lock);
    return STATUS_OK;
}

static enum status round_robin_thread_ready(struct thread *thread)
{
    struct run_queue *queue = queue_of(thread);
    spinlock_acquire_off(&queue->lock);
    if (!list_linked(&thread->queue_link))
        queue_push(queue, thread);
    spinlock_release_off(&queue->lock);
    return STATUS_OK;
}

static enum status round_robin_thread_block(struct thread *thread)
{
    return round_robin_remove_thread(thread);
}

static bool round_robin_yield_thread(uint32_t cpu)
{
    struct run_queue *queue = &queues[cpu];
    spinlock_acquire_off(&queue->lock);
    bool others = queue->queued;
    if (others && queue->running)
        queue->running->slice_left_ns = 0;
    spinlock_release_off(&queue->lock);
    return others;
}

static void round_robin_tick(uint32_t cpu, uint64_t ran_ns)
{
    struct run_queue *queue = &queues[cpu];
    spinlock_acquire_off(&queue->lock);
    queue_charge(queue, ran_ns);
    spinlock_release_off(&queue->lock);
}

static struct thread *round_robin_switch_next(uint32_t cpu, uint64_t ran_ns, struct thread *ready, uint64_t *slice_ns)
{
    struct run_queue *queue = &queues[cpu];
    spinlock_acquire_off(&queue->lock);
    queue_charge(queue, ran_ns);
    if (ready && !list_linked(&ready->queue_link))
        queue_push(queue, ready);
    struct thread *next = queue_pick(queue);
    *slice_ns = queue_slice(queue);
    spinlock_release_off(&queue->lock);
    return next;
}

// Of those that are queued, does one go before `self`, which runs?
static bool queue_beats(const struct run_queue *queue, const struct thread *self) MUST_HOLD(queue->lock)
{
    if (LIKELY(!priority_is_realtime(self->priority)))
        return !list_empty(&queue->woken) || queue->give_way || kind_of(self) == SCHEDULE_IDLE || realtime_first(queue) < REALTIME_LEVELS;
    uint32_t first = realtime_first(queue), own = priority_effective(self->priority);
    return first < own || (first == own && queue->give_way);
}

static bool round_robin_needs_reschedule(uint32_t cpu)
{
    struct run_queue *queue = &queues[cpu];
    spinlock_acquire_off(&queue->lock);
    bool wanted = queue->queued && (!queue->running || queue_beats(queue, queue->running));
    spinlock_release_off(&queue->lock);
    return wanted;
}

static enum status round_robin_set_priority(struct thread *thread, struct priority priority)
{
    struct run_queue *queue = queue_of(thread);
    spinlock_acquire_off(&queue->lock);
    bool queued = list_linked(&thread->queue_link);
    struct thread *running = queue->running;
    if (queued)
        queue_drop(queue, thread);
    thread->priority = priority;
    thread->slice_left_ns = MIN(thread->slice_left_ns, slice_full(thread));
    if (queued)
        queue_push(queue, thread);
    queue->running = running;
    spinlock_release_off(&queue->lock);
    return STATUS_OK;
}

static enum status round_robin_get_priority(const struct thread *thread, struct priority *priority)
{
    *priority = thread->priority;
    return STATUS_OK;
}

static void round_robin_statistics(struct scheduler_statistics *statistics)
{
    statistics->runnable = 0;
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        spinlock_acquire_off(&queues[cpu].lock);
        statistics->runnable += queues[cpu].queued + (queues[cpu].running != nullptr);
        spinlock_release_off(&queues[cpu].lock);
    }
}

static enum status round_robin_set_policy(struct thread *thread, const struct scheduling_policy *policy)
{
    enum { REALTIME_DEFAULT = 50, BATCH_NICE = 10 };
    struct priority priority = thread->priority;
    switch (policy->kind) {
    case SCHEDULE_NORMAL:
        priority = priority_from_nice(0);
        break;
    case SCHEDULE_FIFO:
    case SCHEDULE_ROUND_ROBIN:
        priority = (struct priority){ .base = REALTIME_DEFAULT };
        break;
    case SCHEDULE_BATCH:
        priority = priority_from_nice(BATCH_NICE);
        break;
    case SCHEDULE_IDLE:
        priority = (struct priority){ .base = PRIORITY_MINIMUM };
        break;
    default:
        return STATUS_BAD_ARGUMENT; // no deadlines here
    }
    thread->policy_data[0] = policy->kind;
    return round_robin_set_priority(thread, priority);
}

static enum status round_robin_migrate_thread(struct thread *thread, uint32_t target_cpu)
{
    if (target_cpu >= cpu_count() || !(thread->affinity >> target_cpu & 1) || thread->flags & THREAD_NO_MIGRATE)
        return STATUS_BAD_ARGUMENT;
    if (thread->cpu == target_cpu)
        return STATUS_OK;
    struct run_queue *from = queue_of(thread);
    spinlock_acquire_off(&from->lock);
    bool queued = list_linked(&thread->queue_link);
    bool busy = from->running == thread;
    if (!busy) {
        queue_drop(from, thread);
        thread->cpu = target_cpu;
    }
    spinlock_release_off(&from->lock);
    if (busy)
        return STATUS_BUSY;
    return queued ? round_robin_thread_ready(thread) : STATUS_OK;
}

static uint64_t round_robin_slice_left(uint32_t cpu)
{
    struct run_queue *queue = &queues[cpu];
    spinlock_acquire_off(&queue->lock);
    uint64_t left = queue_slice(queue);
    spinlock_release_off(&queue->lock);
    return left;
}

static const struct scheduler_policy round_robin_policy = {
    .name = "round_robin",
    .version = "1.0.0",
    .init = round_robin_init,
    .pick_next = round_robin_pick_next,
    .add_thread = round_robin_add_thread,
    .remove_thread = round_robin_remove_thread,
    .thread_ready = round_robin_thread_ready,
    .thread_block = round_robin_thread_block,
    .yield_thread = round_robin_yield_thread,
    .tick = round_robin_tick,
    .set_priority = round_robin_set_priority,
    .get_priority = round_robin_get_priority,
    .needs_reschedule = round_robin_needs_reschedule,
    .statistics = round_robin_statistics,
    .set_policy = round_robin_set_policy,
    .migrate_thread = round_robin_migrate_thread,
    .switch_next = round_robin_switch_next,
    .slice_left = round_robin_slice_left,
};

MODULE(round_robin, .version = "1.0.0", .description = "equal turns for every ready thread", .provides = "scheduler_policy",
       .abi = SCHEDULER_POLICY_ABI, .ops = &round_robin_policy);
