// SPDX-License-Identifier: MIT
// time.c: the Generic Timer: its virtual counter and virtual timer (Arm ARM, chapter D12), which are the same on a bare machine and under
// a hypervisor. arch/common/counter_time.c makes the clock of them.

#include <arch/counter.h>

#include <arch/device.h>

#include <helix/log.h>

#include "gic.h"

enum { INTERRUPT_VIRTUAL = 2 };                              // of the node's interrupts: secure, non-secure, virtual, hypervisor
enum : uint64_t { TIMER_ON = 1, RATE_LEAST_HZ = 1'000'000 }; // slower: the register was never set by firmware

static void timer_control(uint64_t value)
{
    __asm__ volatile("msr cntv_ctl_el0, %0; isb" : : "r"(value) : "memory");
}

void counter_timer_set(uint64_t at)
{
    if (at == UINT64_MAX) {
        timer_control(0);
        return;
    }
    __asm__ volatile("msr cntv_cval_el0, %0" : : "r"(at) : "memory");
    timer_control(TIMER_ON);
}

// The tree overrides the register, for firmware that left it wrong.
static uint64_t counter_rate(struct device_node node)
{
    uint64_t hz;
    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    (void)device_tree_figure(platform_tree(), node, "clock-frequency", &hz);
    return hz < RATE_LEAST_HZ ? 0 : hz;
}

uint64_t counter_start(const struct boot_info *boot)
{
    struct device_node node;
    counter_timer_set(UINT64_MAX);
    if (!platform_tree_find("arm,armv8-timer", 0, &node) && !platform_tree_find("arm,armv7-timer", 0, &node)) {
        log_error("timers", "the device tree names no generic timer");
        return 0;
    }
    if (!interrupt_use_for_timer(interrupt_line(platform_tree(), node, INTERRUPT_VIRTUAL))) {
        log_error("timers", "the device tree gives the virtual timer no interrupt of this controller");
        return 0;
    }
    return counter_rate(node);
}

const char *counter_name(void)
{
    return "cntvct";
}

const char *counter_timer_name(void)
{
    return "virtual";
}
