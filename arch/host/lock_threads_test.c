// SPDX-License-Identifier: MIT
// lock_threads_test.c: what sleeps, on several CPUs at once: mutexes, reader-writer locks, wait queues, and the event bus.

#include "workers.h"

#include <sched.h>

#include <helix/event.h>
#include <helix/frames.h>
#include <helix/mutex.h>
#include <helix/pressure.h>
#include <helix/rwlock.h>
#include <helix/test.h>
#include <helix/wait.h>

enum { ROUNDS = 5000 };

static struct mutex mutex = MUTEX(mutex, RANK_NODE);
static uint64_t total GUARDED_BY(mutex);

static void count_in_turn(struct worker *worker)
{
    for (int i = 0; i < ROUNDS; i++) {
        mutex_acquire(&mutex);
        total++;
        if (i % 64 == 0)
            sched_yield(); // so that the others find it taken
        mutex_release(&mutex);
        if (worker_random(worker, 4) == 0 && mutex_try_acquire(&mutex)) {
            total++;
            worker->done++;
            mutex_release(&mutex);
        }
    }
}

TEST(mutex, lets_one_in_at_a_time_on_many_cpus)
{
    mutex_acquire(&mutex);
    total = 0;
    mutex_release(&mutex);
    workers_run(count_in_turn);
    uint64_t tried = 0;
    for (size_t i = 0; i < WORKERS; i++)
        tried += workers[i].done;
    workers_forget();
    mutex_acquire(&mutex);
    CHECK_EQUAL(total, WORKERS * ROUNDS + tried);
    mutex_release(&mutex);
    CHECK(tried > 0);
    CHECK(wait_queue_empty(&mutex.waiters));
    CHECK_EQUAL(atomic_load(&mutex.contenders), 0);
}

static struct rwlock lock;
static uint64_t written[2] GUARDED_BY(lock); // always alike when nobody writes

static void read_or_write(struct worker *worker)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (worker_random(worker, 4)) {
            rwlock_acquire_shared(&lock);
            worker->wrong += written[0] != written[1];
            if (i % 64 == 0)
                sched_yield();
            worker->wrong += written[0] != written[1];
            rwlock_release_shared(&lock);
            continue;
        }
        rwlock_acquire(&lock);
        written[0]++;
        if (i % 64 == 0)
            sched_yield();
        written[1]++;
        worker->done++;
        rwlock_release(&lock);
    }
}

TEST(rwlock, keeps_writers_alone_on_many_cpus)
{
    rwlock_init(&lock, RANK_SPACE);
    rwlock_acquire(&lock);
    written[0] = written[1] = 0;
    rwlock_release(&lock);
    workers_run(read_or_write);
    uint64_t writes = 0;
    for (size_t i = 0; i < WORKERS; i++)
        writes += workers[i].done;
    workers_forget();
    CHECK_EQUAL(workers_wrong(), 0);
    rwlock_acquire_shared(&lock);
    CHECK_EQUAL(written[0], writes);
    CHECK_EQUAL(written[1], writes);
    rwlock_release_shared(&lock);
    CHECK_EQUAL(atomic_load(&lock.state), 0);
    CHECK(list_empty(&lock.waiters));
}

// A baton that goes round: each waits until it is its turn. A lost wake-up shows as a worker that has to find out by itself; what is
// written before a wake-up must be there after it.
static struct wait_queue turns = WAIT_QUEUE(turns);
static _Atomic uint64_t turn;
static uint64_t carried; // whose turn it is

static void pass_the_baton(struct worker *worker)
{
    for (uint64_t i = 0; i < ROUNDS / 10; i++) {
        struct waiter waiter;
        waiter_init(&waiter);
        for (;;) {
            wait_begin(&turns, &waiter);
            if (atomic_load_explicit(&turn, memory_order_acquire) % WORKERS == worker->number)
                break;
            (void)thread_block_uninterruptible(BLOCK_OTHER, UINT64_MAX);
        }
        wait_end(&waiter);
        worker->wrong += carried != i * WORKERS + worker->number;
        carried++;
        atomic_fetch_add_explicit(&turn, 1, memory_order_release);
        wait_wake_all(&turns);
    }
}

TEST(wait, hands_a_baton_round_on_many_cpus)
{
    carried = turn = 0;
    workers_run(pass_the_baton);
    workers_forget();
    CHECK_EQUAL(workers_wrong(), 0);
    CHECK_EQUAL(carried, WORKERS * (ROUNDS / 10));
    CHECK(wait_queue_empty(&turns));
}

// Workers publish; and each subscribes and unsubscribes while the others do. Nobody is told once unsubscribing has returned.
struct ear {
    struct subscription subscription;
    _Atomic uint64_t now, late;
    _Atomic bool gone;
};
static struct ear ears[WORKERS];
static struct ear constant;

static enum event_response ear_tell(void *context, const struct event *event)
{
    struct ear *ear = context;
    ear->now++;
    ear->late += ear->gone;
    return event->value[0] % 2 ? EVENT_HANDLED : EVENT_IGNORED;
}

static void come_and_go(struct worker *worker)
{
    struct ear *ear = &ears[worker->number];
    for (uint32_t i = 0; i < ROUNDS / 20; i++) {
        *ear = (struct ear){ .subscription = { .name = "ear",
                                               .topics = event_bit(EVENT_MEMORY_PRESSURE),
                                               .priority = (enum event_priority)worker_random(worker, 256),
                                               .tell = ear_tell,
                                               .context = ear } };
        worker->wrong += event_subscribe(&ear->subscription) != STATUS_OK;
        const struct event event = { .topic = EVENT_MEMORY_PRESSURE, .value = { i } };
        struct event_outcome outcome = event_publish(&event);
        worker->wrong += outcome.handled + outcome.ignored < 2; // its own ear and the constant one
        if (i % 3 == 0)
            event_pause(&ear->subscription, true);
        event_unsubscribe(&ear->subscription);
        ear->gone = true;
        worker->wrong += ear->now == 0 || ear->late;
    }
}

TEST(event, tells_nobody_who_has_gone_on_many_cpus)
{
    constant = (struct ear){ .subscription = {
                                 .name = "constant", .topics = event_bit(EVENT_MEMORY_PRESSURE), .tell = ear_tell, .context = &constant } };
    CHECK(event_subscribe(&constant.subscription) == STATUS_OK);
    uint64_t before = event_count(EVENT_MEMORY_PRESSURE);
    workers_run(come_and_go);
    workers_forget();
    event_unsubscribe(&constant.subscription);
    CHECK_EQUAL(workers_wrong(), 0);
    CHECK_EQUAL(event_count(EVENT_MEMORY_PRESSURE) - before, WORKERS * (ROUNDS / 20));
    CHECK_EQUAL(constant.now, WORKERS * (ROUNDS / 20)); // told of each, once
}

// All look at the level while memory comes and goes round its marks.
static void press(struct worker *worker)
{
    for (int i = 0; i < ROUNDS; i++) {
        enum memory_pressure level = frames_pressure();
        worker->wrong += level > PRESSURE_OUT_OF_MEMORY;
        worker->done += frames_user_allowed();
    }
}

TEST(pressure, is_looked_at_on_many_cpus)
{
    workers_run(press);
    workers_forget();
    CHECK_EQUAL(workers_wrong(), 0);
    CHECK_EQUAL(frames_pressure(), PRESSURE_NORMAL);
    for (size_t i = 0; i < WORKERS; i++)
        CHECK_EQUAL(workers[i].done, ROUNDS);
}
