// SPDX-License-Identifier: MIT
// clock.c: the clock that rows are measured by.
#include "bench.h"
#include "machine.h"

#include <time.h>

bool wall_time;

uint64_t clock_now(void)
{
    if (!wall_time)
        return machine_instructions();
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}
