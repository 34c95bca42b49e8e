// SPDX-License-Identifier: MIT
// time.h: the clock that counts up and the one timer interrupt each CPU has.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

struct boot_info;

// Chooses and calibrates the time sources, the best there is. Interrupts may be off. STATUS_NO_DEVICE: none whose rate is known.
enum status arch_time_init(const struct boot_info *boot);

// Nanoseconds since boot: monotonic, the same on all CPUs. Lock-free, a few instructions. 0 before arch_time_init.
uint64_t arch_time_ns(void);

// Nanoseconds from cycles of arch_cycles(): for figures measured with it.
uint64_t arch_cycles_to_ns(uint64_t cycles);

// Seconds since 1970-01-01 from the battery-backed clock, 0 when there is none. Slow; called once.
uint64_t arch_wall_clock_seconds(void);

// Interrupts this CPU once at `deadline_ns` (arch_time_ns's scale), or at once when that is past. Replaces the one before.
void arch_timer_set(uint64_t deadline_ns);

// "tsc, 2400 MHz by PIT" for the boot log.
size_t arch_time_describe(char *to, size_t size);
