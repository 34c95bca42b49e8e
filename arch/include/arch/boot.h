// SPDX-License-Identifier: MIT
// boot.h: the first C code (arch/common/boot_main.c) and what it asks of the port.
#pragma once

#include <lib/types.h>

#include <arch/physical.h>

struct boot_info;

// Entered by the port's boot code at the kernel's link address, on the boot stack, interrupts off. `magic` says which row of
// helix_boot_protocols booted us, `data` is the physical address of what the loader passed.
[[noreturn]] void arch_boot_main(uint64_t magic, uint64_t data);

// ---- supplied by the port ----

// The start of everything: the clock begins to count here. `data` as above; the early console may be looked for in it.
void arch_boot_begin(uint64_t data);

// `at` of a physical_view of what the boot code's page tables show: never memory that they do not.
const void *arch_boot_view_at(const struct physical_view *view, uint64_t start, uint64_t size);

// Where the image was loaded.
phys_t arch_boot_image(void);

// Reads the firmware's tables that the port itself needs (ACPI, device tree), before any memory is mapped otherwise, and adds to the
// boot_info what only they say (CPUs).
void arch_boot_platform(const struct physical_view *view, struct boot_info *boot);
