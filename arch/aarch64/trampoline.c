// SPDX-License-Identifier: MIT
// trampoline.c: what signal handlers return to: `mov x8, #139` (rt_sigreturn), `svc #0`. libgcc's unwinder knows a signal frame by
// these two instructions at the return address.

#include <arch/signal.h>

size_t arch_signal_trampoline(const void **code)
{
    static const uint32_t instructions[] = { 0xd280'1168, 0xd400'0001 };
    *code = instructions;
    return sizeof instructions;
}
