// SPDX-License-Identifier: MIT
// fcntl_generic.h: the open flags that differ by architecture, where it has none of its own. Theirs includes it (arch/linux.h).
#pragma once

#include <stdint.h>

enum : uint32_t {
    LINUX_O_DIRECT = 040000,
    LINUX_O_LARGEFILE = 0100000,
    LINUX_O_DIRECTORY = 0200000,
    LINUX_O_NOFOLLOW = 0400000,
};
