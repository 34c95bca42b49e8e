// SPDX-License-Identifier: MIT
// execution_bench.c: what switching, waking and making threads cost.

#include <helix/bench.h>
#include <helix/mutex.h>
#include <helix/scheduler.h>
#include <helix/thread.h>

// ---- two threads that hand the CPU to each other ----

struct partner {
    struct thread *thread;
    struct wait_queue ping, pong;
    _Atomic uint32_t turns; // pings not answered yet
    _Atomic bool over;
};

static struct partner partner;

static void partner_yields(void *unused)
{
    while (!partner.over)
        thread_yield();
    thread_exit(0);
}

static void partner_answers(void *unused)
{
    struct waiter waiter;
    waiter_init(&waiter);
    while (!partner.over) {
        wait_begin(&partner.ping, &waiter);
        if (partner.turns) {
            partner.turns--;
            wait_wake_all(&partner.pong);
        } else if (!partner.over) {
            (void)thread_block_uninterruptible(BLOCK_IPC, UINT64_MAX);
        }
    }
    wait_end(&waiter);
    thread_exit(0);
}

static enum status partner_begin(void (*entry)(void *unused))
{
    partner.over = false;
    partner.turns = 0;
    wait_queue_init(&partner.ping);
    wait_queue_init(&partner.pong);
    const struct thread_request request = { .name = "bench", .entry = entry, .priority = thread_current()->priority };
    TRY(thread_create(&request, &partner.thread));
    thread_start(partner.thread);
    return STATUS_OK;
}

static enum status yield_prepare(void **state)
{
    return partner_begin(partner_yields);
}

static enum status wake_prepare(void **state)
{
    return partner_begin(partner_answers);
}

static void partner_finish(void *state)
{
    partner.over = true;
    wait_wake_all(&partner.ping);
    while (partner.thread->state != THREAD_DEAD)
        (void)thread_sleep_until(time_ns() + NS_PER_MS);
    thread_release(partner.thread);
}

static void yield_run(void *state, uint32_t operations)
{
    for (uint32_t i = 0; i < operations; i += 2) // there and back are two switches
        thread_yield();
}
BENCHMARK(context_switch, .category = "scheduler", .batch = 64, .prepare = yield_prepare, .run = yield_run, .finish = partner_finish);

static void wake_run(void *state, uint32_t operations)
{
    struct waiter waiter;
    waiter_init(&waiter);
    for (uint32_t i = 0; i < operations; i++) {
        partner.turns++;
        wait_wake_all(&partner.ping);
        for (;;) {
            wait_begin(&partner.pong, &waiter);
            if (!partner.turns)
                break;
            (void)thread_block_uninterruptible(BLOCK_IPC, UINT64_MAX);
        }
    }
    wait_end(&waiter);
}
BENCHMARK(wake_round_trip, .category = "scheduler", .batch = 32, .prepare = wake_prepare, .run = wake_run, .finish = partner_finish);

// ---- threads ----

static void ends_at_once(void *unused)
{
    thread_exit(0);
}

static void create_run(void *state, uint32_t operations)
{
    for (uint32_t i = 0; i < operations; i++) {
        struct thread *thread;
        const struct thread_request request = { .name = "bench", .entry = ends_at_once, .priority = thread_current()->priority };
        if (thread_create(&request, &thread) != STATUS_OK)
            return;
        thread_start(thread);
        while (thread->state != THREAD_DEAD)
            thread_yield();
        thread_release(thread);
    }
}
BENCHMARK(thread_create_exit, .category = "scheduler", .batch = 8, .run = create_run);

// ---- locks and timers ----

static void spinlock_run(void *state, uint32_t operations)
{
    static struct spinlock lock = SPINLOCK(RANK_DRIVER);
    for (uint32_t i = 0; i < operations; i++) {
        spinlock_acquire(&lock);
        spinlock_release(&lock);
    }
}
BENCHMARK(spinlock_pair, .category = "scheduler", .batch = 256, .run = spinlock_run);

static void mutex_run(void *state, uint32_t operations)
{
    static struct mutex mutex = MUTEX(mutex, RANK_PIPE);
    for (uint32_t i = 0; i < operations; i++) {
        mutex_acquire(&mutex);
        mutex_release(&mutex);
    }
}
BENCHMARK(mutex_pair, .category = "scheduler", .batch = 256, .run = mutex_run);

static void never_fires(struct timer *timer)
{
}

static void timer_run(void *state, uint32_t operations)
{
    struct timer timer;
    timer_init(&timer, never_fires);
    for (uint32_t i = 0; i < operations; i++) {
        timer_arm(&timer, time_ns() + 3600 * NS_PER_S);
        timer_cancel(&timer);
    }
}
BENCHMARK(timer_arm_cancel, .category = "scheduler", .batch = 64, .run = timer_run);
