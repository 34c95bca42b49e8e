// SPDX-License-Identifier: MIT
// platform.h: what the port learned of the PC while booting, for its own files.
#pragma once

#include <arch/acpi.h>
#include <arch/physical.h>

// The firmware's tables, read once by boot code; all zero when there are none.
const struct acpi_info *platform_acpi(void);
void platform_read_acpi(const struct physical_view *view, uint64_t rsdp);

// Maps the registers that powering off and resetting need, so that a panic can use them. Memory mapping works.
void platform_map_power(void);

// Starts the clock's count: arch_time_ns is 0 here.
void time_begin(void);
