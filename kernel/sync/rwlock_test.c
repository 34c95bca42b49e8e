// SPDX-License-Identifier: MIT
// rwlock_test.c: readers together, a writer alone, everybody in turn, and nobody forgotten.

#include <helix/rwlock.h>

#include <helix/test.h>
#include <helix/thread.h>

enum { THREADS = 6, ROUNDS = 40 };

static struct rwlock lock;
static uint32_t readers, writers, most_readers, broken, done, total;

// A thread of a scene: what it is to take, and when it got it.
struct actor {
    bool exclusive;
    uint32_t turn; // 1: was first; 0: has not got it yet
    bool leave;    // gives it back once this is set
    struct thread *thread;
};
static uint32_t turns;

static void see_who_is_in(bool exclusive)
{
    (exclusive ? &writers : &readers)[0]++;
    most_readers = MAX(most_readers, readers);
    broken += writers > 1 || (writers && readers);
    thread_yield(); // so that everybody else finds it taken
    broken += writers > 1 || (writers && readers);
    (exclusive ? &writers : &readers)[0]--;
    total++;
}

NO_LOCK_ANALYSIS static void worker_main(void *argument) // which of the two it takes is not the compiler's to know
{
    bool exclusive = argument;
    for (int i = 0; i < ROUNDS; i++) {
        exclusive ? rwlock_acquire(&lock) : rwlock_acquire_shared(&lock);
        see_who_is_in(exclusive);
        exclusive ? rwlock_release(&lock) : rwlock_release_shared(&lock);
        if (i % 3 == 0)
            thread_yield();
    }
    done++;
    thread_exit(0);
}

static void expect_free(void)
{
    CHECK_EQUAL(atomic_load(&lock.state), 0);
    CHECK(list_empty(&lock.waiters));
}

TEST(rwlock, keeps_writers_alone_and_readers_together)
{
    readers = writers = most_readers = broken = done = total = 0;
    rwlock_init(&lock, RANK_SPACE);
    for (int i = 0; i < THREADS; i++)
        CHECK(thread_spawn("worker", worker_main, i % 3 ? nullptr : &lock, nullptr) == STATUS_OK);
    CHECK(test_await(done == THREADS));
    CHECK_EQUAL(total, THREADS * ROUNDS);
    CHECK_EQUAL(broken, 0);
    CHECK(most_readers > 1);
    expect_free();
}

NO_LOCK_ANALYSIS static void actor_main(void *argument) // as worker_main
{
    struct actor *actor = argument;
    actor->exclusive ? rwlock_acquire(&lock) : rwlock_acquire_shared(&lock);
    actor->turn = ++turns;
    while (!actor->leave)
        thread_yield();
    actor->exclusive ? rwlock_release(&lock) : rwlock_release_shared(&lock);
    thread_exit(0);
}

static bool actor_waits(const struct actor *actor)
{
    return !actor->turn && atomic_load(&actor->thread->state) == THREAD_BLOCKED && actor->thread->block_reason == BLOCK_LOCK;
}

// Lets the actor run until it has the lock or sleeps for it.
static void actor_enter(struct actor *actor)
{
    CHECK(thread_spawn("actor", actor_main, actor, &actor->thread) == STATUS_OK);
    CHECK(test_await(actor->turn || actor_waits(actor)));
}

static void actor_leave(struct actor *actor)
{
    actor->leave = true;
    CHECK(test_await(atomic_load(&actor->thread->state) == THREAD_DEAD));
    thread_release(actor->thread);
}

TEST(rwlock, lets_no_reader_past_a_writer_that_waits)
{
    struct actor first = {}, writer = { .exclusive = true }, second = {}, third = {};
    turns = 0;
    rwlock_init(&lock, RANK_SPACE);
    actor_enter(&first);
    CHECK_EQUAL(first.turn, 1);
    actor_enter(&writer);
    CHECK(actor_waits(&writer)); // asleep, not spinning
    actor_enter(&second);
    actor_enter(&third);
    CHECK(actor_waits(&second) && actor_waits(&third));
    CHECK_EQUAL(atomic_load(&lock.state) & RWLOCK_WAITERS, RWLOCK_WAITERS);
    actor_leave(&first);
    CHECK(test_await(writer.turn == 2));
    CHECK_EQUAL(second.turn + third.turn, 0);
    actor_leave(&writer);
    CHECK(test_await(second.turn + third.turn == 3 + 4)); // both, without one waiting for the other
    actor_leave(&second);
    actor_leave(&third);
    expect_free();
}

TEST(rwlock, serves_writers_in_the_order_they_came)
{
    struct actor writer[4] = { { .exclusive = true }, { .exclusive = true }, { .exclusive = true }, { .exclusive = true } };
    turns = 0;
    rwlock_init(&lock, RANK_SPACE);
    for (int i = 0; i < 4; i++)
        actor_enter(&writer[i]);
    for (int i = 0; i < 4; i++) {
        CHECK(test_await(writer[i].turn));
        CHECK_EQUAL(writer[i].turn, i + 1);
        CHECK(rwlock_held(&lock));
        actor_leave(&writer[i]);
    }
    expect_free();
}

// A stray wake-up is not a release.
TEST(rwlock, keeps_its_waiters_through_a_wake_up_for_nothing)
{
    struct actor first = {}, writer = { .exclusive = true }, reader = {};
    turns = 0;
    rwlock_init(&lock, RANK_SPACE);
    actor_enter(&first);
    actor_enter(&writer);
    actor_enter(&reader);
    for (int i = 0; i < 10; i++) {
        thread_wake(writer.thread);
        thread_wake(reader.thread);
        thread_yield();
    }
    CHECK_EQUAL(writer.turn + reader.turn, 0);
    actor_leave(&first);
    actor_leave(&writer);
    actor_leave(&reader);
    expect_free();
}

// One thread asks for what it already has, which the analysis rightly refuses.
NO_LOCK_ANALYSIS static void scenario_tries(void)
{
    CHECK(rwlock_try_acquire_shared(&lock));
    CHECK(rwlock_try_acquire_shared(&lock));
    CHECK(rwlock_shared(&lock) && !rwlock_held(&lock));
    CHECK(!rwlock_try_acquire(&lock));
    rwlock_release_shared(&lock);
    rwlock_release_shared(&lock);
    expect_free();
    CHECK(rwlock_try_acquire(&lock));
    CHECK(rwlock_held(&lock));
    CHECK(!rwlock_try_acquire(&lock));
    CHECK(!rwlock_try_acquire_shared(&lock));
    rwlock_release(&lock);
    expect_free();
}

TEST(rwlock, is_taken_without_waiting_only_when_that_is_allowed)
{
    rwlock_init(&lock, RANK_SPACE);
    scenario_tries();
}
