// SPDX-License-Identifier: MIT
// execution_bench.c: what switching, waking and making threads cost.

#include <helix/bench.h>
#include <helix/heap.h>
#include <helix/mutex.h>
#include <helix/rwlock.h>
#include <helix/scheduler.h>
#include <helix/thread.h>
#include <helix/vfs.h>

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

static enum status partner_finish(void *state)
{
    partner.over = true;
    wait_wake_all(&partner.ping);
    while (partner.thread->state != THREAD_DEAD)
        (void)thread_sleep_until(time_ns() + NS_PER_MS);
    thread_release(partner.thread);
    return STATUS_OK;
}

static void yield_run(void *state, uint32_t operations)
{
    for (uint32_t i = 0; i < operations; i += 2) // there and back are two switches
        thread_yield();
}
BENCHMARK(context_switch, "context_switch.null", .category = "scheduler", .batch = 64, .prepare = yield_prepare, .run = yield_run,
          .finish = partner_finish);

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
BENCHMARK(wake_round_trip, "notify.round_trip", .category = "ipc", .batch = 32, .prepare = wake_prepare, .run = wake_run,
          .finish = partner_finish);

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
BENCHMARK(thread_create, "thread.create_exit", .category = "scheduler", .batch = 8, .run = create_run);

// ---- pipes, within one thread: a message goes in and comes out ----

enum { MESSAGE_SMALL = 1, MESSAGE_LARGE = 4096 };
struct ends {
    struct open_file *in, *out;
    size_t size;
    bool failed;
    char message[MESSAGE_LARGE];
};

static enum status ends_prepare(void **state, size_t size)
{
    struct ends *ends = heap_alloc_zeroed(1, sizeof *ends);
    if (!ends)
        return STATUS_NO_MEMORY;
    enum status status = pipe_create(0, &ends->in, &ends->out);
    if (status != STATUS_OK) {
        heap_free(ends);
        return status;
    }
    ends->size = size;
    *state = ends;
    return STATUS_OK;
}

static enum status ends_small(void **state)
{
    return ends_prepare(state, MESSAGE_SMALL);
}

static enum status ends_large(void **state)
{
    return ends_prepare(state, MESSAGE_LARGE);
}

static void pass_run(void *state, uint32_t operations)
{
    struct ends *ends = state;
    size_t written, read;
    while (operations--) {
        ends->failed |= file_write(ends->out, ends->message, ends->size, &written) != STATUS_OK || written != ends->size;
        ends->failed |= file_read(ends->in, ends->message, ends->size, &read) != STATUS_OK || read != ends->size;
    }
}

static enum status ends_finish(void *state)
{
    struct ends *ends = state;
    bool failed = ends->failed;
    file_release(ends->in);
    file_release(ends->out);
    heap_free(ends);
    return failed ? STATUS_IO_ERROR : STATUS_OK;
}
BENCHMARK(pass_small, "message.pipe_1", .category = "ipc", .batch = 64, .prepare = ends_small, .run = pass_run, .finish = ends_finish);
BENCHMARK(pass_large, "message.pipe_4k", .category = "ipc", .batch = 16, .prepare = ends_large, .run = pass_run, .finish = ends_finish);

static void channel_run(void *state, uint32_t operations)
{
    struct open_file *in, *out;
    while (operations-- && pipe_create(0, &in, &out) == STATUS_OK) {
        file_release(in);
        file_release(out);
    }
}
BENCHMARK(channel_create, "channel.create_destroy", .category = "ipc", .batch = 16, .run = channel_run);

// ---- locks and timers ----

static void spinlock_run(void *state, uint32_t operations)
{
    static struct spinlock lock = SPINLOCK(RANK_DRIVER);
    for (uint32_t i = 0; i < operations; i++) {
        spinlock_acquire(&lock);
        spinlock_release(&lock);
    }
}
BENCHMARK(spinlock_pair, "sync.spinlock_pair", .category = "ipc", .batch = 256, .run = spinlock_run);

static void mutex_run(void *state, uint32_t operations)
{
    static struct mutex mutex = MUTEX(mutex, RANK_PIPE);
    for (uint32_t i = 0; i < operations; i++) {
        mutex_acquire(&mutex);
        mutex_release(&mutex);
    }
}
BENCHMARK(mutex_pair, "sync.mutex_pair", .category = "ipc", .batch = 256, .run = mutex_run);

static void rwlock_run(void *state, uint32_t operations)
{
    static struct rwlock lock;
    rwlock_init(&lock, RANK_PIPE);
    for (uint32_t i = 0; i < operations; i++) {
        rwlock_acquire(&lock);
        rwlock_release(&lock);
    }
}
BENCHMARK(rwlock_pair, "sync.rwlock_pair", .category = "ipc", .batch = 256, .run = rwlock_run);

static void rwlock_shared_run(void *state, uint32_t operations)
{
    static struct rwlock lock;
    rwlock_init(&lock, RANK_PIPE);
    for (uint32_t i = 0; i < operations; i++) {
        rwlock_acquire_shared(&lock);
        rwlock_release_shared(&lock);
    }
}
BENCHMARK(rwlock_shared_pair, "sync.rwlock_shared_pair", .category = "ipc", .batch = 256, .run = rwlock_shared_run);

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
BENCHMARK(timer_arm_cancel, "timer.arm_cancel", .category = "scheduler", .batch = 64, .run = timer_run);
