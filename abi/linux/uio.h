// SPDX-License-Identifier: MIT
// uio.h: scattered buffers of readv(2) and writev(2).
#pragma once

#include <stdint.h>

struct linux_iovec {
    uint64_t base, length;
};

enum { LINUX_IOV_MAX = 1024 };
enum : uint64_t { LINUX_RW_MAX = 0x7ffff000 }; // most bytes one call moves
