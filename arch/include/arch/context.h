// SPDX-License-Identifier: MIT
// context.h: what a thread is while it does not run, and how the CPU moves between threads.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <arch/impl/context.h> // struct arch_context, struct arch_thread

struct arch_frame;

// Makes `context` start in entry(argument) on the given kernel stack at its first switch. Interrupts are off
// there and the scheduler's lock is held: entry calls thread_started() first. `entry` must not return.
void arch_context_prepare(struct arch_context *context, virt_t stack_top, void (*entry)(void *argument), void *argument);

// Saves the callee-saved registers in `from` and continues `to`. Interrupts off. Returns when somebody switches back.
void arch_context_switch(struct arch_context *from, const struct arch_context *to);

// Per-thread user state beyond the frame: the FPU, and the thread pointer or segment bases where the frame has none. Called by the
// scheduler with interrupts off when a switch changes the thread: saves what `from` used and arranges that `to` finds its own on its
// return to user mode. Never leaves one thread's registers where another can read them. Either may be a kernel thread.
void arch_thread_switch(struct arch_thread *from, struct arch_thread *to);

// A fresh user state (new program): no FPU contents, and 0 in the registers that arch_thread_switch carries over. Thread context, own
// thread.
void arch_thread_reset(struct arch_thread *self);

// Copies the user state of the running thread (FPU and all) into `child`. STATUS_NO_MEMORY leaves it reset.
enum status arch_thread_fork(struct arch_thread *child);

// Frees what arch_thread owns (the FPU save area). The thread will not run again.
void arch_thread_release(struct arch_thread *thread);

// Sets the user-visible thread pointer (TLS base) of the running thread or of a thread that has not run yet.
void arch_thread_set_tls(struct arch_thread *thread, uint64_t base);

// The port's own thread-control call (arch_prctl where Linux has one) for the running thread: segment bases.
// STATUS_BAD_ARGUMENT: unknown code; STATUS_NOT_PERMITTED: a base outside the user half. Only ports that have the call (SYSCALL_IF_LEGACY,
// syscall.h) define this.
enum status arch_thread_control(uint64_t code, uint64_t argument);
