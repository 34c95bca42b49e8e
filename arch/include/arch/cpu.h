// SPDX-License-Identifier: MIT
// cpu.h: the CPU, as generic code sees it. Every port supplies these inline in <arch/impl/cpu.h>.
#pragma once

#include <lib/types.h>

#include <arch/impl/cpu_here.h>

struct cpu;    // include/helix/cpu.h; its first member is the port's struct arch_cpu
struct thread; // include/helix/thread.h

// The block of the CPU this runs on: from a register that no switch of threads touches. Stable only while preemption or interrupts are
// off. One instruction.
static inline struct cpu *arch_cpu_local(void);

// The same block for single accesses, each of which means the CPU it runs on. Pointers to it carry ARCH_CPU_HERE, which is an address
// space where instructions reach the block without its address, and nothing elsewhere.
static inline struct cpu ARCH_CPU_HERE *arch_cpu_here(void);

// The thread this CPU runs; the same for the thread itself wherever it is preempted and goes on. One instruction. nullptr: the boot
// thread is not adopted yet.
static inline struct thread *arch_current_thread(void);

// Tells entry code which thread runs and where its kernel stack ends (for the boot thread, which has no stack of its own: 0, or the
// size of one). Interrupts off.
static inline void arch_set_current_thread(struct thread *thread, virt_t kernel_stack_top);

// Nesting count of reasons not to preempt this CPU, kept in the CPU block. No branch, and every access by way of the register that holds
// the block, so that it means the CPU it runs on.
//
// Where adding takes a load, an addition and a store, the thread may be preempted and moved to another CPU between them. It may be so
// only while its count is 0, and then the count of the CPU it goes on on is 0 too: the value loaded from the one is right for the other.
// An interrupt in between leaves the count as it found it. The flag of arch_reschedule_set must not lie in what the store writes, since
// an interrupt may have set it.
static inline void arch_preempt_count_add(int32_t by);

// Takes one away; returns what arch_reschedule_wanted() then says.
static inline bool arch_preempt_count_drop(void);
static inline uint32_t arch_preempt_count(void);

// Asks this CPU to reschedule as soon as it may, or withdraws that; and whether it is asked *and* the preemption count is 0.
// The port keeps both in one word, the flag inverted, so that the question is one load and one comparison with 0.
static inline void arch_reschedule_set(bool wanted);
static inline bool arch_reschedule_asked(void);
static inline bool arch_reschedule_wanted(void);

// The exit-work flag of this CPU: when set, kernel_exit_to_user() runs before the next return to user mode.
static inline void arch_exit_work_set(bool pending);

// Returns whether interrupts were on; they are off afterwards.
static inline bool arch_interrupts_disable(void);
static inline void arch_interrupts_restore(bool on);
static inline void arch_interrupts_enable(void);
static inline bool arch_interrupts_enabled(void);

// Interrupts off on entry. Enables them and waits for one, without a gap in which one could be lost.
// Returns with interrupts on.
static inline void arch_cpu_wait(void);

static inline void arch_cpu_relax(void);             // inside a spin loop
[[noreturn]] static inline void arch_cpu_halt(void); // interrupts off for ever

// ARCH_SLOW_PATH stands before a function that a fast path calls seldom, in its declaration and definition: it preserves nearly all registers,
// so that the fast path need not keep its own out of the way. Nothing where the compiler knows no such calls.

// A counter that advances at a constant rate, for measuring; its frequency is arch_cycles_per_second(), 0 before arch_time_init.
static inline uint64_t arch_cycles(void);
uint64_t arch_cycles_per_second(void);

// Breaks into a debugger if one is attached.
static inline void arch_debug_break(void);

// Brings up what must exist before anything can fault: the register that holds the block, exception vectors and what they need, what user
// mode may read, the FPU, protection features (user memory is neither executed nor touched by the kernel, where the CPU has that).
// Interrupts off. Called once per CPU.
void arch_cpu_init(struct cpu *cpu);

// Fills `size` bytes from the best entropy source at hand; returns a quality 0 (timer jitter) … 4 (hardware, seeded).
uint32_t arch_entropy(void *to, size_t size);

// One line naming the CPU and what the kernel uses of it, for the boot log. Writes at most size bytes; returns the whole length.
size_t arch_cpu_describe(char *to, size_t size);

// CPU number `cpu`'s block of /proc/cpuinfo, in Linux's lines, with the empty line behind it. As arch_cpu_describe.
size_t arch_cpu_information(uint32_t cpu, char *to, size_t size);

#include <arch/impl/cpu.h> // found in the chosen port; a gap fails to compile where used
