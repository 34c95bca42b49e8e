// SPDX-License-Identifier: MIT
// layout.h: where things lie in the kernel half of every address space. The port's impl/layout.h has the figures:
// KERNEL_STACKS_START/END and DEVICES_START/END.
#pragma once

#include <arch/impl/layout.h>
