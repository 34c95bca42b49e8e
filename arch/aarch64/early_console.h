// SPDX-License-Identifier: MIT
// early_console.h: the serial port that arch_early_console_write polls: a PL011 that firmware has set up.
#pragma once

#include <lib/device_tree.h>

// Takes the port of QEMU's virt machine until the tree is read, so that what goes wrong before is told there.
void early_console_guess(void);

// Looks for it in the tree; without one in it nothing is written. Boot code's page tables are in force.
void early_console_find(const struct device_tree *tree);

// Maps its registers at the same place in the kernel's own page tables, which are complete but for this and not yet in force.
void early_console_keep(void);
