// SPDX-License-Identifier: MIT
// cpuid.h: what the CPU says about itself.
#pragma once

#include <stdint.h>

struct cpuid {
    uint32_t a, b, c, d;
};

static inline struct cpuid cpuid_read(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid out;
    __asm__ volatile("cpuid" : "=a"(out.a), "=b"(out.b), "=c"(out.c), "=d"(out.d) : "a"(leaf), "c"(subleaf));
    return out;
}

// As cpuid_read, all 0 for a leaf beyond the last of its range (0…, 0x4000'0000…, 0x8000'0000…).
static inline struct cpuid cpuid_checked(uint32_t leaf, uint32_t subleaf)
{
    uint32_t last = cpuid_read(leaf & 0xf000'0000, 0).a;
    return leaf <= last && (leaf & 0xf000'0000) == (last & 0xf000'0000) ? cpuid_read(leaf, subleaf) : (struct cpuid){};
}

// Whether a hypervisor shows its own range of leaves at 0x4000'0000.
static inline bool cpuid_hypervisor(void)
{
    return cpuid_read(1, 0).c >> 31 & 1;
}
