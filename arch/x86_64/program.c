// SPDX-License-Identifier: MIT
// program.c: what user programs are told about an x86_64 CPU.

#include <arch/machine.h>
#include <arch/signal.h>

#include <abi/linux/elf.h>

#include <arch/fpu.h>

#include "keys.h"

enum : uint64_t { SIGNAL_FRAME_MOST = 1024 }; // registers, siginfo, red zone and alignment, without the FPU image

uint16_t arch_elf_machine(void)
{
    return ELF_MACHINE_X86_64;
}

uint64_t arch_elf_hwcap(void)
{
    uint32_t a = 1, b, c = 0, d;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return d;
}

uint64_t arch_elf_hwcap2(void)
{
    return 0; // neither MWAIT nor FSGSBASE in user mode
}

// The ABI has a restorer in every action.
size_t arch_signal_trampoline(const void **code)
{
    return 0;
}

uint64_t arch_signal_stack_minimum(void)
{
    return align_up(SIGNAL_FRAME_MOST + keys_image_size(fpu_area_size()), 64);
}
