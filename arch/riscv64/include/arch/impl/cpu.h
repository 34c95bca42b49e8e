// SPDX-License-Identifier: MIT
// cpu.h: riscv64's part of the CPU contract: the per-CPU block in tp, the current thread in gp, and sstatus.
//
// While in the kernel tp is the CPU's block and sscratch is 0; while in user mode sscratch is the block.
#pragma once

#define ARCH_SLOW_PATH

struct arch_thread;
struct arch_space;

enum { CPU_FRAME_SIZE = 36 * 8 }; // a struct arch_frame

// What entry code reaches through tp at fixed offsets (arch/riscv64/offsets.h repeats them for assembly).
struct arch_cpu {
    uint64_t user_sp;              // 0: scratch of entry code
    uint64_t kernel_frame;         // 8: where the frame of an entry from user mode lies
    struct thread *current;        // 16: what gp is in the kernel
    uint32_t preempt_count;        // 24: depth; and beside it, so that both are one word, 0 when a reschedule is asked
    uint32_t not_asked;            // 28
    uint32_t exit_work;            // 32
    uint32_t unused;               // 36
    uint64_t emergency_top;        // 40: of the stack for a trap that finds none
    uint64_t temporary;            // 48: of entry code, too
    uint64_t boot_stack_top;       // of the stack of the thread that has none of its own
    struct arch_thread *fpu_owner; // whose registers the unit holds; nullptr: nobody's
    struct arch_space *space;      // the space that is loaded
    uint64_t tag_generation;       // of the tags that its translation cache knows
    uint64_t hart;                 // as the firmware counts them
};
static_assert(offsetof(struct arch_cpu, kernel_frame) == 8 && offsetof(struct arch_cpu, current) == 16 &&
              offsetof(struct arch_cpu, preempt_count) == 24 && offsetof(struct arch_cpu, exit_work) == 32 &&
              offsetof(struct arch_cpu, emergency_top) == 40 && offsetof(struct arch_cpu, temporary) == 48);

static inline struct cpu *arch_cpu_local(void)
{
    struct cpu *cpu;
    __asm__ volatile("mv %0, tp" : "=r"(cpu));
    return cpu;
}

static inline struct cpu *arch_cpu_here(void)
{
    return arch_cpu_local();
}

static inline struct thread *arch_current_thread(void)
{
    struct thread *thread;
    __asm__("mv %0, gp" : "=r"(thread)); // not volatile: constant for the code that runs on a thread
    return thread;
}

// The boot thread has no stack of its own in the kernel's area.
static inline void arch_set_current_thread(struct thread *thread, virt_t kernel_stack_top)
{
    struct arch_cpu *cpu = (struct arch_cpu *)arch_cpu_local();
    cpu->current = thread;
    cpu->kernel_frame = ((int64_t)kernel_stack_top.raw < 0 ? kernel_stack_top.raw : cpu->boot_stack_top) - CPU_FRAME_SIZE;
    __asm__ volatile("mv gp, %0" : : "r"(thread) : "memory");
}

// Each access is relative to tp. A thread can be moved between the load and the store only while the count is 0, and then it is
// 0 on either CPU; interrupts leave it as they find it.
static inline void arch_preempt_count_add(int32_t by)
{
    uint32_t count;
    __asm__ volatile("lw %0, 24(tp)\n\t"
                     "addw %0, %0, %1\n\t"
                     "sw %0, 24(tp)"
                     : "=&r"(count)
                     : "rI"(by)
                     : "memory");
}

static inline uint32_t arch_preempt_count(void)
{
    uint32_t count;
    __asm__ volatile("lwu %0, 24(tp)" : "=r"(count) : : "memory");
    return count;
}

static inline void arch_reschedule_set(bool wanted)
{
    __asm__ volatile("sw %z0, 28(tp)" : : "rJ"((uint32_t)!wanted) : "memory");
}

static inline bool arch_reschedule_asked(void)
{
    uint32_t not_asked;
    __asm__ volatile("lwu %0, 28(tp)" : "=r"(not_asked) : : "memory");
    return !not_asked;
}

static inline bool arch_reschedule_wanted(void)
{
    uint64_t both;
    __asm__ volatile("ld %0, 24(tp)" : "=r"(both) : : "memory");
    return !both;
}

static inline bool arch_preempt_count_drop(void)
{
    arch_preempt_count_add(-1);
    return arch_reschedule_wanted(); // looked at again: an interrupt in between may have asked
}

static inline void arch_exit_work_set(bool pending)
{
    __asm__ volatile("sw %z0, 32(tp)" : : "rJ"((uint32_t)pending) : "memory");
}

static inline bool arch_interrupts_enabled(void)
{
    uint64_t status;
    __asm__ volatile("csrr %0, sstatus" : "=r"(status) : : "memory");
    return status >> 1 & 1;
}

static inline bool arch_interrupts_disable(void)
{
    uint64_t status;
    __asm__ volatile("csrrci %0, sstatus, 2" : "=r"(status) : : "memory");
    return status >> 1 & 1;
}

static inline void arch_interrupts_enable(void)
{
    __asm__ volatile("csrsi sstatus, 2" : : : "memory");
}

static inline void arch_interrupts_restore(bool on)
{
    if (on)
        arch_interrupts_enable();
}

// wfi ends when an interrupt is pending, masked by sstatus or not.
static inline void arch_cpu_wait(void)
{
    __asm__ volatile("wfi\n\tcsrsi sstatus, 2" : : : "memory");
}

// `pause` of Zihintpause, which other CPUs take for a fence without effect.
static inline void arch_cpu_relax(void)
{
    __asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010" : : : "memory");
}

[[noreturn]] static inline void arch_cpu_halt(void)
{
    for (;;)
        __asm__ volatile("csrci sstatus, 2\n\twfi" : : : "memory");
}

static inline uint64_t arch_cycles(void)
{
    uint64_t time;
    __asm__ volatile("rdtime %0" : "=r"(time));
    return time;
}

static inline void arch_debug_break(void)
{
    __asm__ volatile("ebreak");
}
