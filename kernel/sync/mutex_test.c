// SPDX-License-Identifier: MIT
// mutex_test.c: one holder at a time, waiters asleep, and the lock passed on.

#include <helix/mutex.h>

#include <helix/test.h>
#include <helix/thread.h>

enum { THREADS = 4, ROUNDS = 50 };

static struct mutex mutex = MUTEX(mutex, RANK_NODE);
static struct thread *contender;
static uint32_t inside, most_inside, done, total;

static void worker_main(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        mutex_acquire(&mutex);
        inside++;
        most_inside = MAX(most_inside, inside);
        thread_yield(); // so that everybody else finds it taken
        total++;
        inside--;
        mutex_release(&mutex);
    }
    done++;
    thread_exit(0);
}

TEST(mutex, lets_one_thread_in_at_a_time)
{
    inside = most_inside = done = total = 0;
    for (int i = 0; i < THREADS; i++)
        CHECK(thread_spawn("worker", worker_main, nullptr, nullptr) == STATUS_OK);
    CHECK(test_await(done >= THREADS));
    CHECK_EQUAL(done, THREADS);
    CHECK_EQUAL(total, THREADS * ROUNDS);
    CHECK_EQUAL(most_inside, 1);
    CHECK(atomic_load(&mutex.owner) == nullptr && atomic_load(&mutex.contenders) == 0);
    CHECK(wait_queue_empty(&mutex.waiters));
}

static void contender_main(void *unused)
{
    done = mutex_try_acquire(&mutex);
    mutex_acquire(&mutex);
    total = mutex_held(&mutex);
    mutex_release(&mutex);
    thread_exit(0);
}

TEST(mutex, puts_others_to_sleep_until_it_is_released)
{
    done = total = 0;
    mutex_acquire(&mutex);
    CHECK(mutex_held(&mutex));
    CHECK(thread_spawn("contender", contender_main, nullptr, &contender) == STATUS_OK);
    CHECK(test_await(atomic_load(&contender->state) == THREAD_BLOCKED));
    CHECK_EQUAL(atomic_load(&contender->state), THREAD_BLOCKED); // asleep, not spinning
    CHECK_EQUAL(contender->block_reason, BLOCK_LOCK);
    CHECK_EQUAL(done + total, 0); // neither way was it let in
    CHECK_EQUAL(atomic_load(&mutex.contenders), 1);
    mutex_release(&mutex);
    CHECK(!mutex_held(&mutex));
    CHECK(test_await(atomic_load(&contender->state) == THREAD_DEAD));
    CHECK_EQUAL(total, 1);
    thread_release(contender);
}

// A stray wake-up is not a release.
TEST(mutex, keeps_its_waiter_through_a_wake_up_for_nothing)
{
    done = total = 0;
    mutex_acquire(&mutex);
    CHECK(thread_spawn("contender", contender_main, nullptr, &contender) == STATUS_OK);
    for (int i = 0; i < 10; i++) {
        thread_yield();
        thread_wake(contender);
    }
    CHECK_EQUAL(total, 0);
    mutex_release(&mutex);
    CHECK(test_await(atomic_load(&contender->state) == THREAD_DEAD));
    CHECK_EQUAL(total, 1);
    thread_release(contender);
}

TEST(mutex, is_taken_without_waiting_only_when_it_is_free)
{
    struct mutex own;
    mutex_init(&own, RANK_NODE);
    bool taken = mutex_try_acquire(&own);
    CHECK(taken);
    if (taken)
        mutex_release(&own);
    CHECK(!mutex_held(&own));
}
