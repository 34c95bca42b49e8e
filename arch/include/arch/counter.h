// SPDX-License-Identifier: MIT
// counter.h: for ports whose arch_cycles() is the machine's own clock, of one known rate on all CPUs: arch/common/counter_time.c
// makes time.h of it.
#pragma once

#include <lib/types.h>

struct boot_info;

// Time is 0 here. The port's arch_boot_begin calls it.
void counter_begin(void);

// ---- supplied by the port ----

// Finds the counter's rate and prepares the timer, which is off. 0: nothing says the rate.
uint64_t counter_start(const struct boot_info *boot);

// Interrupts this CPU as soon as arch_cycles() >= `at`; UINT64_MAX: never. Replaces the one before.
void counter_timer_set(uint64_t at);

// For the boot log: what counts ("cntvct", "rdtime"), and what interrupts ("virtual", "sstc", "sbi").
const char *counter_name(void);
const char *counter_timer_name(void);
