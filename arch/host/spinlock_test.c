// SPDX-License-Identifier: MIT
// spinlock_test.c: threads of the host as CPUs that want one spinlock. Only the form without a preemption count: they have no blocks.

#include <pthread.h>
#include <sched.h>

#include <helix/spinlock.h>
#include <helix/test.h>

enum { CPUS = 4, ROUNDS = 2000 };

static struct spinlock lock = SPINLOCK(RANK_RUN_QUEUE);
static uint32_t total GUARDED_BY(lock), inside GUARDED_BY(lock), most_inside GUARDED_BY(lock);

static void *take_turns(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        spinlock_acquire_off(&lock);
        inside++;
        most_inside = MAX(most_inside, inside);
        if (i % 64 == 0)
            sched_yield(); // so that the others find it taken, also on one processor
        total++;           // lost, were two in here
        inside--;
        spinlock_release_off(&lock);
        if (i % 16 == 0)
            sched_yield();
    }
    return nullptr;
}

TEST(spinlock, lets_one_processor_in_at_a_time)
{
    pthread_t cpus[CPUS];
    spinlock_acquire_off(&lock);
    total = inside = most_inside = 0;
    spinlock_release_off(&lock);
    for (int i = 0; i < CPUS; i++)
        CHECK(pthread_create(&cpus[i], nullptr, take_turns, nullptr) == 0);
    for (int i = 0; i < CPUS; i++)
        CHECK(pthread_join(cpus[i], nullptr) == 0);
    spinlock_acquire_off(&lock);
    CHECK_EQUAL(total, CPUS * ROUNDS);
    CHECK_EQUAL(most_inside, 1);
    spinlock_release_off(&lock);
    CHECK_EQUAL(atomic_load(&lock.word), 0);
    CHECK_EQUAL(atomic_load(&lock.next), atomic_load(&lock.serving));
}
