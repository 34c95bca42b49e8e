// SPDX-License-Identifier: MIT
// reserve.c: the frames that user programs may not take, so that the kernel and its shell outlive a hog or a fork bomb.
//
// The figures are read once for a credit of several grants; the closer free memory is to the reserve, the smaller the credit,
// since one grant (a process) may cost many frames beside the one that was asked for.
#include <stdatomic.h>

#include <lib/types.h>

#include <helix/frames.h>
#include <helix/pressure.h>

enum : int64_t {
    CREDIT_MOST = 64,      // grants between two looks
    FRAMES_PER_GRANT = 32, // what one may cost, tables and stacks included
};

static _Atomic int64_t credit;

static bool credit_renew(void)
{
    uint64_t total, free;
    frames_count(&total, &free);
    int64_t spare = (int64_t)free - (int64_t)pressure_marks(total).out;
    atomic_store_explicit(&credit, spare > 0 ? MIN(spare / FRAMES_PER_GRANT, CREDIT_MOST) : 0, memory_order_relaxed);
    (void)frames_pressure(); // the level follows programs
    return spare > 0;
}

bool frames_user_allowed(void)
{
    int64_t left = atomic_load_explicit(&credit, memory_order_relaxed);
    if (UNLIKELY(left <= 0))
        return credit_renew();
    atomic_store_explicit(&credit, left - 1, memory_order_relaxed); // a lost update costs a few frames of the reserve
    return true;
}

bool frames_promise_fits(uint64_t bytes)
{
    uint64_t total, free;
    frames_count(&total, &free);
    return bytes >> PAGE_SHIFT <= total;
}
