// SPDX-License-Identifier: MIT
// frame.h: the host's register frame: what generic code asks of one, and nothing that a CPU would need.
#pragma once

#include <stdint.h>

// Where the record of the caller lies, from the frame pointer on.
enum : int64_t { ARCH_CALL_RECORD = 0 };

struct arch_frame {
    uint64_t ip, sp, fp;
    uint64_t arguments[6];
    uint64_t number, result;
    bool user, syscall;
};

#define ARCH_FRAME_IP     ip
#define ARCH_FRAME_SP     sp
#define ARCH_FRAME_FP     fp
#define ARCH_FRAME_NUMBER number
#define ARCH_FRAME_FIRST  arguments[0]
#define ARCH_FRAME_RESULT result

static inline void arch_frame_changed(struct arch_frame *frame)
{
    frame->syscall = false;
}

static inline uint64_t arch_frame_link(const struct arch_frame *frame)
{
    return 0;
}

static inline bool arch_frame_from_user(const struct arch_frame *frame)
{
    return frame->user;
}

static inline void arch_frame_restart_syscall(struct arch_frame *frame)
{
    frame->ip -= 1; // an instruction is one unit long here
    frame->syscall = false;
}

static inline bool arch_frame_interrupts(const struct arch_frame *frame)
{
    return true;
}

static inline bool arch_frame_in_syscall(const struct arch_frame *frame)
{
    return frame->syscall;
}
