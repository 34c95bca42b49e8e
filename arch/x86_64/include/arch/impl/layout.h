// SPDX-License-Identifier: MIT
// layout.h: x86_64's kernel half of the address space.
//
//   0xffff800000000000  direct map of all RAM            (up to 64 TiB)
//   0xffffc80000000000  kernel stacks with guard pages   (512 GiB)
//   0xffffd00000000000  device registers                 (512 GiB)
//   0xffffffff80000000  the kernel image                 (2 GiB)
#pragma once

#include <lib/types.h>

enum : uint64_t {
    KERNEL_AREA_START = 0xffff'c800'0000'0000, // root entries from here to KERNEL_AREA_END exist in every space
    KERNEL_STACKS_START = 0xffff'c800'0000'0000,
    KERNEL_STACKS_END = 0xffff'c880'0000'0000,
    DEVICES_START = 0xffff'd000'0000'0000,
    DEVICES_END = 0xffff'd080'0000'0000,
    KERNEL_AREA_END = 0xffff'd080'0000'0000,
};
