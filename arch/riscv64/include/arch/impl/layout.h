// SPDX-License-Identifier: MIT
// layout.h: riscv64's kernel half of the address space: the top 256 GiB, however many levels the page tables have.
//
//   0xffffffc000000000  direct map of all RAM            (192 GiB)
//   0xfffffff000000000  kernel stacks with guard pages   (1 GiB)
//   0xfffffff100000000  device registers                 (1 GiB)
//   0xffffffff80000000  the kernel image                 (2 GiB)
#pragma once

#include <lib/types.h>

enum : uint64_t {
    DIRECT_MAP_START = 0xffff'ffc0'0000'0000,
    DIRECT_MAP_SIZE = 192 * GIB,
    KERNEL_AREA_START = 0xffff'fff0'0000'0000, // root entries from here to KERNEL_AREA_END exist in every space
    KERNEL_STACKS_START = 0xffff'fff0'0000'0000,
    KERNEL_STACKS_END = 0xffff'fff0'4000'0000,
    DEVICES_START = 0xffff'fff1'0000'0000,
    DEVICES_END = 0xffff'fff1'4000'0000,
    KERNEL_AREA_END = 0xffff'fff1'4000'0000,
};

extern uint64_t riscv_user_end; // [const] once the kernel's page tables are in force

// Half of what the page tables reach, by their mode, without the last page.
static inline uint64_t arch_user_end(void)
{
    return riscv_user_end;
}
