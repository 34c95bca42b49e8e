// SPDX-License-Identifier: MIT
// fp.h: a thread's floating-point and vector registers in memory.
#pragma once

#include <lib/types.h>

struct fpu_area {
    alignas(16) uint64_t q[32][2]; // low half first
    uint32_t fpsr, fpcr;
    uint64_t padding;
};
