// SPDX-License-Identifier: MIT
// time.c: the time counter, whose rate the tree gives, and the timer that compares against it: the hart's own where it has one
// (Sstc), else the firmware's.

#include <arch/counter.h>

#include <arch/platform_tree.h>

#include "platform.h"
#include "sbi.h"

enum : uint64_t { ENABLE_TIMER = 1 << 5 }; // in sie (Privileged Architecture 1.12, 4.1.3)

static bool has_sstc; // [const] after counter_start

// One for all harts, or each hart has its own (Devicetree Specification 0.4, 3.7 and 3.8.1). 0: neither.
static uint64_t rate_find(void)
{
    static const char name[] = "timebase-frequency";
    struct device_node cpus, hart;
    uint64_t rate;
    if (!platform_tree())
        return 0;
    if (device_tree_path(platform_tree(), "/cpus", &cpus) && device_tree_figure(platform_tree(), cpus, name, &rate))
        return rate;
    return platform_boot_hart_node(&hart) && device_tree_figure(platform_tree(), hart, name, &rate) ? rate : 0;
}

uint64_t counter_start(const struct boot_info *boot)
{
    has_sstc = platform_hart_has("sstc");
    counter_timer_set(UINT64_MAX);
    __asm__ volatile("csrs sie, %0" : : "r"(ENABLE_TIMER));
    return rate_find();
}

void counter_timer_set(uint64_t at)
{
    if (has_sstc)
        __asm__ volatile("csrw 0x14d, %0" : : "r"(at)); // stimecmp (Sstc 1.0, 2.1)
    else
        sbi_timer_set(at);
}

const char *counter_name(void)
{
    return "rdtime";
}

const char *counter_timer_name(void)
{
    return has_sstc ? "sstc" : "sbi";
}
