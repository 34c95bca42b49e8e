// SPDX-License-Identifier: MIT
// platform_tree.h: for ports whose firmware passes a device tree: the tree, and devices found in it (arch/common/platform_tree.c
// implements arch_device_find with it).
#pragma once

#include <lib/device_tree.h>
#include <lib/types.h>

#include <arch/physical.h>

// Opens the tree at `start`. What it was read through must show it then; from arch_space_init_kernel on the direct map does.
// False: nothing there that holds.
bool platform_tree_read(const struct physical_view *view, phys_t start);

// The tree, nullptr before that and where there is none.
const struct device_tree *platform_tree(void);

// The `index`th node that has this name among its "compatible" and is not disabled. False: not so many.
bool platform_tree_find(const char *compatible, uint32_t index, struct device_node *node);

// ---- supplied by the port ----

// The line number (for interrupt_connect) of an interrupt as its controller counts it; ARCH_NO_LINE: of another controller.
uint32_t platform_tree_line(const struct device_interrupt *interrupt);
