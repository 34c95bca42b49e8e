// SPDX-License-Identifier: MIT
// program.c: what user programs are told about a RISC-V CPU.

#include <arch/machine.h>

#include <abi/linux/elf.h>
#include <lib/types.h>

#include "fpu_state.h"
#include "isa.h"

enum : uint64_t { SIGNAL_FRAME_MOST = 1088 + 16 }; // and what aligns it

uint16_t arch_elf_machine(void)
{
    return ELF_MACHINE_RISCV;
}

// A bit for each extension of one letter whose registers are saved.
uint64_t arch_elf_hwcap(void)
{
    static const char always[] = "imac", with_float[] = "fd";
    uint64_t bits = 0;
    for (size_t i = 0; always[i]; i++)
        bits |= (uint64_t)isa_letter(always[i]) << (always[i] - 'a');
    for (size_t i = 0; with_float[i] && fpu_present(); i++)
        bits |= (uint64_t)isa_letter(with_float[i]) << (with_float[i] - 'a');
    return bits;
}

uint64_t arch_elf_hwcap2(void)
{
    return 0;
}

uint64_t arch_signal_stack_minimum(void)
{
    return SIGNAL_FRAME_MOST;
}
