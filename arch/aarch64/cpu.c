// SPDX-License-Identifier: MIT
// cpu.c: brings up one CPU: its block behind x18, the vectors, the protections, and what user mode may do without asking.

#include <arch/cpu.h>
#include <arch/fpu.h>
#include <arch/user_copy.h>

#include <helix/cpu.h>

#include "features.h"
#include "offsets.h"

static_assert(offsetof(struct cpu, syscall_counts) == CPU_SYSCALL_COUNTS);

enum : uint64_t {
    CONTROL_KEEP_PAN = 1 << 23,   // SCTLR_EL1.SPAN: exceptions leave PAN as it is
    COUNTER_VIRTUAL = 1 << 1,     // CNTKCTL_EL1.EL0VCTEN: user mode reads the virtual counter
    AFFINITY = 0xff'00ff'ffff,    // MPIDR_EL1: Aff3 to Aff0
    DEBUG_TRAP_CHANNEL = 1 << 12, // MDSCR_EL1.TDCC
};

bool cpu_has_pan; // [const] after the first CPU; copy.S

extern char arch_vectors[];

// User mode's pages are out of the kernel's reach but for the copy routines, from the next exception on and now.
static void access_prevention_enable(void)
{
    cpu_has_pan = feature_field(system_register_read(ID_AA64MMFR1), 20) != 0;
    if (!cpu_has_pan)
        return;
    system_register_write("sctlr_el1", system_register_read("sctlr_el1") & ~CONTROL_KEEP_PAN);
    __asm__ volatile("isb\n\t.arch_extension pan\n\tmsr pan, #1" : : : "memory");
}

bool user_access_closed(void)
{
    return !cpu_has_pan || system_register_read("s3_0_c4_c2_3") != 0; // PSTATE.PAN
}

// The virtual counter is open; timers, performance counters and the debugger's channel are not.
static void user_mode_restrict(void)
{
    system_register_write("cntkctl_el1", COUNTER_VIRTUAL);
    system_register_write("mdscr_el1", DEBUG_TRAP_CHANNEL);
    uint32_t counters = feature_field(system_register_read(ID_AA64DFR0), 8);
    if (counters && counters != 0xf)
        system_register_write("pmuserenr_el0", 0);
    if (feature_field(system_register_read(ID_AA64PFR0), 44))
        system_register_write("s3_3_c13_c2_3", 0); // AMUSERENR_EL0
}

void arch_cpu_init(struct cpu *cpu)
{
    __asm__ volatile("mov x18, %0" : : "r"(cpu) : "memory");
    cpu->arch.affinity = system_register_read("mpidr_el1") & AFFINITY;
    system_register_write("tpidr_el1", (uintptr_t)cpu);
    system_register_write("sp_el0", 0);
    system_register_write("tpidr_el0", 0);
    system_register_write("tpidrro_el0", 0);
    system_register_write("vbar_el1", virt_of(arch_vectors).raw);
    __asm__ volatile("isb" : : : "memory");
    access_prevention_enable();
    user_mode_restrict();
    fpu_init_cpu();
    __asm__ volatile("msr daifclr, #4" : : : "memory"); // system errors are reported where they happen
}
