// SPDX-License-Identifier: MIT
// copy.S: memory primitives, and their counterparts that may fault on user memory.
//
// User memory is read and written by the unprivileged instructions (ldtr, sttr), which have user mode's rights whatever the CPU offers
// beside (Arm ARM C6.2): PAN stays on, and CPUs without it are as safe. Only the exchange, of which there is no such form, opens it.

#include <arch/fault_row.h>

.section .text.entry, "ax", @progbits

// uint64_t user_copy(void *to, const void *from, size_t size): 0, or after a fault `size`, however much was copied; the side in the
// lower half is the user's. Units of 32 bytes, then 8, then single ones.
.macro user_copy_body load, store
    subs x2, x2, #32
    b.lo 2f
1:  \load\()_32
    \store\()_32
    subs x2, x2, #32
    b.hs 1b
2:  adds x2, x2, #24                // bytes left, less 8
    b.mi 4f
3:  \load\()_8
    \store\()_8
    subs x2, x2, #8
    b.hs 3b
4:  adds x2, x2, #8
    b.eq 6f
5:  \load\()_1
    \store\()_1
    subs x2, x2, #1
    b.ne 5b
6:  mov x0, xzr
    ret
.endm

.macro fallible instruction:vararg
88: \instruction
    fault_row 88b, copy_failed
.endm

