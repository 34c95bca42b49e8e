// SPDX-License-Identifier: MIT
// frame.h: the registers that an interrupt, exception or system call left on the kernel stack.
//
// The frame of an entry from user mode lies at the top of the thread's kernel stack, so a thread finds its own
// with arch_user_frame(). The struct is the port's; generic code uses these accessors. impl/frame.h also has ARCH_CALL_RECORD: how far from
// a function's frame pointer the record of its caller lies.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

// struct arch_frame; which of its members the accessors below mean (ARCH_FRAME_IP, SP, FP, NUMBER, FIRST, RESULT: FIRST is the first of
// the six arguments of a system call, which lie one behind the other in their order); and the functions declared first.
#include <arch/impl/frame.h>

static inline bool arch_frame_from_user(const struct arch_frame *frame);

// Whether interrupts were on where the frame was made.
static inline bool arch_frame_interrupts(const struct arch_frame *frame);

// The return address that a call leaves in a register; 0: calls leave it on the stack.
static inline uint64_t arch_frame_link(const struct arch_frame *frame);

// Makes the return restore every register, where a system call's would restore fewer.
static inline void arch_frame_changed(struct arch_frame *frame);

// Rewinds to the system call instruction with the original number and first argument, so that it is made again.
static inline void arch_frame_restart_syscall(struct arch_frame *frame);

// Whether the frame is a system call's whose restart is still to be decided. False after arch_frame_restart_syscall, arch_frame_set_ip,
// arch_signal_push and arch_signal_pop.
static inline bool arch_frame_in_syscall(const struct arch_frame *frame);

// Instruction, stack and frame pointer at the entry.
static inline uint64_t arch_frame_ip(const struct arch_frame *frame)
{
    return frame->ARCH_FRAME_IP;
}

static inline uint64_t arch_frame_sp(const struct arch_frame *frame)
{
    return frame->ARCH_FRAME_SP;
}

static inline uint64_t arch_frame_fp(const struct arch_frame *frame)
{
    return frame->ARCH_FRAME_FP;
}

static inline void arch_frame_set_ip(struct arch_frame *frame, uint64_t ip)
{
    frame->ARCH_FRAME_IP = ip;
    arch_frame_changed(frame);
}

static inline void arch_frame_set_sp(struct arch_frame *frame, uint64_t sp)
{
    frame->ARCH_FRAME_SP = sp;
    arch_frame_changed(frame);
}

// System calls: number and six arguments as the Linux ABI of the port passes them; result as it returns them.
static inline uint64_t arch_frame_syscall_number(const struct arch_frame *frame)
{
    return frame->ARCH_FRAME_NUMBER;
}

static inline const uint64_t *arch_frame_syscall_arguments(const struct arch_frame *frame)
{
    return &frame->ARCH_FRAME_FIRST;
}

static inline void arch_frame_set_result(struct arch_frame *frame, int64_t result)
{
    frame->ARCH_FRAME_RESULT = (uint64_t)result;
}

static inline int64_t arch_frame_result(const struct arch_frame *frame)
{
    return (int64_t)frame->ARCH_FRAME_RESULT;
}

// What the child of a fork returns with: the parent's registers and result 0.
static inline void arch_frame_fork(struct arch_frame *child, const struct arch_frame *parent)
{
    *child = *parent;
    arch_frame_set_result(child, 0);
    arch_frame_changed(child);
}

// The user frame at the top of a kernel stack that ends at `stack_top`.
static inline struct arch_frame *arch_user_frame(uint64_t stack_top)
{
    return (struct arch_frame *)(uintptr_t)(stack_top - sizeof(struct arch_frame));
}

// A clean frame that starts a user program at ip with stack sp: all other registers 0, interrupts on.
void arch_frame_init_user(struct arch_frame *frame, uint64_t ip, uint64_t sp);

// Leaves the kernel through the current thread's user frame: runs pending exit work (kernel_exit_to_user), restores
// all registers. Interrupts off on entry. First thing a new user thread does, and the last of execve.
[[noreturn]] void arch_return_to_user(struct arch_frame *frame);

// Writes every register through `line`, as in "  PC =0x…  SP =0x…". For panics: allocates nothing.
void arch_frame_dump(const struct arch_frame *frame, void (*line)(void *context, const char *text), void *context);

// Fills the registers as they are at the call, for a panic without a frame.
void arch_frame_capture(struct arch_frame *frame);

// Walks saved frame pointers from `fp`, bounded and checked against [stack_low, stack_high): stores at most `limit`
// return addresses, returns how many. Never faults.
size_t arch_backtrace(uint64_t fp, uint64_t stack_low, uint64_t stack_high, uint64_t *addresses, size_t limit);
