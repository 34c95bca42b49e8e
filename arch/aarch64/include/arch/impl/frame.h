// SPDX-License-Identifier: MIT
// frame.h: aarch64's register frame, as entry.S leaves it.
#pragma once

#include <stdint.h>

// Where the record of the caller lies, from the frame pointer on.
enum : int64_t { ARCH_CALL_RECORD = 0 };

struct arch_frame {
    uint64_t x[31]; // x0 … x5 are the system call arguments, x8 the call's number
    uint64_t sp, pc, pstate;
    uint64_t argument; // system calls: x0 as it came, so that the call can be restarted
    uint64_t kind;     // FRAME_SYSCALL for a system call whose frame is as it came but for x0, else 0
    uint64_t syndrome; // ESR_EL1 and FAR_EL1 of exceptions, else 0; of a system call, while it has its kind, what was there before
    uint64_t address;
};
static_assert(sizeof(struct arch_frame) == 38 * 8 && sizeof(struct arch_frame) % 16 == 0);

enum : uint64_t {
    FRAME_SYSCALL = 0x15, // the exception class of svc
    PSTATE_MODE = 0x1f,
    PSTATE_NO_INTERRUPTS = 1 << 7,
    PSTATE_USER = 0, // EL0, all interrupts on
};

#define ARCH_FRAME_IP     pc
#define ARCH_FRAME_SP     sp
#define ARCH_FRAME_FP     x[29]
#define ARCH_FRAME_NUMBER x[8]
#define ARCH_FRAME_FIRST  x[0]
#define ARCH_FRAME_RESULT x[0]

static inline void arch_frame_changed(struct arch_frame *frame)
{
    frame->kind = 0;
    frame->syndrome = 0;
}

static inline uint64_t arch_frame_link(const struct arch_frame *frame)
{
    return frame->x[30];
}

static inline bool arch_frame_from_user(const struct arch_frame *frame)
{
    return (frame->pstate & 0xf) == 0; // EL0, in either instruction set
}

// x8 still holds the number.
static inline void arch_frame_restart_syscall(struct arch_frame *frame)
{
    frame->pc -= 4;
    frame->x[0] = frame->argument;
    frame->kind = 0;
    frame->syndrome = 0;
}

static inline bool arch_frame_interrupts(const struct arch_frame *frame)
{
    return !(frame->pstate & PSTATE_NO_INTERRUPTS);
}

static inline bool arch_frame_in_syscall(const struct arch_frame *frame)
{
    return frame->kind == FRAME_SYSCALL;
}
