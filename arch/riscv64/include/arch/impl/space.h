// SPDX-License-Identifier: MIT
// space.h: riscv64's address space.
#pragma once

#include <arch/table_space.h>
