// SPDX-License-Identifier: MIT
// space.h: x86_64's address space: page tables.
#pragma once

#include <arch/table_space.h>
