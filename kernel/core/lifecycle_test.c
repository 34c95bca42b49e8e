// SPDX-License-Identifier: MIT
#include <helix/orchestrator.h>
#include <helix/test.h>

TEST(lifecycle, goes_one_step_forward_or_to_its_end)
{
    for (enum lifecycle_phase from = 0; from < LIFECYCLE_PHASES; from++) {
        for (enum lifecycle_phase to = 0; to < LIFECYCLE_PHASES; to++) {
            bool legal = to == from + 1 || (to == LIFECYCLE_SHUTTING_DOWN && from < LIFECYCLE_SHUTTING_DOWN);
            CHECK(lifecycle_phase_may_become(from, to) == legal);
        }
    }
    CHECK(!lifecycle_phase_may_become(LIFECYCLE_HALTED, LIFECYCLE_PHASES));
}

KERNEL_TEST(lifecycle, refuses_to_go_back)
{
    CHECK(lifecycle_phase() == LIFECYCLE_RUNNING);
    CHECK(lifecycle_transition(LIFECYCLE_LATE_INIT) == STATUS_BAD_STATE);
    CHECK(lifecycle_phase() == LIFECYCLE_RUNNING);
}
