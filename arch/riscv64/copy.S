// SPDX-License-Identifier: MIT
// copy.S: memory primitives, and their counterparts that may fault on user memory. Units of 8 bytes where both sides are equally
// aligned; else 8-byte units are read at aligned places and shifted together, for no access here is misaligned.
//
// SUM is set only between user_open and user_close.

#include <arch/fault_row.h>

#include "offsets.h"

.section .text.entry, "ax", @progbits

.macro user_open
    li t6, STATUS_USER_ACCESS
    csrs sstatus, t6
.endm

.macro user_close
    li t6, STATUS_USER_ACCESS
    csrc sstatus, t6
.endm

// An access that may fault goes on at `fixup`; none in what only touches the kernel's memory.
.macro access fixup, operation:vararg
77777: \operation
.ifnc \fixup, none
    fault_row 77777b, \fixup
.endif
.endm

// Copies a2 bytes from a1 to a0, which is where the copy has got to, up to a3. Uses t0 to t5, a4 to a7. Falls through to the end.
.macro copy_bytes_to fixup
    add a3, a0, a2
    li t0, 16
    bltu a2, t0, 8f
1:  andi t0, a0, 7                      // bytes, until the target is aligned
    beqz t0, 2f
    access \fixup, lbu t1, 0(a1)
    access \fixup, sb t1, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    j 1b
2:  andi a4, a1, 7
    andi a5, a3, -8                     // where the last whole unit ends
    bnez a4, 5f
    sub t0, a5, a0
    andi t0, t0, -64
    add a6, a0, t0                      // where the last eight together end
    beqz t0, 4f
3:  access \fixup, ld t0, 0(a1)
    access \fixup, ld t1, 8(a1)
    access \fixup, ld t2, 16(a1)
    access \fixup, ld t3, 24(a1)
    access \fixup, ld t4, 32(a1)
    access \fixup, ld t5, 40(a1)
    access \fixup, ld a4, 48(a1)
    access \fixup, ld a7, 56(a1)
    access \fixup, sd t0, 0(a0)
    access \fixup, sd t1, 8(a0)
    access \fixup, sd t2, 16(a0)
    access \fixup, sd t3, 24(a0)
    access \fixup, sd t4, 32(a0)
    access \fixup, sd t5, 40(a0)
    access \fixup, sd a4, 48(a0)
    access \fixup, sd a7, 56(a0)
    addi a0, a0, 64
    addi a1, a1, 64
    bltu a0, a6, 3b
4:  bgeu a0, a5, 8f
    access \fixup, ld t0, 0(a1)
    access \fixup, sd t0, 0(a0)
    addi a0, a0, 8
    addi a1, a1, 8
    j 4b
5:  sub a1, a1, a4                      // what is left is at least one unit
    slli a6, a4, 3
    neg a7, a6                          // shifts count modulo 64
    addi t3, a5, -8                     // where the last unit begins
    access \fixup, ld t0, 0(a1)         // the unit that begins before the source
    bgeu a0, t3, 7f
6:  access \fixup, ld t1, 8(a1)         // two at a time
    srl t0, t0, a6
    sll t2, t1, a7
    or t2, t0, t2
    access \fixup, sd t2, 0(a0)
    access \fixup, ld t0, 16(a1)
    srl t1, t1, a6
    sll t2, t0, a7
    or t2, t1, t2
    access \fixup, sd t2, 8(a0)
    addi a0, a0, 16
    addi a1, a1, 16
    bltu a0, t3, 6b
    bgeu a0, a5, 10f
7:  access \fixup, ld t1, 8(a1)         // the last
    srl t0, t0, a6
    sll t2, t1, a7
    or t2, t0, t2
    access \fixup, sd t2, 0(a0)
    addi a0, a0, 8
    addi a1, a1, 8
10: add a1, a1, a4
8:  bgeu a0, a3, 9f
    access \fixup, lbu t1, 0(a1)
    access \fixup, sb t1, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    j 8b
