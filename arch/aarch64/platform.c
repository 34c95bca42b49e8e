// SPDX-License-Identifier: MIT
// platform.c: what boot code learns of the machine: everything from the firmware's device tree.

#include <arch/boot.h>

#include <arch/counter.h>
#include <arch/platform_tree.h>

#include <helix/boot_info.h>

#include "early_console.h"
#include "psci.h"

// Nothing but the CPU is set up yet: whatever runs here does not log.
void arch_boot_begin(uint64_t data)
{
    const struct physical_view view = { .at = arch_boot_view_at };
    counter_begin();
    early_console_guess();
    if (platform_tree_read(&view, (phys_t){ data }))
        early_console_find(platform_tree());
}

void arch_boot_platform(const struct physical_view *view, struct boot_info *boot)
{
    if (boot->device_tree.raw && platform_tree_read(view, boot->device_tree))
        psci_start(platform_tree());
}
