// SPDX-License-Identifier: MIT
// time.c: how much later than asked a sleeper runs again, on a machine with nothing else to do.
#include "bench.h"

#include <sys/prctl.h>
#include <time.h>

enum { SLEEP_NS = 1000000 };

// No slack for bundling wake-ups, where the kernel has such a thing: what is measured is the work.
static void refuse_slack(void)
{
    (void)prctl(PR_SET_TIMERSLACK, 1L, 0L, 0L, 0L);
}

static uint64_t sleep_late(void)
{
    struct timespec pause = { .tv_nsec = SLEEP_NS };
    uint64_t start = clock_now();
    if (nanosleep(&pause, NULL) != 0)
        give_up("nanosleep");
    uint64_t slept = clock_now() - start;
    if (slept < SLEEP_NS)
        leave_out("nanosleep() of 1 ms came back after %llu ns", (unsigned long long)slept);
    return slept - SLEEP_NS;
}

static const struct row rows[] = {
    { "nanosleep_late", refuse_slack, .lateness = sleep_late },
};
GROUP(time_group, "time", rows);
