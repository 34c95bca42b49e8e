// SPDX-License-Identifier: MIT
// state_test.c: the edges of the state diagrams of threads and processes, and that there are no others.

#include <helix/process.h>
#include <helix/test.h>
#include <helix/thread.h>

TEST(thread_state, has_exactly_the_documented_edges)
{
    unsigned edges = 0;
    for (uint32_t from = 0; from < THREAD_STATES; from++) {
        for (uint32_t to = 0; to < THREAD_STATES; to++)
            edges += thread_state_may_become((enum thread_state)from, (enum thread_state)to);
    }
    CHECK_EQUAL(edges, 17);
    CHECK(thread_state_may_become(THREAD_CREATING, THREAD_READY));
    CHECK(thread_state_may_become(THREAD_RUNNING, THREAD_STOPPED));
    CHECK(thread_state_may_become(THREAD_ZOMBIE, THREAD_DEAD));
}

TEST(thread_state, refuses_what_makes_no_sense)
{
    CHECK(!thread_state_may_become(THREAD_CREATING, THREAD_RUNNING));
    CHECK(!thread_state_may_become(THREAD_BLOCKED, THREAD_RUNNING));
    CHECK(!thread_state_may_become(THREAD_ZOMBIE, THREAD_READY));
    for (uint32_t to = 0; to < THREAD_STATES; to++)
        CHECK(!thread_state_may_become(THREAD_DEAD, (enum thread_state)to));
}

TEST(process_state, has_exactly_the_documented_edges)
{
    unsigned edges = 0;
    for (uint32_t from = 0; from < PROCESS_STATES; from++) {
        for (uint32_t to = 0; to < PROCESS_STATES; to++)
            edges += process_state_may_become((enum process_state)from, (enum process_state)to);
    }
    CHECK_EQUAL(edges, 7);
    CHECK(!process_state_may_become(PROCESS_ZOMBIE, PROCESS_RUNNING));
    CHECK(!process_state_may_become(PROCESS_DEAD, PROCESS_CREATING));
}
