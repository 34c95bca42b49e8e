// SPDX-License-Identifier: MIT
// layout.h: the kernel's areas in a Linux process: far from where its libraries, heap and the sanitizers' shadow lie.
//
//   0x200000000000  kernel stacks with guard pages
//   0x210000000000  device registers
//   0x300000000000  direct map of the memory file that stands for RAM
#pragma once

#include <lib/types.h>

enum : uint64_t {
    KERNEL_STACKS_START = 0x2000'0000'0000,
    KERNEL_STACKS_END = 0x2080'0000'0000,
    DEVICES_START = 0x2100'0000'0000,
    DEVICES_END = 0x2180'0000'0000,
    HOST_DIRECT_MAP = 0x3000'0000'0000,
    DIRECT_MAP_SIZE = 16 * TIB,
};

static inline uint64_t arch_user_end(void)
{
    return 0x0000'7fff'ffff'f000;
}
