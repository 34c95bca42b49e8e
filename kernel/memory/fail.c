// SPDX-License-Identifier: MIT
// fail.c: allocations of frames and heap blocks that fail on purpose: counted since the last fail_arm.

#include <helix/fail.h>

#if PROFILE_ALLOCATION_FAILURES

#include <stdatomic.h>

static _Atomic uint64_t counted;
static _Atomic uint64_t chosen; // the number of the one that fails; 0: none does
static _Atomic uint64_t period; // 0: chosen counts
static _Atomic uint64_t failed_by;
static _Atomic uint64_t failed;

static uint64_t look(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static void set(_Atomic uint64_t *value, uint64_t to)
{
    atomic_store_explicit(value, to, memory_order_relaxed);
}

bool fail_allocation(uint64_t by)
{
    uint64_t number = atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed) + 1, every = look(&period);
    if (LIKELY(every ? number % every : number != look(&chosen)))
        return false;
    set(&failed_by, by);
    atomic_fetch_add_explicit(&failed, 1, memory_order_relaxed);
    return true;
}

static void arm(uint64_t number, uint64_t every)
{
    set(&period, 0);
    set(&chosen, 0);
    set(&failed, 0);
    set(&failed_by, 0);
    set(&counted, 0);
    set(&chosen, number);
    set(&period, every);
}

void fail_arm(uint64_t number)
{
    arm(number, 0);
}

void fail_arm_period(uint64_t every)
{
    arm(0, every);
}

void fail_disarm(void)
{
    set(&period, 0);
    set(&chosen, 0);
}

struct fail_state fail_look(void)
{
    return (struct fail_state){
        .number = look(&chosen), .period = look(&period), .counted = look(&counted), .failed = look(&failed), .by = look(&failed_by)
    };
}

#endif
