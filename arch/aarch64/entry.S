// SPDX-License-Identifier: MIT
// entry.S: every way into the kernel and out of it: the sixteen vectors, system calls, and the return to user mode.
//
// All of them leave a struct arch_frame on the stack of SP_EL1. While user code runs, SP_EL1 is the end of the thread's kernel stack, so
// that its frame lies there. In the kernel x18 holds the CPU's block and SP_EL0 the current thread.
//
// A system call stores only what its handler may destroy. The registers that functions preserve, the kind and the first argument are
// stored (frame_complete) when somebody is to read or change the frame: before work on the way out, and for the calls that copy it
// (whole_frame). A page fault of a program likewise leaves the registers that functions preserve where they are. A frame that was made
// anew leaves by arch_return_to_user, whatever it came by.
//
// An entry from the kernel looks at the stack first, before it writes there: without room for a frame the report is made on the CPU's
// emergency stack.

#include <arch/syscall_slots.h>

#include "offsets.h"

.section .text.entry, "ax", @progbits

// x0 … x29; sp points at the frame.
.macro save_registers
    stp x0, x1, [sp, #0]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
    stp x28, x29, [sp, #224]
.endm

// x0 … x17: what a function call does not preserve.
.macro save_scratch
    stp x0, x1, [sp, #0]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
.endm

// x19 … x29, which still hold the user's values.
.macro store_preserved base
    stp x19, x20, [\base, #152]
    stp x21, x22, [\base, #168]
    stp x23, x24, [\base, #184]
    stp x25, x26, [\base, #200]
    stp x27, x28, [\base, #216]
    str x29, [\base, #FRAME_X29]
.endm

// What a system call has not stored, but for its result. Spoils x9 and x10.
.macro frame_complete base
    store_preserved \base
    ldr x9, [\base]
    mov x10, #CLASS_SVC
    stp x9, x10, [\base, #FRAME_ARGUMENT]
.endm

.macro restore_scratch_but_x0
    ldr x1, [sp, #8]
    ldp x2, x3, [sp, #16]
    ldp x4, x5, [sp, #32]
    ldp x6, x7, [sp, #48]
    ldp x8, x9, [sp, #64]
    ldp x10, x11, [sp, #80]
    ldp x12, x13, [sp, #96]
    ldp x14, x15, [sp, #112]
    ldp x16, x17, [sp, #128]
.endm

.macro restore_scratch
    ldr x0, [sp]
    restore_scratch_but_x0
.endm

// The barriers are never executed: CPUs that go on ahead in a straight line stop there.
.macro exception_return
    eret
    dsb nsh
    isb
.endm

// From user mode: the rest of the frame, and the kernel's own x18, SP_EL0 and end of the chain of stack frames.
.macro enter_from_user
    save_registers
    mrs x1, sp_el0
    stp x30, x1, [sp, #FRAME_X30]
    mrs x2, elr_el1
    mrs x3, spsr_el1
    stp x2, x3, [sp, #FRAME_PC]
    mrs x18, tpidr_el1
    ldr x4, [x18, #CPU_CURRENT]
    msr sp_el0, x4
    mov x29, xzr
.endm

// No system call and no exception: ESR_EL1 and FAR_EL1 still tell of an older one.
.macro save_no_cause
    stp xzr, xzr, [sp, #FRAME_ARGUMENT]
    stp xzr, xzr, [sp, #FRAME_SYNDROME]
    msr daifclr, #4
.endm

// Not a system call: why it came. From here on a system error is taken where it happens.
.macro save_cause
    stp xzr, xzr, [sp, #FRAME_ARGUMENT]
    mrs x2, esr_el1
    mrs x3, far_el1
    stp x2, x3, [sp, #FRAME_SYNDROME]
    msr daifclr, #4
.endm

.p2align 7
user_synchronous:
    save_scratch
    str x18, [sp, #FRAME_X18]
    mrs x18, tpidr_el1
    mrs x9, sp_el0
    mrs x10, elr_el1
    mrs x11, spsr_el1
    mrs x12, esr_el1
    ldr x13, [x18, #CPU_CURRENT]
    stp x30, x9, [sp, #FRAME_X30]
    stp x10, x11, [sp, #FRAME_PC]
    msr sp_el0, x13
    lsr x14, x12, #26
    cmp x14, #CLASS_SVC
    b.ne user_no_call
    // The number is checked, and clamped for a processor that guesses the check.
    cmp x8, #SYSCALL_SLOTS
    b.hs 2f
    and x8, x8, #(SYSCALL_SLOTS - 1)
1:  add x9, x18, x8, lsl #3
    ldr x10, [x9, #CPU_SYSCALL_COUNTS]
    adrp x11, syscall_handlers
    add x11, x11, :lo12:syscall_handlers
    ldr x11, [x11, x8, lsl #3]
    add x10, x10, #1
    str x10, [x9, #CPU_SYSCALL_COUNTS]
    mov x0, x13
    mov x1, sp
    msr daifclr, #6
    blr x11
    msr daifset, #2
    ldr w1, [x18, #CPU_EXIT_WORK]
    cbnz w1, call_with_work
return_unchanged:
    ldp x4, x5, [sp, #FRAME_PC]
    ldp x30, x6, [sp, #FRAME_X30]
    msr elr_el1, x4
    msr spsr_el1, x5
    msr sp_el0, x6
    restore_scratch_but_x0
    ldr x18, [sp, #FRAME_X18]
    add sp, sp, #FRAME_SIZE
    exception_return
2:  mov x8, #SYSCALL_SLOTS
    b 1b

call_with_work:
    frame_complete sp
    str x0, [sp]
    b return_with_work

// The handlers that read the whole frame of their caller: x1 is at its arguments, and every register that functions preserve is the user's.
.macro whole_frame handler
.globl whole_frame_\handler
.hidden whole_frame_\handler
whole_frame_\handler:
    frame_complete x1
    b \handler
.endm
    whole_frame sys_clone

// x12 = syndrome, x14 = its class. A program's abort goes straight to where it is served.
user_no_call:
    bic x15, x14, #(CLASS_DATA_USER ^ CLASS_FETCH_USER)
    cmp x15, #(CLASS_DATA_USER & CLASS_FETCH_USER)
    b.ne 1f
    mrs x9, far_el1
    stp xzr, xzr, [sp, #FRAME_ARGUMENT]
    stp x12, x9, [sp, #FRAME_SYNDROME]
    mov x0, sp
    msr daifclr, #4
    bl arch_user_abort
    ldr w1, [x18, #CPU_EXIT_WORK]
    ldr x0, [sp]
    cbz w1, return_unchanged
    store_preserved sp
    b return_with_work
1:  store_preserved sp
    mov x29, xzr

user_exception:
    save_cause
    mov x0, sp
    bl arch_user_exception
    b return_to_user

user_interrupt:
    enter_from_user
    save_no_cause
    mov x0, sp
    bl interrupt_dispatch
return_to_user:
    msr daifset, #2
    ldr w1, [x18, #CPU_EXIT_WORK]
    cbz w1, return_whole
return_with_work:
    mov x0, sp
    bl kernel_exit_to_user
    ldr w1, [x18, #CPU_EXIT_WORK]
    cbnz w1, return_with_work
return_whole:
    ldp x19, x20, [sp, #152]
    ldp x21, x22, [sp, #168]
    ldp x23, x24, [sp, #184]
    ldp x25, x26, [sp, #200]
    ldp x27, x28, [sp, #216]
    ldr x29, [sp, #FRAME_X29]
    ldr x0, [sp]
    b return_unchanged

// [[noreturn]] void arch_return_to_user(struct arch_frame *frame)
.globl arch_return_to_user
.hidden arch_return_to_user
arch_return_to_user:
    mov sp, x0
    mov x29, xzr
    b return_to_user

// Those that never come: x1 tells which.
.macro user_unexpected vector
    enter_from_user
    save_cause
    mov x1, #\vector
    b user_end
.endm
user_fast_interrupt:
    user_unexpected 10
user_system_error:
    user_unexpected 11
user_fast_interrupt_32:
    user_unexpected 14
user_system_error_32:
    user_unexpected 15
user_end:
    mov x0, sp
    bl arch_kernel_exception
    brk #0

// From the kernel, sp already at the frame and known to be good.
.macro enter_from_kernel vector
    save_registers
    add x1, sp, #FRAME_SIZE
    stp x30, x1, [sp, #FRAME_X30]
    mov x1, #\vector
    b kernel_common
.endm

.macro kernel_entry vector
kernel_entry_\vector:
    enter_from_kernel \vector
.endm
    kernel_entry 0
    kernel_entry 1
    kernel_entry 2
    kernel_entry 3
    kernel_entry 4
    kernel_entry 5
    kernel_entry 6
    kernel_entry 7

kernel_common:
    mrs x4, elr_el1
    mrs x5, spsr_el1
    stp x4, x5, [sp, #FRAME_PC]
    save_cause
    mov x0, sp
    bl arch_kernel_exception
    ldp x4, x5, [sp, #FRAME_PC]
    msr elr_el1, x4
    msr spsr_el1, x5
    ldp x29, x30, [sp, #FRAME_X29]
    restore_scratch
    add sp, sp, #FRAME_SIZE
    exception_return

// sp lies on no thread's stack, or too near its end; x0 and x1 are in the CPU's scratch words. The boot thread's stack and the emergency
// stack are as good.
stack_doubtful:
    stp x2, x3, [x18, #CPU_SCRATCH + 16]
    mov x0, sp
    tst x0, #15
    b.ne stack_lost
    sub x1, x0, #FRAME_SIZE
    add x2, x18, #CPU_EMERGENCY
    sub x2, x1, x2
    lsr x2, x2, #13                 // EMERGENCY_SIZE
    cbz x2, stack_good
    adrp x2, boot_stack
    add x2, x2, :lo12:boot_stack
    sub x2, x1, x2
    lsr x2, x2, #15                 // BOOT_STACK_SIZE
    cbnz x2, stack_lost
stack_good:
    ldp x0, x1, [x18, #CPU_SCRATCH]
    ldp x2, x3, [x18, #CPU_SCRATCH + 16]
    sub sp, sp, #FRAME_SIZE
    save_registers
    add x1, sp, #FRAME_SIZE
    stp x30, x1, [sp, #FRAME_X30]
    ldr w1, [x18, #CPU_VECTOR]
    b kernel_common

stack_lost:
    add x1, x18, #CPU_EMERGENCY
    add x1, x1, #EMERGENCY_SIZE
    sub x1, x1, #FRAME_SIZE
    mov sp, x1
    str x0, [sp, #FRAME_SP]
    ldp x0, x1, [x18, #CPU_SCRATCH]
    ldp x2, x3, [x18, #CPU_SCRATCH + 16]
    save_registers
    str x30, [sp, #FRAME_X30]
    mrs x4, elr_el1
    mrs x5, spsr_el1
    stp x4, x5, [sp, #FRAME_PC]
    save_cause
    mov x0, sp
    bl arch_stack_lost
    brk #0

// The vectors (Arm ARM D1.3.1): 0–3 with SP_EL0 and 4–7 with SP_EL1 from the kernel, 8–11 from AArch64 and 12–15 from AArch32 user mode;
// of each four synchronous, interrupt, fast interrupt, system error.
.macro kernel_vector vector
.p2align 7
    stp x0, x1, [x18, #CPU_SCRATCH]
    mov x0, #\vector
    str w0, [x18, #CPU_VECTOR]
    mov x0, sp
    ldr x1, [x18, #CPU_STACK_LIMIT]
    tst x0, #15
    b.ne stack_doubtful
    sub x0, x0, x1
    lsr x0, x0, #KERNEL_STACK_BITS
    cbnz x0, stack_doubtful
    ldp x0, x1, [x18, #CPU_SCRATCH]
    sub sp, sp, #FRAME_SIZE
    b kernel_entry_\vector
.endm

.macro user_vector target
.p2align 7
    sub sp, sp, #FRAME_SIZE
    b \target
.endm

.p2align 11
.globl arch_vectors
.hidden arch_vectors
arch_vectors:
    kernel_vector 0
    kernel_vector 1
    kernel_vector 2
    kernel_vector 3
    kernel_vector 4
    kernel_vector 5
    kernel_vector 6
    kernel_vector 7
    user_vector user_synchronous
    user_vector user_interrupt
    user_vector user_fast_interrupt
    user_vector user_system_error
    user_vector user_synchronous_32
    user_vector user_interrupt
    user_vector user_fast_interrupt_32
    user_vector user_system_error_32

// svc of AArch32 has another class; all that comes here is an exception.
.p2align 4
user_synchronous_32:
    enter_from_user
    b user_exception

// void arch_context_switch(struct arch_context *from, const struct arch_context *to)
.globl arch_context_switch
.hidden arch_context_switch
.p2align 4
arch_context_switch:
    stp x29, x30, [sp, #-96]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    mov x2, sp
    str x2, [x0]
    ldr x2, [x1]
    mov sp, x2
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #96
    ret

// Where a new thread comes out of its first switch: x19 = entry, x20 = argument (arch_context_prepare).
.globl arch_context_start
.hidden arch_context_start
arch_context_start:
    mov x0, x20
    mov x29, xzr
    mov x30, xzr
    blr x19
    brk #0
