// SPDX-License-Identifier: MIT
// signal_frame.S: a signal's frame straight from the kernel's frame and the vector registers to the user's stack and back, without a copy in
// between.
//
// The loads and stores have the kernel's rights (so PAN is opened): the callers have seen that the addresses are in the user half, where no
// page is open to the kernel alone.

#include <arch/fault_row.h>

#include "signal_frame.h"

.arch_extension pan
.arch_extension fp
.arch_extension simd

.section .text.entry, "ax", @progbits

// x9: whether to close it again.
.macro user_open
    adrp x9, cpu_has_pan
    ldrb w9, [x9, :lo12:cpu_has_pan]
    cbz w9, 9f
    msr pan, #0
9:
.endm

.macro user_close
    cbz w9, 9f
    msr pan, #1
9:
.endm

// `operation` with the numbers and the place of each pair of vector registers.
.macro each_vector operation
    \operation q0, q1, [x6]
    \operation q2, q3, [x6, #32]
    \operation q4, q5, [x6, #64]
    \operation q6, q7, [x6, #96]
    \operation q8, q9, [x6, #128]
    \operation q10, q11, [x6, #160]
    \operation q12, q13, [x6, #192]
    \operation q14, q15, [x6, #224]
    \operation q16, q17, [x6, #256]
    \operation q18, q19, [x6, #288]
    \operation q20, q21, [x6, #320]
    \operation q22, q23, [x6, #352]
    \operation q24, q25, [x6, #384]
    \operation q26, q27, [x6, #416]
    \operation q28, q29, [x6, #448]
    \operation q30, q31, [x6, #480]
.endm

.macro record_head register, magic, size
    mov \register, #(\magic & 0xffff)
    movk \register, #(\magic >> 16), lsl #16
    movk \register, #\size, lsl #32
.endm

// int user_signal_save(uint64_t at, const struct arch_frame *frame, const struct signal_words *words, bool vectors)
.globl user_signal_save
.hidden user_signal_save
.p2align 4
user_signal_save:
    user_open
1:  stp xzr, xzr, [x0, #SIGNAL_FLAGS]
    ldp x4, x5, [x2, #WORDS_STACK]
    stp x4, x5, [x0, #SIGNAL_STACK]
    ldp x4, x5, [x2, #(WORDS_STACK + 16)]           // its size, and the mask behind it
    stp x4, x5, [x0, #(SIGNAL_STACK + 16)]
    ldp x4, x5, [x2, #WORDS_ADDRESS]
    str x4, [x0, #SIGNAL_ADDRESS]
    add x6, x0, #SIGNAL_X
    .irp offset, 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256
    ldp x7, x8, [x1, #\offset]                      // x0 … x30, sp, pc, pstate
    stp x7, x8, [x6, #\offset]
    .endr
    record_head x4, RECORD_FLOATING_POINT, FLOATING_POINT_SIZE
    str x4, [x0, #SIGNAL_RECORDS]
    add x6, x0, #(SIGNAL_RECORDS + VECTORS_REGISTERS)
    cbz w3, 3f
    mrs x7, fpsr
    mrs x8, fpcr
    stp w7, w8, [x6, #(VECTORS_CONTROL - VECTORS_REGISTERS)]
    each_vector stp
    b 4f
3:  str xzr, [x6, #(VECTORS_CONTROL - VECTORS_REGISTERS)]
    .irp offset, 0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 480
    stp xzr, xzr, [x6, #\offset]
    stp xzr, xzr, [x6, #(\offset + 16)]
    .endr
4:  add x6, x0, #SIGNAL_SYNDROME
    cbz x5, 5f
    record_head x4, RECORD_SYNDROME, SYNDROME_SIZE
    stp x4, x5, [x6], #SYNDROME_SIZE
5:  str xzr, [x6]                                   // the last record
    add x6, x0, #(SIGNAL_CHAIN & 0xf000)
    ldp x7, x8, [x1, #(29 * 8)]
    str x7, [x6, #(SIGNAL_CHAIN & 0xfff)]
    str x8, [x6, #((SIGNAL_CHAIN & 0xfff) + 8)]
2:  user_close
    mov w0, wzr
    ret
    fault_rows 1b, 2b, signal_failed

// int user_signal_load(uint64_t at, struct arch_frame *frame, struct signal_words *words)
.globl user_signal_load
.hidden user_signal_load
.p2align 4
user_signal_load:
    user_open
1:  ldp x4, x5, [x0, #SIGNAL_STACK]
    stp x4, x5, [x2, #WORDS_STACK]
    ldp x4, x5, [x0, #(SIGNAL_STACK + 16)]
    stp x4, x5, [x2, #(WORDS_STACK + 16)]
    add x6, x0, #SIGNAL_X
    ldp x4, x5, [x6, #(SIGNAL_PC - SIGNAL_X)]
    stp x4, x5, [x2, #WORDS_PC]
    .irp offset, 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240
    ldp x4, x5, [x6, #\offset]
    stp x4, x5, [x1, #\offset]
    .endr
2:  user_close
    mov w0, wzr
    ret
    fault_rows 1b, 2b, signal_failed

// int user_vectors_load(uint64_t at)
.globl user_vectors_load
.hidden user_vectors_load
.p2align 4
user_vectors_load:
    user_open
1:  ldp w4, w5, [x0, #VECTORS_CONTROL]
    add x6, x0, #VECTORS_REGISTERS
    each_vector ldp
2:  user_close
    msr fpsr, x4
    msr fpcr, x5
    mov w0, wzr
    ret
    fault_rows 1b, 2b, signal_failed

signal_failed:
    user_close
    mov w0, #-1
    ret
