// SPDX-License-Identifier: MIT
// preempt.h: switching preemption off and on. The kernel is preemptible wherever this count is 0 and interrupts are on.
#pragma once

#include <lib/types.h>

#include <arch/cpu.h>

#include <helix/lock_check.h>

// These nest: preemption is on again after as many enables. What stands between them is not moved out by the compiler.
static inline void preempt_disable(void)
{
    arch_preempt_count_add(1);
    lock_check_preemption_off();
    __asm__ volatile("" ::: "memory");
}

static inline void preempt_enable_no_check(void)
{
    __asm__ volatile("" ::: "memory");
    arch_preempt_count_add(-1);
}

// Gives the CPU away if a more urgent thread waits and nothing forbids it (scheduler.c).
ARCH_SLOW_PATH void preempt_reschedule(void);

// Gives way now if that was asked for and is allowed.
static inline void preempt_check(void)
{
    if (UNLIKELY(arch_reschedule_wanted()))
        preempt_reschedule();
}

static inline void preempt_enable(void)
{
    __asm__ volatile("" ::: "memory");
    if (UNLIKELY(arch_preempt_count_drop()))
        preempt_reschedule();
}