9:
.endm

// Fills a2 bytes from a0 on with the bytes of a1.
.macro fill_bytes fixup
    add a3, a0, a2
    li t0, 16
    bltu a2, t0, 8f
1:  andi t0, a0, 7
    beqz t0, 2f
    access \fixup, sb a1, 0(a0)
    addi a0, a0, 1
    j 1b
2:  andi a5, a3, -8
    sub t0, a5, a0
    andi t0, t0, -128
    add a6, a0, t0
    beqz t0, 4f
3:  .irp offset, 0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120
    access \fixup, sd a1, \offset(a0)
    .endr
    addi a0, a0, 128
    bltu a0, a6, 3b
4:  bgeu a0, a5, 8f
    access \fixup, sd a1, 0(a0)
    addi a0, a0, 8
    j 4b
8:  bgeu a0, a3, 9f
    access \fixup, sb a1, 0(a0)
    addi a0, a0, 1
    j 8b
9:
.endm

// uint64_t user_copy(void *to, const void *from, size_t size): bytes not copied; either side may be user memory.
.globl user_copy
.hidden user_copy
.p2align 2
user_copy:
    user_open
    copy_bytes_to user_short
user_short:
    user_close
    sub a0, a3, a0
    ret

// uint64_t user_fill_zero(void *to, size_t size): bytes not written.
.globl user_fill_zero
.hidden user_fill_zero
.p2align 2
user_fill_zero:
    mv a2, a1
    li a1, 0
    user_open
    fill_bytes user_short
    j user_short

// int64_t user_string(char *to, const char *from, size_t size): length without the NUL, size if there is none, −1 on a fault.
.globl user_string
.hidden user_string
.p2align 2
user_string:
    user_open
    mv a3, a1
    add a4, a1, a2
1:  bgeu a1, a4, 2f
    access user_fault, lbu t0, 0(a1)
    sb t0, 0(a0)
    beqz t0, 2f
    addi a0, a0, 1
    addi a1, a1, 1
    j 1b
2:  user_close
    sub a0, a1, a3
    ret

// int user_load32(const uint32_t *from, uint32_t *value): 0, or −1 on a fault.
.globl user_load32
.hidden user_load32
.p2align 2
user_load32:
    user_open
    access user_fault, lw t0, 0(a0)
    user_close
    sw t0, 0(a1)
    li a0, 0
    ret

// int user_exchange32(uint32_t *at, uint32_t expected, uint32_t desired, uint32_t *found): 0, or −1 on a fault.
.globl user_exchange32
.hidden user_exchange32
.p2align 2
user_exchange32:
    sext.w a1, a1
    user_open
1:  access user_fault, lr.w.aqrl t0, (a0)
    bne t0, a1, 2f
    access user_fault, sc.w.rl t1, a2, (a0)
    bnez t1, 1b
2:  user_close
    fence rw, rw
    sw t0, 0(a3)
    li a0, 0
    ret

user_fault:
    user_close
    li a0, -1
    ret

// bool user_access_closed(void): whether the kernel cannot reach user memory now but by these routines. For tests.
.globl user_access_closed
.hidden user_access_closed
.p2align 2
user_access_closed:
    csrr a0, sstatus
    li t0, STATUS_USER_ACCESS
    and a0, a0, t0
    seqz a0, a0
    ret

.section .text, "ax", @progbits

.globl memcpy
.hidden memcpy
.p2align 2
memcpy:
    mv t6, a0
    copy_bytes_to none
    mv a0, t6
    ret

.globl memset
.hidden memset
.p2align 2
memset:
    mv t6, a0
    andi a1, a1, 0xff
    slli t0, a1, 8
    or a1, a1, t0
    slli t0, a1, 16
    or a1, a1, t0
    slli t0, a1, 32
    or a1, a1, t0
    fill_bytes none
    mv a0, t6
    ret
