// SPDX-License-Identifier: MIT
// frame.h: x86_64's register frame, in the order that entry.S pushes it.
#pragma once

#include <stdint.h>

// Where the record of the caller lies, from the frame pointer on.
enum : int64_t { ARCH_CALL_RECORD = 0 };

struct arch_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, rax, rcx;
    uint64_t rdi, rsi, rdx, r10, r8, r9; // the six system call arguments, in their order
    uint64_t vector;                     // FRAME_SYSCALL_* for system calls
    uint64_t error;                      // of exceptions that push one; system calls: the call's number, so that it can be restarted
    uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(struct arch_frame) == 22 * 8);

enum : uint64_t {
    FRAME_SYSCALL = 0x100, // entered by `syscall`: may leave by `sysret`
    FRAME_SYSCALL_INT = 0x80,
    SELECTOR_USER_DATA = 0x18 | 3,
    SELECTOR_USER_CODE = 0x20 | 3,
    RFLAGS_RESERVED = 0x2,
    RFLAGS_INTERRUPTS = 0x200,
};

static inline uint64_t arch_frame_ip(const struct arch_frame *frame)
{
    return frame->rip;
}

static inline uint64_t arch_frame_sp(const struct arch_frame *frame)
{
    return frame->rsp;
}

static inline uint64_t arch_frame_fp(const struct arch_frame *frame)
{
    return frame->rbp;
}

static inline uint64_t arch_frame_link(const struct arch_frame *frame)
{
    return 0;
}

static inline bool arch_frame_from_user(const struct arch_frame *frame)
{
    return (frame->cs & 3) == 3;
}

// A changed frame must leave by iret: sysret takes its target from rcx.
static inline void arch_frame_set_ip(struct arch_frame *frame, uint64_t ip)
{
    frame->rip = ip;
    frame->vector = 0;
}

static inline void arch_frame_set_sp(struct arch_frame *frame, uint64_t sp)
{
    frame->rsp = sp;
    frame->vector = 0;
}

static inline uint64_t arch_frame_syscall_number(const struct arch_frame *frame)
{
    return frame->error;
}

static inline const uint64_t *arch_frame_syscall_arguments(const struct arch_frame *frame)
{
    return &frame->rdi;
}

static inline void arch_frame_set_result(struct arch_frame *frame, int64_t result)
{
    frame->rax = (uint64_t)result;
}

static inline int64_t arch_frame_result(const struct arch_frame *frame)
{
    return (int64_t)frame->rax;
}

// Both `syscall` and `int 0x80` are two bytes long.
static inline void arch_frame_restart_syscall(struct arch_frame *frame)
{
    frame->rip -= 2;
    frame->rax = frame->error;
    frame->vector = 0;
}

// Whether the frame is that of a system call whose restart has not been decided yet.
static inline bool arch_frame_in_syscall(const struct arch_frame *frame)
{
    return frame->vector == FRAME_SYSCALL || frame->vector == FRAME_SYSCALL_INT;
}

static inline struct arch_frame *arch_user_frame(uint64_t stack_top)
{
    return (struct arch_frame *)(uintptr_t)(stack_top - sizeof(struct arch_frame));
}

// A fork's child: the parent's registers, result 0. All of them are restored.
static inline void arch_frame_fork(struct arch_frame *child, const struct arch_frame *parent)
{
    *child = *parent;
    child->rax = 0;
    child->vector = 0;
}
