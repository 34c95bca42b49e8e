// SPDX-License-Identifier: MIT
// fail.c: allocations of frames and heap blocks that fail on purpose, one at a time: counted since the last fail_arm.

#include <helix/fail.h>

#if PROFILE_ALLOCATION_FAILURES

#include <stdatomic.h>

static _Atomic uint64_t counted;
static _Atomic uint64_t chosen; // the number of the one that fails; 0: none
static _Atomic uint64_t failed_by;
static _Atomic bool failed;

bool fail_allocation(uint64_t by)
{
    uint64_t number = atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed) + 1;
    if (LIKELY(number != atomic_load_explicit(&chosen, memory_order_relaxed)))
        return false;
    atomic_store_explicit(&failed_by, by, memory_order_relaxed);
    atomic_store_explicit(&failed, true, memory_order_relaxed);
    return true;
}

void fail_arm(uint64_t number)
{
    atomic_store_explicit(&chosen, 0, memory_order_relaxed);
    atomic_store_explicit(&failed, false, memory_order_relaxed);
    atomic_store_explicit(&counted, 0, memory_order_relaxed);
    atomic_store_explicit(&chosen, number, memory_order_relaxed);
}

struct fail_state fail_look(void)
{
    return (struct fail_state){
        .counted = atomic_load_explicit(&counted, memory_order_relaxed),
        .failed = atomic_load_explicit(&failed, memory_order_relaxed),
        .by = atomic_load_explicit(&failed_by, memory_order_relaxed),
    };
}

#endif
