// SPDX-License-Identifier: MIT
// linux.h: what aarch64's programs have otherwise than others': open flags as 32-bit Arm has them, and room for its signal frame.
#pragma once

#include <abi/linux/stat_generic.h>

enum : uint32_t {
    LINUX_O_DIRECTORY = 040000,
    LINUX_O_NOFOLLOW = 0100000,
    LINUX_O_DIRECT = 0200000,
    LINUX_O_LARGEFILE = 0400000,
};

enum { LINUX_MINSIGSTKSZ = 5120, LINUX_HAS_RESTORER = 1 };

#define LINUX_PLATFORM "aarch64"
