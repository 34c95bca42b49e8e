// SPDX-License-Identifier: MIT
// user_copy.h: the port's routines that touch user memory (arch/<port>/copy.S), behind the range checks of arch/common/user.c.
//
// Each instruction that may fault has a row in helix_fault_table (fault_row.h) that sends it to the failure path.
#pragma once

#include <lib/types.h>

// Bytes not copied; either side may be user memory.
uint64_t user_copy(void *to, const void *from, size_t size);

// Bytes not written.
uint64_t user_fill_zero(void *to, size_t size);

// Length without the NUL, `size` if there is none, −1 on a fault.
int64_t user_string(char *to, const char *from, size_t size);

// 0, or −1 on a fault. `at` is aligned. The exchange is atomic and orders everything before and after it.
int user_load32(const uint32_t *from, uint32_t *value);
int user_exchange32(uint32_t *at, uint32_t expected, uint32_t desired, uint32_t *found);

// Whether the kernel cannot reach user memory just now, as it must be outside these routines; true where the CPU has no such lock. For tests.
bool user_access_closed(void);
