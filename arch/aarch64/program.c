// SPDX-License-Identifier: MIT
// program.c: what user programs are told about an aarch64 CPU.

#include <arch/machine.h>

#include <abi/linux/elf.h>

#include "features.h"

enum { HWCAP_CPUID = 11, SIGNAL_FRAME_MOST = 4720 }; // identification registers can be read; signal.c's frame, record and alignment

uint16_t arch_elf_machine(void)
{
    return ELF_MACHINE_AARCH64;
}

// The 64 bits from number `first` on.
static uint64_t hwcap_word(uint8_t first)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < feature_count; i++) {
        if ((features[i].hwcap & 64) == first)
            bits |= (uint64_t)feature_present(&features[i]) << (features[i].hwcap & 63);
    }
    return bits;
}

uint64_t arch_elf_hwcap(void)
{
    return hwcap_word(0) | 1 << HWCAP_CPUID;
}

uint64_t arch_elf_hwcap2(void)
{
    return hwcap_word(64);
}

uint64_t arch_signal_stack_minimum(void)
{
    return SIGNAL_FRAME_MOST;
}
