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

// Every `period`th allocation from now on fails, until fail_arm.
void fail_arm_period(uint64_t period);

// None fails any more; what fail_look says stays.
void fail_disarm(void);

// All since the last fail_arm or fail_arm_period.
struct fail_state {
    uint64_t number, period; // what was asked for; 0: nothing
    uint64_t counted;        // allocations
    uint64_t failed;         // how many of them were refused
    uint64_t by;             // which place asked for the last of those
};
struct fail_state fail_look(void);

#else
static inline bool fail_allocation(uint64_t by)
{
    return false;
}
#endif
