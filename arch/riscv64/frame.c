// SPDX-License-Identifier: MIT
// frame.c: register frames made, shown and walked.

#include <arch/frame.h>

#include <lib/format.h>
#include <lib/string.h>

#include <arch/cpu.h>

#include "csr.h"
#include "offsets.h"

static_assert(offsetof(struct arch_frame, sp) == FRAME_X(2) && offsetof(struct arch_frame, s0) == FRAME_X(8) &&
              offsetof(struct arch_frame, a0) == FRAME_X(10) && offsetof(struct arch_frame, s2) == FRAME_X(18) &&
              offsetof(struct arch_frame, t6) == FRAME_X(31) && offsetof(struct arch_frame, pc) == FRAME_PC &&
              offsetof(struct arch_frame, status) == FRAME_STATUS && offsetof(struct arch_frame, cause) == FRAME_CAUSE &&
              offsetof(struct arch_frame, address) == FRAME_ADDRESS && offsetof(struct arch_frame, first_a0) == FRAME_FIRST_A0 &&
              sizeof(struct arch_frame) == FRAME_SIZE && CPU_FRAME_SIZE == FRAME_SIZE && FRAME_CALL == CAUSE_USER_CALL);

void arch_frame_init_user(struct arch_frame *frame, uint64_t ip, uint64_t sp)
{
    *frame = (struct arch_frame){
        .pc = ip,
        .sp = sp,
        .status = FRAME_STATUS_ON_RETURN | FRAME_STATUS_USER_64,
        .cause = FRAME_CHANGED,
    };
}

void arch_frame_dump(const struct arch_frame *frame, void (*line)(void *context, const char *text), void *context)
{
    static const char names[31][4] = { "RA ", "SP ", "GP ", "TP ", "T0 ", "T1 ", "T2 ", "S0 ", "S1 ", "A0 ", "A1 ",
                                       "A2 ", "A3 ", "A4 ", "A5 ", "A6 ", "A7 ", "S2 ", "S3 ", "S4 ", "S5 ", "S6 ",
                                       "S7 ", "S8 ", "S9 ", "S10", "S11", "T3 ", "T4 ", "T5 ", "T6 " };
    const uint64_t *registers = &frame->ra; // in the order of the names; PC is behind them
    char text[80];
    for (size_t i = 0; i < 32; i += 2) {
        format_text(text, sizeof text, "  %s=0x%016lX  %s=0x%016lX", names[i], registers[i], i + 1 < 31 ? names[i + 1] : "PC ",
                    registers[i + 1]);
        line(context, text);
    }
    format_text(text, sizeof text, "  STATUS=0x%lX  CAUSE=0x%lX  TVAL=0x%016lX", frame->status, frame->cause, frame->address);
    line(context, text);
    format_text(text, sizeof text, "  SATP=0x%016lX", CSR_READ(satp));
    line(context, text);
}

void arch_frame_capture(struct arch_frame *frame)
{
    memset(frame, 0, sizeof *frame);
    uint64_t fp = (uint64_t)(uintptr_t)__builtin_frame_address(0);
    frame->ra = frame->pc = (uint64_t)(uintptr_t)__builtin_return_address(0);
    frame->s0 = *(const uint64_t *)(uintptr_t)(fp + ARCH_CALL_RECORD);
    frame->sp = fp;
    __asm__ volatile("sd gp, %0\n\t"
                     "sd tp, %1\n\t"
                     "sd s1, %2\n\t"
                     "sd s2, %3\n\t"
                     "sd s3, %4\n\t"
                     "sd s4, %5\n\t"
                     "sd s5, %6\n\t"
                     "sd s6, %7"
                     : "=m"(frame->gp), "=m"(frame->tp), "=m"(frame->s1), "=m"(frame->s2), "=m"(frame->s3), "=m"(frame->s4),
                       "=m"(frame->s5), "=m"(frame->s6));
    __asm__ volatile("sd s7, %0\n\t"
                     "sd s8, %1\n\t"
                     "sd s9, %2\n\t"
                     "sd s10, %3\n\t"
                     "sd s11, %4"
                     : "=m"(frame->s7), "=m"(frame->s8), "=m"(frame->s9), "=m"(frame->s10), "=m"(frame->s11));
    frame->status = CSR_READ(sstatus) | FRAME_STATUS_KERNEL;
}
