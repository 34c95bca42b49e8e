// SPDX-License-Identifier: MIT
// auxv.h: the auxiliary vector on a new program's stack: pairs of a tag and a value.
#pragma once

#include <stdint.h>

enum : uint64_t {
    LINUX_AT_NULL = 0,
    LINUX_AT_PHDR = 3,
    LINUX_AT_PHENT = 4,
    LINUX_AT_PHNUM = 5,
    LINUX_AT_PAGESZ = 6,
    LINUX_AT_BASE = 7,
    LINUX_AT_FLAGS = 8,
    LINUX_AT_ENTRY = 9,
    LINUX_AT_UID = 11,
    LINUX_AT_EUID = 12,
    LINUX_AT_GID = 13,
    LINUX_AT_EGID = 14,
    LINUX_AT_PLATFORM = 15,
    LINUX_AT_HWCAP = 16,
    LINUX_AT_CLKTCK = 17,
    LINUX_AT_SECURE = 23,
    LINUX_AT_RANDOM = 25,
    LINUX_AT_HWCAP2 = 26,
    LINUX_AT_EXECFN = 31,
    LINUX_AT_MINSIGSTKSZ = 51,
};

enum : uint64_t { LINUX_CLOCK_TICKS = 100 }; // per second, as times(2) and /proc count them
