// SPDX-License-Identifier: MIT
// layout.h: aarch64's address space: 48 bits below by TTBR0, 48 bits above by TTBR1.
//
//   0x0000000000000000  programs                         (256 TiB, but the last page)
//   0xffff800000000000  direct map of all RAM            (64 TiB)
//   0xffffc80000000000  kernel stacks with guard pages   (512 GiB)
//   0xffffd00000000000  device registers                 (512 GiB)
//   0xffffffff80000000  the kernel image                 (1 GiB)
//   0xffffffffc0000000  one page of the early console    (1 GiB)
#pragma once

#include <lib/types.h>

enum : uint64_t {
    DIRECT_MAP_START = 0xffff'8000'0000'0000,
    DIRECT_MAP_SIZE = 64 * TIB,
    KERNEL_AREA_START = 0xffff'c800'0000'0000, // root entries from here to KERNEL_AREA_END exist from boot on
    KERNEL_STACKS_START = 0xffff'c800'0000'0000,
    KERNEL_STACKS_END = 0xffff'c880'0000'0000,
    DEVICES_START = 0xffff'd000'0000'0000,
    DEVICES_END = 0xffff'd080'0000'0000,
    KERNEL_AREA_END = 0xffff'd080'0000'0000,
    EARLY_CONSOLE_VA = 0xffff'ffff'c000'0000, // boot_map_device
};

// One past the highest address a program may use.
static inline uint64_t arch_user_end(void)
{
    return 0x0000'ffff'ffff'f000;
}
