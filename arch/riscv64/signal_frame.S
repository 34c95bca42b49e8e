// SPDX-License-Identifier: MIT
// signal_frame.S: a signal's frame straight from the kernel's frame and the floating-point registers to the user's stack and back, without a
// copy in between. User memory and the unit are open only inside; what interrupts that finds them open again (entry.S).

#include <arch/fault_row.h>

#include "offsets.h"
#include "signal_frame.h"

.option arch, +f, +d

.section .text.entry, "ax", @progbits

.macro user_open
    li t6, STATUS_USER_ACCESS | STATUS_FLOAT
    csrs sstatus, t6
.endm

.macro user_close
    li t6, STATUS_USER_ACCESS | STATUS_FLOAT
    csrc sstatus, t6
.endm

.macro each_float operation, base
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \operation f\number, (SIGNAL_FLOATS + 8 * \number)(\base)
    .endr
.endm

// int user_signal_save(uint64_t at, const struct arch_frame *frame, const struct signal_words *words, bool floats)
.globl user_signal_save
.hidden user_signal_save
user_signal_save:
    user_open
1:  sd zero, SIGNAL_FLAGS(a0)
    sd zero, (SIGNAL_FLAGS + 8)(a0)
    .irp offset, 0, 8, 16, 24           // the stack's three words, and the mask behind them
    ld t0, (WORDS_STACK + \offset)(a2)
    sd t0, (SIGNAL_STACK + \offset)(a0)
    .endr
    ld t0, FRAME_PC(a1)
    sd t0, SIGNAL_PC(a0)
    .irp offset, 0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, 160, 168, 176, 184, 192, 200, 208, 216, 224, 232, 240
    ld t0, \offset(a1)                  // x1 … x31
    sd t0, (SIGNAL_X + \offset)(a0)
    .endr
    beqz a3, 3f
    each_float fsd, a0
    csrr t0, fcsr
    sd t0, SIGNAL_CONTROL(a0)
    j 4f
3:  addi t0, a0, SIGNAL_FLOATS
    addi t1, a0, SIGNAL_CONTROL
5:  sd zero, 0(t0)
    addi t0, t0, 8
    bleu t0, t1, 5b
4:  sw zero, SIGNAL_EXTENSION(a0)
    sd zero, (SIGNAL_EXTENSION + 4)(a0)
2:  user_close
    li a0, 0
    ret
    fault_rows 1b, 2b, signal_failed

// int user_signal_load(uint64_t at, struct arch_frame *frame, struct signal_words *words)
.globl user_signal_load
.hidden user_signal_load
user_signal_load:
    user_open
1:  .irp offset, 0, 8, 16, 24
    ld t0, (SIGNAL_STACK + \offset)(a0)
    sd t0, (WORDS_STACK + \offset)(a2)
    .endr
    ld t0, SIGNAL_PC(a0)
    sd t0, WORDS_PC(a2)
    lw t0, SIGNAL_EXTENSION(a0)
    ld t1, (SIGNAL_EXTENSION + 4)(a0)
    srli t2, t1, 32
    or t0, t0, t1
    or t0, t0, t2
    sw t0, WORDS_EXTENSION(a2)
    .irp offset, 0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, 160, 168, 176, 184, 192, 200, 208, 216, 224, 232, 240
    ld t0, (SIGNAL_X + \offset)(a0)
    sd t0, \offset(a1)
    .endr
2:  user_close
    li a0, 0
    ret
    fault_rows 1b, 2b, signal_failed

// int user_floats_load(uint64_t at)
.globl user_floats_load
.hidden user_floats_load
user_floats_load:
    user_open
1:  each_float fld, a0
    lw t0, SIGNAL_CONTROL(a0)
    andi t0, t0, 0xff                   // of fcsr what there is
    csrw fcsr, t0
2:  user_close
    li a0, 0
    ret
    fault_rows 1b, 2b, signal_failed

signal_failed:
    user_close
    li a0, -1
    ret
