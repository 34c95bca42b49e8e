// SPDX-License-Identifier: MIT
// frame.h: the host's register frame: what generic code asks of one, and nothing that a CPU would need.
#pragma once

#include <stdint.h>

// Where the record of the caller lies, from the frame pointer on.
enum : int64_t { ARCH_CALL_RECORD = 0 };

struct arch_frame {
    uint64_t ip, sp, fp;
    uint64_t arguments[6];
    uint64_t number;
    int64_t result;
    bool user, syscall;
};

static inline uint64_t arch_frame_ip(const struct arch_frame *frame)
{
    return frame->ip;
}

static inline uint64_t arch_frame_sp(const struct arch_frame *frame)
{
    return frame->sp;
}

static inline uint64_t arch_frame_fp(const struct arch_frame *frame)
{
    return frame->fp;
}

static inline uint64_t arch_frame_link(const struct arch_frame *frame)
{
    return 0;
}

static inline bool arch_frame_from_user(const struct arch_frame *frame)
{
    return frame->user;
}

static inline void arch_frame_set_ip(struct arch_frame *frame, uint64_t ip)
{
    frame->ip = ip;
}

static inline void arch_frame_set_sp(struct arch_frame *frame, uint64_t sp)
{
    frame->sp = sp;
}

static inline uint64_t arch_frame_syscall_number(const struct arch_frame *frame)
{
    return frame->number;
}

static inline const uint64_t *arch_frame_syscall_arguments(const struct arch_frame *frame)
{
    return frame->arguments;
}

static inline void arch_frame_set_result(struct arch_frame *frame, int64_t result)
{
    frame->result = result;
}

static inline int64_t arch_frame_result(const struct arch_frame *frame)
{
    return frame->result;
}

static inline void arch_frame_restart_syscall(struct arch_frame *frame)
{
    frame->ip -= 1; // an instruction is one unit long here
    frame->syscall = false;
}

static inline bool arch_frame_in_syscall(const struct arch_frame *frame)
{
    return frame->syscall;
}

static inline struct arch_frame *arch_user_frame(uint64_t stack_top)
{
    return (struct arch_frame *)(uintptr_t)(stack_top - sizeof(struct arch_frame));
}

static inline void arch_frame_fork(struct arch_frame *child, const struct arch_frame *parent)
{
    *child = *parent;
    child->result = 0;
    child->syscall = false;
}
