// SPDX-License-Identifier: MIT
// load.h: counting what runs, for /proc and for the load averages.
#pragma once

#include <lib/types.h>

struct thread_census {
    uint64_t threads, ready, uninterruptible; // idle threads are not counted
};
void thread_census(struct thread_census *census); // any context

enum { LOAD_FRACTION_BITS = 16 };
// One step of a decaying average. `keep`: the share that stays, 16 fraction bits.
uint64_t load_decay(uint64_t load, uint64_t active, uint64_t keep);