.macro from_user_32
    fallible ldtr x3, [x1]
    fallible ldtr x4, [x1, #8]
    fallible ldtr x5, [x1, #16]
    fallible ldtr x6, [x1, #24]
    add x1, x1, #32
.endm
.macro from_user_8
    fallible ldtr x3, [x1]
    add x1, x1, #8
.endm
.macro from_user_1
    fallible ldtrb w3, [x1]
    add x1, x1, #1
.endm
.macro from_kernel_32
    ldp x3, x4, [x1]
    ldp x5, x6, [x1, #16]
    add x1, x1, #32
.endm
.macro from_kernel_8
    ldr x3, [x1], #8
.endm
.macro from_kernel_1
    ldrb w3, [x1], #1
.endm
.macro to_user_32
    fallible sttr x3, [x0]
    fallible sttr x4, [x0, #8]
    fallible sttr x5, [x0, #16]
    fallible sttr x6, [x0, #24]
    add x0, x0, #32
.endm
.macro to_user_8
    fallible sttr x3, [x0]
    add x0, x0, #8
.endm
.macro to_user_1
    fallible sttrb w3, [x0]
    add x0, x0, #1
.endm
.macro to_kernel_32
    stp x3, x4, [x0]
    stp x5, x6, [x0, #16]
    add x0, x0, #32
.endm
.macro to_kernel_8
    str x3, [x0], #8
.endm
.macro to_kernel_1
    strb w3, [x0], #1
.endm

.globl user_copy
.hidden user_copy
.p2align 4
user_copy:
    cbz x2, copy_done
    mov x7, x2
    tbz x0, #63, copy_out
    user_copy_body from_user, to_kernel
.p2align 4
copy_out:
    user_copy_body from_kernel, to_user
copy_failed:
    mov x0, x7
    ret
copy_done:
    mov x0, xzr
    ret

// uint64_t user_fill_zero(void *to, size_t size): 0, or after a fault `size`.
.globl user_fill_zero
.hidden user_fill_zero
.p2align 4
user_fill_zero:
    mov x7, x1
    cbz x1, copy_done
    subs x1, x1, #32
    b.lo 2f
1:  fallible sttr xzr, [x0]
    fallible sttr xzr, [x0, #8]
    fallible sttr xzr, [x0, #16]
    fallible sttr xzr, [x0, #24]
    add x0, x0, #32
    subs x1, x1, #32
    b.hs 1b
2:  adds x1, x1, #24                // bytes left, less 8
    b.mi 4f
3:  fallible sttr xzr, [x0]
    add x0, x0, #8
    subs x1, x1, #8
    b.hs 3b
4:  adds x1, x1, #8
    b.eq copy_done
5:  fallible sttrb wzr, [x0]
    add x0, x0, #1
    subs x1, x1, #1
    b.ne 5b
    b copy_done

// int64_t user_string(char *to, const char *from, size_t size): length without the NUL, size if there is none, −1 on a fault.
.globl user_string
.hidden user_string
.p2align 4
user_string:
    mov x3, xzr
1:  cmp x3, x2
    b.hs 3f
2:  ldtrb w4, [x1]
    strb w4, [x0, x3]
    cbz w4, 3f
    add x1, x1, #1
    add x3, x3, #1
    b 1b
3:  mov x0, x3
    ret
word_failed:
    mov x0, #-1
    ret
    fault_row 2b, word_failed

// int user_load32(const uint32_t *from, uint32_t *value): 0, or −1 on a fault.
.globl user_load32
.hidden user_load32
user_load32:
1:  ldtr w2, [x0]
    str w2, [x1]
    mov w0, wzr
    ret
    fault_row 1b, word_failed

// int user_exchange32(uint32_t *at, uint32_t expected, uint32_t desired, uint32_t *found): 0, or −1 on a fault.
// The loads and stores here have the kernel's rights; the caller has seen that `at` is in the user half, where no page is
// open to the kernel alone.
.arch_extension pan
.globl user_exchange32
.hidden user_exchange32
user_exchange32:
    adrp x6, cpu_has_pan
    ldrb w6, [x6, :lo12:cpu_has_pan]
    cbz w6, 1f
    msr pan, #0
1:  ldxr w4, [x0]
    cmp w4, w1
    b.ne 3f
2:  stlxr w5, w2, [x0]
    cbnz w5, 1b
3:  dmb ish
    str w4, [x3]
    mov w0, wzr
    b 5f
4:  mov w0, #-1
5:  cbz w6, 6f
    msr pan, #1
6:  ret
    fault_row 1b, 4b
    fault_row 2b, 4b

.section .text, "ax", @progbits

// As in the C library: 64 bytes at a time while they last.
.globl memcpy
.hidden memcpy
.p2align 4
memcpy:
    mov x3, x0
    subs x2, x2, #64
    b.lo 2f
1:  ldp x4, x5, [x1], #64
    ldp x6, x7, [x1, #-48]
    ldp x8, x9, [x1, #-32]
    ldp x10, x11, [x1, #-16]
    stp x4, x5, [x3], #64
    stp x6, x7, [x3, #-48]
    stp x8, x9, [x3, #-32]
    stp x10, x11, [x3, #-16]
    subs x2, x2, #64
    b.hs 1b
2:  tbz x2, #5, 3f
    ldp x4, x5, [x1], #32
    ldp x6, x7, [x1, #-16]
    stp x4, x5, [x3], #32
    stp x6, x7, [x3, #-16]
3:  tbz x2, #4, 4f
    ldp x4, x5, [x1], #16
    stp x4, x5, [x3], #16
4:  tbz x2, #3, 5f
    ldr x4, [x1], #8
    str x4, [x3], #8
5:  tbz x2, #2, 6f
    ldr w4, [x1], #4
    str w4, [x3], #4
6:  tbz x2, #1, 7f
    ldrh w4, [x1], #2
    strh w4, [x3], #2
7:  tbz x2, #0, 8f
    ldrb w4, [x1]
    strb w4, [x3]
8:  ret

// Zeros of 256 bytes and more go by whole blocks, where the CPU offers that (dc zva), with 64 bytes in a block.
.globl memset
.hidden memset
.p2align 4
memset:
    mov x3, x0
    and w1, w1, #0xff
    mov x4, #0x0101010101010101
    mul x1, x1, x4
    cmp x2, #256
    b.lo fill
    cbnz x1, fill
    mrs x4, dczid_el0
    tbnz x4, #4, fill
    and x4, x4, #15
    mov x5, #4
    lsl x5, x5, x4                  // bytes in a block
    cmp x5, #64
    b.ne fill
    b 2f
1:  strb wzr, [x3], #1
    sub x2, x2, #1
2:  tst x3, #7
    b.ne 1b
    b 2f
1:  str xzr, [x3], #8
    sub x2, x2, #8
2:  tst x3, #63
    b.ne 1b
    b 3f
1:  dc zva, x3
    add x4, x3, #64
    dc zva, x4
    add x4, x3, #128
    dc zva, x4
    add x4, x3, #192
    dc zva, x4
    add x3, x3, #256
3:  subs x2, x2, #256
    b.hs 1b
    add x2, x2, #256

fill:
    subs x2, x2, #64
    b.lo fill_rest
1:  stp x1, x1, [x3]
    stp x1, x1, [x3, #16]
    stp x1, x1, [x3, #32]
    stp x1, x1, [x3, #48]
    add x3, x3, #64
    subs x2, x2, #64
    b.hs 1b
fill_rest:
    tbz x2, #5, 2f
    stp x1, x1, [x3], #16
    stp x1, x1, [x3], #16
2:  tbz x2, #4, 3f
    stp x1, x1, [x3], #16
3:  tbz x2, #3, 4f
    str x1, [x3], #8
4:  tbz x2, #2, 5f
    str w1, [x3], #4
5:  tbz x2, #1, 6f
    strh w1, [x3], #2
6:  tbz x2, #0, 7f
    strb w1, [x3]
7:  ret
