// SPDX-License-Identifier: MIT
#include <lib/string.h>

#include <helix/orchestrator.h>
#include <helix/test.h>

TEST(kernel_state, nothing_leaves_a_panic)
{
    for (enum kernel_state to = 0; to < KERNEL_STATES; to++)
        CHECK(!kernel_state_may_become(KERNEL_PANIC, to));
}

TEST(kernel_state, every_other_state_may_panic)
{
    for (enum kernel_state from = 0; from < KERNEL_STATES; from++)
        CHECK(kernel_state_may_become(from, KERNEL_PANIC) == (from != KERNEL_PANIC));
}

TEST(kernel_state, boots_runs_suspends_and_ends)
{
    CHECK(kernel_state_may_become(KERNEL_EARLY_BOOT, KERNEL_INITIALIZING));
    CHECK(kernel_state_may_become(KERNEL_INITIALIZING, KERNEL_RUNNING));
    CHECK(kernel_state_may_become(KERNEL_RUNNING, KERNEL_SUSPENDED) && kernel_state_may_become(KERNEL_SUSPENDED, KERNEL_RUNNING));
    CHECK(kernel_state_may_become(KERNEL_RUNNING, KERNEL_SHUTTING_DOWN));
    CHECK(!kernel_state_may_become(KERNEL_EARLY_BOOT, KERNEL_RUNNING));
    CHECK(!kernel_state_may_become(KERNEL_SHUTTING_DOWN, KERNEL_RUNNING));
    CHECK(!kernel_state_may_become(KERNEL_RUNNING, KERNEL_INITIALIZING));
}

TEST(kernel_state, refuses_values_that_are_no_state)
{
    CHECK(!kernel_state_may_become(KERNEL_STATES, KERNEL_PANIC));
    CHECK(!kernel_state_may_become(KERNEL_RUNNING, KERNEL_STATES));
    CHECK(string_equal(kernel_state_name((enum kernel_state)77), "Panic"));
}

KERNEL_TEST(kernel_state, refuses_an_illegal_move_and_stays)
{
    CHECK(kernel_state() == KERNEL_RUNNING);
    CHECK(kernel_set_state(KERNEL_EARLY_BOOT) == STATUS_BAD_STATE);
    CHECK(kernel_state() == KERNEL_RUNNING);
}
