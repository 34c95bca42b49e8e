// SPDX-License-Identifier: MIT
// layout.h: where things lie in every address space. The port's impl/layout.h has the figures: DIRECT_MAP_START/SIZE,
// KERNEL_STACKS_START/END, DEVICES_START/END, and KERNEL_AREA_START/END round what is mapped after boot.
#pragma once

#include <lib/types.h>

// One past the highest address a program may use; page-aligned, at least a page below the end of the user half.
static inline uint64_t arch_user_end(void);

#include <arch/impl/layout.h>
