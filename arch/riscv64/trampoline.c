// SPDX-License-Identifier: MIT
// trampoline.c: what signal handlers return to: `li a7, 139` (rt_sigreturn), `ecall`. libgcc's unwinder knows a signal frame by
// these two instructions at the return address.

#include <arch/signal.h>

size_t arch_signal_trampoline(const void **code)
{
    static const uint32_t instructions[] = { 0x08b0'0893, 0x0000'0073 };
    *code = instructions;
    return sizeof instructions;
}
