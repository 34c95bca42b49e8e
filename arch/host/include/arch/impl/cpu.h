// SPDX-License-Identifier: MIT
// cpu.h: a CPU of the host port: a block of variables. Nothing interrupts it but the timer, and that only while it waits.
#pragma once

#define ARCH_SLOW_PATH

#include <time.h>

struct arch_cpu {
    struct thread *current;
    uint64_t kernel_stack_top;
    uint32_t preempt_count;
    bool reschedule_asked;
    bool exit_work;
    bool interrupts;
    struct arch_space *space; // the user space that is loaded
    uint64_t tag_generation;  // of asid.c
};

// A POSIX thread is a CPU once it has called arch_cpu_init.
extern thread_local struct arch_cpu *host_cpu;

static inline struct cpu *arch_cpu_local(void)
{
    return (struct cpu *)host_cpu; // its first member
}

static inline struct cpu *arch_cpu_here(void)
{
    return arch_cpu_local();
}

static inline struct thread *arch_current_thread(void)
{
    return host_cpu->current;
}

static inline void arch_set_current_thread(struct thread *thread, virt_t kernel_stack_top)
{
    host_cpu->current = thread;
    host_cpu->kernel_stack_top = kernel_stack_top.raw;
}

static inline void arch_preempt_count_add(int32_t by)
{
    host_cpu->preempt_count += (uint32_t)by;
}

static inline uint32_t arch_preempt_count(void)
{
    return host_cpu->preempt_count;
}

static inline void arch_reschedule_set(bool wanted)
{
    host_cpu->reschedule_asked = wanted;
}

static inline bool arch_reschedule_asked(void)
{
    return host_cpu->reschedule_asked;
}

static inline bool arch_reschedule_wanted(void)
{
    return host_cpu->reschedule_asked && !host_cpu->preempt_count;
}

static inline bool arch_preempt_count_drop(void)
{
    arch_preempt_count_add(-1);
    return arch_reschedule_wanted();
}

static inline void arch_exit_work_set(bool pending)
{
    host_cpu->exit_work = pending;
}

static inline bool arch_interrupts_enabled(void)
{
    return host_cpu->interrupts;
}

static inline bool arch_interrupts_disable(void)
{
    bool on = host_cpu->interrupts;
    host_cpu->interrupts = false;
    return on;
}

static inline void arch_interrupts_restore(bool on)
{
    host_cpu->interrupts = on;
}

static inline void arch_interrupts_enable(void)
{
    host_cpu->interrupts = true;
}

// Time jumps to the timer's deadline, and the timer interrupts (cpu.c).
void host_cpu_wait(void);

static inline void arch_cpu_wait(void)
{
    host_cpu_wait();
}

// The processor that is waited for may be a thread that has none of the host's.
void host_cpu_relax(void); // cpu.c

static inline void arch_cpu_relax(void)
{
    host_cpu_relax();
}

[[noreturn]] static inline void arch_cpu_halt(void)
{
    __builtin_trap();
}

static inline uint64_t arch_cycles(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static inline void arch_debug_break(void)
{
    __builtin_debugtrap();
}
