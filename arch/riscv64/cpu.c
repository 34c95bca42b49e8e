// SPDX-License-Identifier: MIT
// cpu.c: brings up one CPU: its block in tp, the trap vector, what user mode may read.

#include <arch/cpu.h>

#include <arch/fpu.h>
#include <arch/frame.h>

#include <helix/cpu.h>
#include <helix/kernel_map.h>

#include "csr.h"
#include "offsets.h"
#include "platform.h"
#include "probe.h"

static_assert(CPU_FRAME == offsetof(struct arch_cpu, kernel_frame) && CPU_CURRENT == offsetof(struct arch_cpu, current) &&
              CPU_PREEMPT == offsetof(struct arch_cpu, preempt_count) && CPU_EXIT_WORK == offsetof(struct arch_cpu, exit_work) &&
              CPU_EMERGENCY_TOP == offsetof(struct arch_cpu, emergency_top) && CPU_TEMPORARY == offsetof(struct arch_cpu, temporary));
static_assert(CPU_SYSCALL_COUNTS == offsetof(struct cpu, syscall_counts));
static_assert(KERNEL_STACK_SIZE == 1 << STACK_SIZE_SHIFT);

extern char arch_trap_entry[], boot_stack_top[];

alignas(16) static uint8_t emergency_stack[8192]; // the first CPU's

// What firmware has left open counts no more. User mode gets no cache instructions, no masked pointers and no state that nobody saves; a
// CPU without the registers that say so has none of these.
static void registers_close(void)
{
    CSR_WRITE(sie, 0);
    CSR_WRITE(sstatus, FRAME_STATUS_USER_64);
    CSR_WRITE(scounteren, COUNTER_TIME);
    (void)probe_clear_senvcfg();
    (void)probe_clear_sstateen();
}

void arch_cpu_init(struct cpu *cpu)
{
    struct arch_cpu *arch = &cpu->arch;
    arch->boot_stack_top = virt_of(boot_stack_top).raw;
    arch->kernel_frame = arch->boot_stack_top - CPU_FRAME_SIZE;
    arch->hart = boot_hart;
    arch->emergency_top = virt_of(emergency_stack + sizeof emergency_stack).raw;
    __asm__ volatile("mv tp, %0" : : "r"(cpu) : "memory");
    CSR_WRITE(sscratch, 0);
    CSR_WRITE(stvec, (uintptr_t)arch_trap_entry);
    registers_close();
    fpu_init_cpu();
}
