// SPDX-License-Identifier: MIT
// frame.h: riscv64's register frame, in the order of entry.S: x1 … x31 by their ABI names, then what the trap left.
#pragma once

#include <stdint.h>

// Where the record of the caller lies, from the frame pointer on (RISC-V ELF psABI, frame pointer convention).
enum : int64_t { ARCH_CALL_RECORD = -16 };

struct arch_frame {
    uint64_t ra, sp, gp, tp, t0, t1, t2, s0, s1;
    uint64_t a0, a1, a2, a3, a4, a5, a6, a7; // a0 … a5: the system call arguments, in their order; a7: its number
    uint64_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6;
    uint64_t pc;       // of a system call: behind it
    uint64_t status;   // sstatus at the entry
    uint64_t cause;    // FRAME_CALL: a system call that nobody has changed since; only the registers a function may spoil are restored
    uint64_t address;  // stval
    uint64_t first_a0; // of system calls, so that they can be restarted
};
static_assert(sizeof(struct arch_frame) == 36 * 8);

// Causes in a frame: those of scause, and that of a frame that was made or changed.
enum : uint64_t { FRAME_CALL = 8, FRAME_CHANGED = 24 };

// sstatus (Privileged Architecture 1.12, 4.1.1).
enum : uint64_t {
    FRAME_STATUS_ON_RETURN = 1 << 5, // SPIE: interrupts are on behind the return
    FRAME_STATUS_KERNEL = 1 << 8,    // SPP
    FRAME_STATUS_FLOAT = 3 << 13,    // FS
    FRAME_STATUS_USER_ACCESS = 1 << 18,
    FRAME_STATUS_USER_64 = 2ull << 32, // UXL
};

#define ARCH_FRAME_IP     pc
#define ARCH_FRAME_SP     sp
#define ARCH_FRAME_FP     s0
#define ARCH_FRAME_NUMBER a7
#define ARCH_FRAME_FIRST  a0
#define ARCH_FRAME_RESULT a0

static inline void arch_frame_changed(struct arch_frame *frame)
{
    frame->cause = FRAME_CHANGED;
}

static inline uint64_t arch_frame_link(const struct arch_frame *frame)
{
    return frame->ra;
}

static inline bool arch_frame_from_user(const struct arch_frame *frame)
{
    return !(frame->status & FRAME_STATUS_KERNEL);
}

// `ecall` has no short form; the number is still in a7.
static inline void arch_frame_restart_syscall(struct arch_frame *frame)
{
    frame->pc -= 4;
    frame->a0 = frame->first_a0;
    frame->cause = FRAME_CHANGED;
}

static inline bool arch_frame_interrupts(const struct arch_frame *frame)
{
    return frame->status & FRAME_STATUS_ON_RETURN;
}

static inline bool arch_frame_in_syscall(const struct arch_frame *frame)
{
    return frame->cause == FRAME_CALL;
}
