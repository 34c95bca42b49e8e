// SPDX-License-Identifier: MIT
// lock_test.c: one thread at a time in a region, several in a space.
#include "space_test.h"

#include <helix/thread.h>

enum { THREADS = 4, ROUNDS = 30 };

static struct space *shared_space;
static uint32_t in_space, in_region[2], most_in_space, most_in_region, done;

static void worker_main(void *argument)
{
    size_t which = argument ? 1 : 0;
    for (int i = 0; i < ROUNDS; i++) {
        rwlock_acquire_shared(&shared_space->lock);
        struct region *region = space_find(shared_space, AT + 2 * which * PAGE_SIZE);
        in_space++;
        most_in_space = MAX(most_in_space, in_space);
        region_acquire(shared_space, region);
        in_region[which]++;
        most_in_region = MAX(most_in_region, in_region[which]);
        thread_yield(); // so that everybody else finds it taken
        in_region[which]--;
        region_release(shared_space, region);
        in_space--;
        rwlock_release_shared(&shared_space->lock);
    }
    done++;
    thread_exit(0);
}

static void expect_idle(uint64_t at)
{
    rwlock_acquire_shared(&shared_space->lock);
    CHECK_EQUAL(atomic_load(&space_find(shared_space, at)->lock.state), REGION_FREE);
    rwlock_release_shared(&shared_space->lock);
}

TEST(space, lets_one_thread_at_a_time_into_a_region)
{
    in_space = most_in_space = most_in_region = done = 0;
    shared_space = space_new();
    CHECK(map_at(shared_space, AT, 1, READ, nullptr, 0) == STATUS_OK);
    CHECK(map_at(shared_space, AT + 2 * PAGE_SIZE, 1, READ, nullptr, 0) == STATUS_OK);
    for (uint32_t i = 0; i < THREADS; i++)
        CHECK(thread_spawn("worker", worker_main, i % 2 ? shared_space : nullptr, nullptr) == STATUS_OK);
    CHECK(test_await(done >= THREADS));
    CHECK_EQUAL(done, THREADS);
    CHECK(most_in_space > 1); // two regions at once
    CHECK_EQUAL(most_in_region, 1);
    expect_idle(AT);
    expect_idle(AT + 2 * PAGE_SIZE);
    CHECK(wait_queue_empty(&shared_space->fault_waiters));
    space_release(shared_space);
}
