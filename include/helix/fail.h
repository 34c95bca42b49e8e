// SPDX-License-Identifier: MIT
// fail.h: allocations that fail on purpose, one at a time ([debug] allocation_failures), so that every error path can be seen to work.
#pragma once

#include <lib/types.h>

#include <generated/profile.h>

#if PROFILE_ALLOCATION_FAILURES

// Whether this allocation, asked for at `by`, is the one to fail. Counts it. Any context.
bool fail_allocation(uint64_t by);

// The `number`th (1: the next) allocation from now on fails, once; 0: none does.
void fail_arm(uint64_t number);

struct fail_state {
    uint64_t counted; // allocations since fail_arm
    bool failed;      // whether the one asked for has failed since
    uint64_t by;      // which place asked for it
};
struct fail_state fail_look(void);

#else
static inline bool fail_allocation(uint64_t by)
{
    return false;
}
#endif
