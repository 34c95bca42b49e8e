// SPDX-License-Identifier: MIT
// entry.S: every way into the kernel and out of it: one trap vector, the return to user mode, and the switch between threads.
//
// All traps leave a struct arch_frame on the thread's kernel stack. While user code runs, sscratch holds the CPU block; in the
// kernel tp does, gp holds the thread and sscratch is 0, which is how the vector tells where it comes from.
// A system call stores only what its handler may destroy. The registers that functions preserve, the cause and the first argument are
// stored (frame_complete) when somebody is to read or change the frame: before work on the way out, and for the call that copies it
// (whole_frame). A page fault of a program likewise leaves the registers that functions preserve where they are. A frame that was made
// anew leaves by arch_return_to_user, whatever it came by.
// Neither user memory nor the floating-point unit is open while the kernel runs: the entry closes both, the frame's status restores.

#include <arch/syscall_slots.h>

#include "offsets.h"

.section .text.entry, "ax", @progbits

.macro each_scratch operation // what a function may spoil, but sp and a0
    \operation x1, FRAME_X(1)(sp)
    \operation x5, FRAME_X(5)(sp)
    \operation x6, FRAME_X(6)(sp)
    \operation x7, FRAME_X(7)(sp)
    \operation x11, FRAME_X(11)(sp)
    \operation x12, FRAME_X(12)(sp)
    \operation x13, FRAME_X(13)(sp)
    \operation x14, FRAME_X(14)(sp)
    \operation x15, FRAME_X(15)(sp)
    \operation x16, FRAME_X(16)(sp)
    \operation x17, FRAME_X(17)(sp)
    \operation x28, FRAME_X(28)(sp)
    \operation x29, FRAME_X(29)(sp)
    \operation x30, FRAME_X(30)(sp)
    \operation x31, FRAME_X(31)(sp)
.endm

.macro each_preserved operation, base=sp
    \operation x8, FRAME_X(8)(\base)
    \operation x9, FRAME_X(9)(\base)
    \operation x18, FRAME_X(18)(\base)
    \operation x19, FRAME_X(19)(\base)
    \operation x20, FRAME_X(20)(\base)
    \operation x21, FRAME_X(21)(\base)
    \operation x22, FRAME_X(22)(\base)
    \operation x23, FRAME_X(23)(\base)
    \operation x24, FRAME_X(24)(\base)
    \operation x25, FRAME_X(25)(\base)
    \operation x26, FRAME_X(26)(\base)
    \operation x27, FRAME_X(27)(\base)
.endm

// What a system call has not stored, but for its result. Spoils t0 and t1.
.macro frame_complete base
    each_preserved sd, \base
    ld t0, FRAME_X(10)(\base)
    li t1, CAUSE_USER_CALL
    sd t0, FRAME_FIRST_A0(\base)
    sd t1, FRAME_CAUSE(\base)
.endm

// Status into the frame with everything closed; t2 = pc, t3 = cause.
.macro save_control
    li t1, STATUS_FLOAT | STATUS_USER_ACCESS
    csrrc t1, sstatus, t1
    csrr t2, sepc
    csrr t3, scause
    sd t1, FRAME_STATUS(sp)
    sd t3, FRAME_CAUSE(sp)
.endm

// No load reservation outlives a trap: what ran in between may have stored to the same place, or left a reservation of its own, and only
// a store-conditional is sure to end it (Unprivileged ISA 20191213, 8.2). This one stores what is there, should it store at all.
.macro drop_reservation
    ld t0, FRAME_X(1)(sp)
    sc.d zero, t0, (sp)
.endm

.macro restore_control
    ld t0, FRAME_STATUS(sp)
    ld t1, FRAME_PC(sp)
    csrw sstatus, t0
    csrw sepc, t1
.endm

.globl arch_trap_entry
.hidden arch_trap_entry
.p2align 4
arch_trap_entry:
    csrrw tp, sscratch, tp
    beqz tp, trap_from_kernel
    sd sp, CPU_USER_SP(tp)
    ld sp, CPU_FRAME(tp)
    each_scratch sd
    sd a0, FRAME_X(10)(sp)
    sd gp, FRAME_X(3)(sp)
    ld t0, CPU_USER_SP(tp)
    csrrw t4, sscratch, zero
    sd t0, FRAME_X(2)(sp)
    sd t4, FRAME_X(4)(sp)
    ld gp, CPU_CURRENT(tp)
    li t1, STATUS_FLOAT | STATUS_USER_ACCESS
    csrrc t1, sstatus, t1
    csrr t2, sepc
    csrr t3, scause
    li t4, CAUSE_USER_CALL
    sd t1, FRAME_STATUS(sp)
    bne t3, t4, trap_from_user

    // The number is checked, and clamped for a processor that guesses the check.
    addi t2, t2, 4
    sltiu t0, a7, SYSCALL_SLOTS
    sd t2, FRAME_PC(sp)
    beqz t0, 2f
    andi a7, a7, SYSCALL_SLOTS - 1
1:  slli a7, a7, 3
    add t0, tp, a7
    ld t1, CPU_SYSCALL_COUNTS(t0)
    la t2, syscall_handlers
    add t2, t2, a7
    ld t2, (t2)
    addi t1, t1, 1
    sd t1, CPU_SYSCALL_COUNTS(t0)
    mv a0, gp
    addi a1, sp, FRAME_X(10)
    csrsi sstatus, STATUS_INTERRUPTS
    jalr t2
    csrci sstatus, STATUS_INTERRUPTS
    lw t0, CPU_EXIT_WORK(tp)
    bnez t0, call_with_work
