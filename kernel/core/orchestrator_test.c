// SPDX-License-Identifier: MIT
#include <helix/orchestrator.h>
#include <helix/test.h>

KERNEL_TEST(orchestrator, has_everything_running_and_every_capability_it_names)
{
    CHECK(orchestrator_state("boot") == SUBSYSTEM_RUNNING);
    CHECK(orchestrator_state("memory") == SUBSYSTEM_RUNNING);
    CHECK(orchestrator_state("scheduler") == SUBSYSTEM_RUNNING);
    CHECK(orchestrator_state("no such subsystem") == SUBSYSTEM_REGISTERED);
    uint32_t wanted = PHASE_CONSOLE | PHASE_HEAP | PHASE_MEMORY | PHASE_INTERRUPTS | PHASE_TIMERS | PHASE_SCHEDULER;
    CHECK_EQUAL(orchestrator_capabilities() & wanted, wanted);
}
