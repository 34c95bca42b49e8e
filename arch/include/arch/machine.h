// SPDX-License-Identifier: MIT
// machine.h: the whole machine: early console, power, its name, and what programs are told of it.
#pragma once

#include <lib/types.h>

struct boot_info;

// The console of the first instructions: polls, needs nothing initialised, safe in a panic.
void arch_early_console_write(const char *text, size_t length);

// Turns the machine off; returns only if it has no way to.
void arch_power_off(void);

// Restarts it; falls through ever cruder ways and does not return.
[[noreturn]] void arch_reboot(void);

// Ends an emulator with a status that says "panic" if it offers a way; returns otherwise.
void arch_exit_emulator(uint32_t code);

// The architecture's name as uname -m prints it.
const char *arch_name(void);

// ---- what programs are told about the CPU ----

// e_machine of the programs it runs (EM_X86_64 …), AT_HWCAP and AT_HWCAP2 as Linux has their bits, and AT_MINSIGSTKSZ: the stack
// that the delivery of a signal takes. A program is told only of what the kernel saves for it.
uint16_t arch_elf_machine(void);
uint64_t arch_elf_hwcap(void);
uint64_t arch_elf_hwcap2(void);
uint64_t arch_signal_stack_minimum(void);