return_scratch:
    restore_control
    csrw sscratch, tp
    each_scratch ld
    ld gp, FRAME_X(3)(sp)
    ld tp, FRAME_X(4)(sp)
    ld sp, FRAME_X(2)(sp)
    sret
2:  li a7, SYSCALL_SLOTS
    j 1b

call_with_work:
    frame_complete sp
    sd a0, FRAME_X(10)(sp)
    j return_with_work

// The handlers that read the whole frame of their caller: a1 is at its arguments, and every register that functions preserve is the user's.
.macro whole_frame handler
.globl whole_frame_\handler
.hidden whole_frame_\handler
whole_frame_\handler:
    addi t2, a1, -FRAME_X(10)
    frame_complete t2
    tail \handler
.endm
    whole_frame sys_clone

// t1 = status, t2 = pc, t3 = cause. A program's page fault goes straight to where it is served.
trap_from_user:
    csrr t4, stval
    li t5, PAGE_FAULT_CAUSES
    srl t5, t5, t3
    sd t2, FRAME_PC(sp)
    sd t3, FRAME_CAUSE(sp)
    sd t4, FRAME_ADDRESS(sp)
    andi t5, t5, 1
    beqz t5, 1f
    bltz t3, 1f
    mv a0, sp
    call arch_user_page_fault
    lw t0, CPU_EXIT_WORK(tp)
    bnez t0, 2f
    drop_reservation
    ld a0, FRAME_X(10)(sp)
    j return_scratch
2:  each_preserved sd
    j return_with_work

1:  each_preserved sd
    li s0, 0
    mv a0, sp
    call arch_dispatch
    csrci sstatus, STATUS_INTERRUPTS
    lw t0, CPU_EXIT_WORK(tp)
    beqz t0, return_to_user
return_with_work:
    mv a0, sp
    call kernel_exit_to_user
    lw t0, CPU_EXIT_WORK(tp)
    bnez t0, return_with_work
return_to_user:
    drop_reservation
    each_preserved ld
    ld a0, FRAME_X(10)(sp)
    j return_scratch

// [[noreturn]] void arch_return_to_user(struct arch_frame *frame)
.globl arch_return_to_user
.hidden arch_return_to_user
arch_return_to_user:
    csrci sstatus, STATUS_INTERRUPTS
    mv sp, a0
    lw t0, CPU_EXIT_WORK(tp)
    bnez t0, return_with_work
    j return_to_user

// A trap of the kernel's own. It needs room for a frame on the current stack: without, it runs on the CPU's emergency stack and
// never returns.
.p2align 2
trap_from_kernel:
    csrrw tp, sscratch, tp
    sd sp, CPU_USER_SP(tp)
    sd t0, CPU_TEMPORARY(tp)
    ld t0, CPU_FRAME(tp)
    sub t0, t0, sp
    addi t0, t0, FRAME_SIZE + FRAME_SIZE - 1
    srli t0, t0, STACK_SIZE_SHIFT
    bnez t0, 1f
    ld t0, CPU_TEMPORARY(tp)
    addi sp, sp, -FRAME_SIZE
    each_scratch sd
    sd a0, FRAME_X(10)(sp)
    each_preserved sd
    call trap_kernel_frame
    call arch_dispatch
    csrci sstatus, STATUS_INTERRUPTS
    drop_reservation
    restore_control
    each_scratch ld
    ld a0, FRAME_X(10)(sp)
    ld sp, FRAME_X(2)(sp)
    sret

1:  ld t0, CPU_TEMPORARY(tp)
    ld sp, CPU_EMERGENCY_TOP(tp)
    addi sp, sp, -FRAME_SIZE
    each_scratch sd
    sd a0, FRAME_X(10)(sp)
    each_preserved sd
    call trap_kernel_frame
    call arch_dispatch_without_stack

// The rest of a frame of the kernel's own; a0 = the frame.
trap_kernel_frame:
    ld t0, CPU_USER_SP(tp)
    csrr t4, stval
    sd t0, FRAME_X(2)(sp)
    sd gp, FRAME_X(3)(sp)
    sd tp, FRAME_X(4)(sp)
    save_control
    sd t2, FRAME_PC(sp)
    sd t4, FRAME_ADDRESS(sp)
    mv a0, sp
    ret

// void arch_context_switch(struct arch_context *from, const struct arch_context *to)
.globl arch_context_switch
.hidden arch_context_switch
.p2align 2
arch_context_switch:
.macro each_context operation, base
    \operation ra, 0(\base)
    \operation s0, 16(\base)
    \operation s1, 24(\base)
    \operation s2, 32(\base)
    \operation s3, 40(\base)
    \operation s4, 48(\base)
    \operation s5, 56(\base)
    \operation s6, 64(\base)
    \operation s7, 72(\base)
    \operation s8, 80(\base)
    \operation s9, 88(\base)
    \operation s10, 96(\base)
    \operation s11, 104(\base)
.endm
    each_context sd, a0
    sd sp, 8(a0)
    ld sp, 8(a1)
    ld t0, -8(sp)                       // a stack that is not there is found out while the frame pointer still says who switched
    each_context ld, a1
    ret

// Where a new thread comes out of its first switch: s1 = entry, s2 = argument (arch_context_prepare). The record of zeros is where
// backtraces end.
.globl arch_context_start
.hidden arch_context_start
arch_context_start:
    addi s0, sp, 0
    addi sp, sp, -16
    sd zero, 0(sp)
    sd zero, 8(sp)
    mv a0, s2
    jalr s1
    ebreak
