// SPDX-License-Identifier: MIT
// machine.c: power, by way of the firmware, and the port's name.

#include <arch/machine.h>

#include <arch/cpu.h>

#include "psci.h"

void arch_power_off(void)
{
    (void)arch_interrupts_disable();
    psci_power_off();
}

// There is no other way that all machines have: one whose firmware does not restart it stands still.
void arch_reboot(void)
{
    (void)arch_interrupts_disable();
    psci_reset();
    arch_cpu_halt();
}

// An emulator's own call (semihosting) is an undefined instruction wherever it is not switched on.
void arch_exit_emulator(uint32_t code)
{
}

const char *arch_name(void)
{
    return "aarch64";
}
