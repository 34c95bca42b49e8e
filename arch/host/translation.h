// SPDX-License-Identifier: MIT
// translation.h: the host's memory management unit.
#pragma once

#include <lib/types.h>

// Where the byte at `at` lies in the direct map for a program's access that wants `wanted` (PAGE_READ or PAGE_WRITE); nullptr: a fault.
char *host_translate(uint64_t at, uint32_t wanted);
