// SPDX-License-Identifier: MIT
// cpu.h: x86_64's part of the CPU contract: the per-CPU block behind GS and the flags register.
#pragma once

#define ARCH_SLOW_PATH [[clang::preserve_most]]

#include <arch/impl/descriptors.h>

enum { CPU_FRAME_SIZE = 22 * 8 }; // a struct arch_frame

// What entry code reaches through GS at fixed offsets (arch/x86_64/offsets.h repeats them for assembly).
struct arch_cpu {
    struct arch_cpu *self;          // 0
    struct thread *current;         // 8
    uint64_t kernel_frame;          // 16: where the frame of an entry from user mode lies
    uint64_t user_sp;               // 24: scratch between entry and the stack switch
    uint32_t preempt_count;         // 32: depth, and bit 31 set while no reschedule is asked
    uint32_t exit_work;             // 36
    struct arch_thread *fpu_owner;  // whose FPU state the registers hold; nullptr: nobody's
    struct arch_thread *base_owner; // whose user segment bases the MSRs hold; nullptr: nobody knows, and always so once keys are enabled
    uint32_t apic_id;               // of this CPU, where interrupt lines are routed to
    struct arch_space *space;       // the user space that is loaded
    uint64_t tag_generation;        // of asid.c, in which its translations were last forgotten
    struct x86_descriptors descriptors; // last: GDT, TSS, interrupt stacks
};
static_assert(offsetof(struct arch_cpu, kernel_frame) == 16 && offsetof(struct arch_cpu, user_sp) == 24 &&
              offsetof(struct arch_cpu, preempt_count) == 32 && offsetof(struct arch_cpu, exit_work) == 36);

#define PREEMPT_NOT_ASKED 0x8000'0000u

// Reads and writes relative to GS are one instruction each and cannot be split by a move to another CPU.
static inline struct cpu *arch_cpu_local(void)
{
    struct cpu *cpu;
    __asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

static inline struct cpu ARCH_CPU_HERE *arch_cpu_here(void)
{
    return (struct cpu ARCH_CPU_HERE *)0;
}

static inline struct thread *arch_current_thread(void)
{
    struct thread *thread;
    __asm__("movq %%gs:8, %0" : "=r"(thread)); // not volatile: constant for the code that runs on a thread
    return thread;
}

static inline void arch_set_current_thread(struct thread *thread, virt_t kernel_stack_top)
{
    struct arch_cpu *cpu = (struct arch_cpu *)arch_cpu_local();
    cpu->current = thread;
    cpu->kernel_frame = kernel_stack_top.raw - CPU_FRAME_SIZE;
    cpu->descriptors.tss.rsp0 = kernel_stack_top.raw;
}

static inline void arch_preempt_count_add(int32_t by)
{
    __asm__ volatile("addl %0, %%gs:32" : : "ri"(by) : "memory", "cc");
}

static inline uint32_t arch_preempt_count(void)
{
    uint32_t count;
    __asm__ volatile("movl %%gs:32, %0" : "=r"(count));
    return count & ~PREEMPT_NOT_ASKED;
}

static inline void arch_reschedule_set(bool wanted)
{
    if (wanted)
        __asm__ volatile("andl $0x7fffffff, %%gs:32" : : : "memory", "cc");
    else
        __asm__ volatile("orl $0x80000000, %%gs:32" : : : "memory", "cc");
}

static inline bool arch_reschedule_asked(void)
{
    uint32_t count;
    __asm__ volatile("movl %%gs:32, %0" : "=r"(count));
    return !(count & PREEMPT_NOT_ASKED);
}

static inline bool arch_reschedule_wanted(void)
{
    bool wanted;
    __asm__ volatile("cmpl $0, %%gs:32" : "=@ccz"(wanted));
    return wanted;
}

static inline bool arch_preempt_count_drop(void)
{
    bool wanted;
    __asm__ volatile("decl %%gs:32" : "=@ccz"(wanted) : : "memory");
    return wanted;
}

static inline void arch_exit_work_set(bool pending)
{
    __asm__ volatile("movl %0, %%gs:36" : : "ri"((uint32_t)pending) : "memory");
}

static inline bool arch_interrupts_enabled(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags));
    return flags >> 9 & 1;
}

static inline bool arch_interrupts_disable(void)
{
    bool on = arch_interrupts_enabled();
    __asm__ volatile("cli" : : : "memory");
    return on;
}

static inline void arch_interrupts_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void arch_interrupts_restore(bool on)
{
    if (on)
        arch_interrupts_enable();
}

static inline void arch_cpu_wait(void)
{
    __asm__ volatile("sti; hlt" : : : "memory"); // sti takes effect after hlt has begun
}

static inline void arch_cpu_relax(void)
{
    __asm__ volatile("pause");
}

[[noreturn]] static inline void arch_cpu_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt" : : : "memory");
}

static inline uint64_t arch_cycles(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline void arch_debug_break(void)
{
    __asm__ volatile("int3");
}
