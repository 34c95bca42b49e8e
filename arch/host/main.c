// SPDX-License-Identifier: MIT
// main.c: the unit-test program: the kernel's memory and scheduler come up in this process, then every test row runs.
//
//   unit [PATTERN]     rows whose "subject.name" contains PATTERN
//   FRAME_STEPS=N      how many random requests each frame policy is checked with

#include <stdio.h>
#include <stdlib.h>

#include <arch/cpu.h>
#include <arch/space.h>

#include <helix/boot_info.h>
#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/log.h>
#include <helix/scheduler.h>
#include <helix/space.h>
#include <helix/test.h>

extern uint64_t frame_model_steps; // kernel/memory/frames/frames_test.c

int main(int count, char **arguments)
{
    const char *steps = getenv("FRAME_STEPS");
    if (steps)
        frame_model_steps = strtoull(steps, nullptr, 10);
    arch_cpu_init(cpu_by_id(0));
    execution_adopt_boot();
    log_set_console_level(LOG_OFF); // tests provoke what would be logged
    arch_space_init_kernel(boot_info());
    space_init();
    if (frames_init(boot_info()) != STATUS_OK || heap_init() != STATUS_OK || execution_init() != STATUS_OK) {
        fprintf(stderr, "the kernel does not come up\n");
        return 2;
    }
    return test_run_all(count > 1 ? arguments[1] : nullptr, false) ? 1 : 0;
}
