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
    FRAME_QUICK = 0x101, // no call, but may leave by `sysret`: rcx is rip, which is the user's, and r11 is rflags
    SELECTOR_USER_DATA = 0x18 | 3,
    SELECTOR_USER_CODE = 0x20 | 3,
    RFLAGS_RESERVED = 0x2,
    RFLAGS_INTERRUPTS = 0x200,
};

#define ARCH_FRAME_IP     rip
#define ARCH_FRAME_SP     rsp
#define ARCH_FRAME_FP     rbp
#define ARCH_FRAME_NUMBER error
#define ARCH_FRAME_FIRST  rdi
#define ARCH_FRAME_RESULT rax

static inline void arch_frame_changed(struct arch_frame *frame)
{
    frame->vector = 0;
}

static inline uint64_t arch_frame_link(const struct arch_frame *frame)
{
    return 0;
}

static inline bool arch_frame_from_user(const struct arch_frame *frame)
{
    return (frame->cs & 3) == 3;
}

// Both `syscall` and `int 0x80` are two bytes long.
static inline void arch_frame_restart_syscall(struct arch_frame *frame)
{
    frame->rip -= 2;
    frame->rax = frame->error;
    frame->vector = 0;
}

static inline bool arch_frame_interrupts(const struct arch_frame *frame)
{
    return frame->rflags & RFLAGS_INTERRUPTS;
}

static inline bool arch_frame_in_syscall(const struct arch_frame *frame)
{
    return frame->vector == FRAME_SYSCALL || frame->vector == FRAME_SYSCALL_INT;
}
