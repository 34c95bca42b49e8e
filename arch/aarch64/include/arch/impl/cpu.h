// SPDX-License-Identifier: MIT
// cpu.h: aarch64's part of the CPU contract: the per-CPU block behind x18 and the interrupt mask.
//
// While in the kernel, x18 holds the CPU's block (no compiled code touches it: -ffixed-x18), and SP_EL0 the current thread. Neither
// is saved by a switch of threads: a thread that is preempted and goes on elsewhere finds that CPU's. TPIDR_EL1 keeps the block
// for entries from user mode.
//
// A change of the preemption count is a load and a store. An interrupt in between leaves the count as it was, so the store is
// right; so it is on another CPU, for a thread moves only while its count is 0, and then the new CPU's is 0 too. Whether a
// reschedule is asked is the other half of the word, so that changing the one never undoes the other.
#pragma once

#define ARCH_SLOW_PATH [[clang::preserve_most]]

enum { EMERGENCY_STACK_SIZE = 8192, CPU_STACK_SIZE = 16 * 1024, CPU_FRAME_SIZE = 304 }; // a kernel stack, a struct arch_frame

// What entry code reaches through x18 at fixed offsets (arch/aarch64/offsets.h repeats them for assembly).
struct arch_cpu {
    struct thread *current; // 0
    uint64_t stack_limit;   // 8: the kernel stack has room for one more frame while sp >= this
    union {
        uint64_t preempt; // 16: 0: nothing speaks against a reschedule, and one is asked
        struct {
            uint32_t preempt_count;        // 16
            uint32_t reschedule_not_asked; // 20
        };
    };
    uint32_t exit_work;                                  // 24
    uint32_t vector;                                     // 28: of an entry from the kernel whose stack is looked at
    uint64_t scratch[4];                                 // 32: registers meanwhile
    struct arch_thread *fpu_owner;                       // whose FPU state the registers hold; nullptr: nobody's
    struct arch_space *space;                            // the user space that is loaded
    uint64_t affinity;                                   // [const] as MPIDR_EL1 names this CPU
    uint64_t tag_generation;                             // of asid.c, in which its translations were last forgotten
    alignas(16) uint8_t emergency[EMERGENCY_STACK_SIZE]; // 96: for the report of a stack overflow
};
static_assert(offsetof(struct arch_cpu, stack_limit) == 8 && offsetof(struct arch_cpu, preempt) == 16 &&
              offsetof(struct arch_cpu, exit_work) == 24 && offsetof(struct arch_cpu, vector) == 28 &&
              offsetof(struct arch_cpu, scratch) == 32 && offsetof(struct arch_cpu, emergency) == 96);

static inline struct cpu *arch_cpu_local(void)
{
    struct cpu *cpu;
    __asm__ volatile("mov %0, x18" : "=r"(cpu));
    return cpu;
}

static inline struct cpu *arch_cpu_here(void)
{
    return arch_cpu_local();
}

static inline struct thread *arch_current_thread(void)
{
    struct thread *thread;
    __asm__("mrs %0, sp_el0" : "=r"(thread)); // not volatile: constant for the code that runs on a thread
    return thread;
}

static inline void arch_set_current_thread(struct thread *thread, virt_t kernel_stack_top)
{
    struct arch_cpu *cpu = (struct arch_cpu *)arch_cpu_local();
    cpu->current = thread;
    cpu->stack_limit = kernel_stack_top.raw - CPU_STACK_SIZE + CPU_FRAME_SIZE;
    __asm__ volatile("msr sp_el0, %0" : : "r"(thread) : "memory");
}

static inline void arch_preempt_count_add(int32_t by)
{
    uint32_t count;
    __asm__ volatile("ldr %w0, [x18, #16]\n\tadd %w0, %w0, %w1\n\tstr %w0, [x18, #16]" : "=&r"(count) : "rI"(by) : "memory");
}

static inline uint32_t arch_preempt_count(void)
{
    uint32_t count;
    __asm__ volatile("ldr %w0, [x18, #16]" : "=r"(count));
    return count;
}

static inline void arch_reschedule_set(bool wanted)
{
    __asm__ volatile("str %w0, [x18, #20]" : : "rZ"((uint32_t)!wanted) : "memory");
}

static inline bool arch_reschedule_asked(void)
{
    uint32_t not_asked;
    __asm__ volatile("ldr %w0, [x18, #20]" : "=r"(not_asked));
    return !not_asked;
}

static inline bool arch_reschedule_wanted(void)
{
    uint64_t preempt;
    __asm__ volatile("ldr %0, [x18, #16]" : "=r"(preempt));
    return !preempt;
}

static inline bool arch_preempt_count_drop(void)
{
    arch_preempt_count_add(-1);
    return arch_reschedule_wanted(); // looked at again: an interrupt in between may have asked
}

static inline void arch_exit_work_set(bool pending)
{
    __asm__ volatile("str %w0, [x18, #24]" : : "rZ"((uint32_t)pending) : "memory");
}

static inline bool arch_interrupts_enabled(void)
{
    uint64_t masks;
    __asm__ volatile("mrs %0, daif" : "=r"(masks));
    return !(masks & 0x80);
}

static inline bool arch_interrupts_disable(void)
{
    bool on = arch_interrupts_enabled();
    __asm__ volatile("msr daifset, #2" : : : "memory");
    return on;
}

static inline void arch_interrupts_enable(void)
{
    __asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void arch_interrupts_restore(bool on)
{
    if (on)
        arch_interrupts_enable();
}

static inline void arch_cpu_wait(void)
{
    __asm__ volatile("dsb sy\n\twfi\n\tmsr daifclr, #2" : : : "memory"); // a pending interrupt ends wfi though it is masked
}

static inline void arch_cpu_relax(void)
{
    __asm__ volatile("yield");
}

[[noreturn]] static inline void arch_cpu_halt(void)
{
    for (;;)
        __asm__ volatile("msr daifset, #15\n\twfi" : : : "memory");
}

static inline uint64_t arch_cycles(void)
{
    uint64_t count;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory"); // not read ahead of what comes before
    return count;
}

static inline void arch_debug_break(void)
{
    __asm__ volatile("brk #0");
}
