// SPDX-License-Identifier: MIT
// layout.h: the kernel's areas in a Linux process: far from where its libraries, heap and the sanitizers' shadow lie.
//
//   0x200000000000  kernel stacks with guard pages
//   0x210000000000  device registers
//   0x300000000000  direct map of the memory file that stands for RAM
//
// The thread sanitizer leaves a program the lowest 512 GiB, so everything is nearer together there.
#pragma once

#include <lib/types.h>

enum : uint64_t {
#if __has_feature(thread_sanitizer)
    KERNEL_STACKS_START = 0x0010'0000'0000,
    KERNEL_STACKS_END = 0x0018'0000'0000,
    DEVICES_START = 0x0018'0000'0000,
    DEVICES_END = 0x001c'0000'0000,
    HOST_DIRECT_MAP = 0x0020'0000'0000,
#else
    KERNEL_STACKS_START = 0x2000'0000'0000,
    KERNEL_STACKS_END = 0x2080'0000'0000,
    DEVICES_START = 0x2100'0000'0000,
    DEVICES_END = 0x2180'0000'0000,
    HOST_DIRECT_MAP = 0x3000'0000'0000,
#endif
    DIRECT_MAP_SIZE = 16 * TIB,
};

static inline uint64_t arch_user_end(void)
{
    return 0x0000'7fff'ffff'f000;
}
