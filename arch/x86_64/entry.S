// SPDX-License-Identifier: MIT
// entry.S: every way into the kernel and out of it: system calls, 256 vectors, and the return to user mode.
//
// All of them leave a struct arch_frame on the thread's kernel stack. GS holds the CPU block while in the kernel.
// A frame whose vector is SYSCALL_VECTOR is untouched since its `syscall` and may leave by `sysret`; whoever changes
// more than rax in it (signals, execve) clears the vector, and the frame leaves by `iret`, which restores everything.

#include "offsets.h"

.section .text.entry, "ax", @progbits

.macro push_registers
    pushq %r9
    pushq %r8
    pushq %r10
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rcx
    pushq %rax
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
.endm

.macro pop_registers
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r11
    popq %rax
    popq %rcx
    popq %rdi
    popq %rsi
    popq %rdx
    popq %r10
    popq %r8
    popq %r9
.endm

.macro clear_access_flag
    cmpb $0, x86_has_smap(%rip)
    je 9f
    clac
9:
.endm

// `syscall`: rcx = user rip, r11 = user flags; SFMASK has cleared IF, TF, DF, AC, NT.
.globl arch_syscall_entry
.hidden arch_syscall_entry
.p2align 4
arch_syscall_entry:
    swapgs
    movq %rsp, %gs:CPU_USER_SP
    movq %gs:CPU_STACK_TOP, %rsp
    pushq $USER_DATA
    pushq %gs:CPU_USER_SP
    pushq %r11
    pushq $USER_CODE
    pushq %rcx
    pushq %rax
    pushq $SYSCALL_VECTOR
    push_registers
    movq %rsp, %rdi
    sti
    call kernel_syscall
    movq %rax, FRAME_RAX(%rsp)
    cli
    cmpl $0, %gs:CPU_EXIT_WORK
    jne return_with_work
    cmpq $SYSCALL_VECTOR, FRAME_VECTOR(%rsp)
    jne return_by_iret
    // The callee-saved registers still hold the user's values. The last user page is never mapped, so rcx is canonical.
    addq $FRAME_R11, %rsp
    popq %r11
    popq %rax
    popq %rcx
    popq %rdi
    popq %rsi
    popq %rdx
    popq %r10
    popq %r8
    popq %r9
    movq (FRAME_RSP - FRAME_VECTOR)(%rsp), %rsp
    swapgs
    sysretq

// `int $0x80` with 64-bit numbers. Only user code can come here.
.p2align 4
interrupt_syscall:
    swapgs
    cld
    pushq %rax
    pushq $0x80
    push_registers
    clear_access_flag
    xorl %ebp, %ebp
    movq %rsp, %rdi
    sti
    call kernel_syscall
    movq %rax, FRAME_RAX(%rsp)
    cli
    cmpl $0, %gs:CPU_EXIT_WORK
    je return_by_iret

return_with_work:
    movq %rsp, %rdi
    call kernel_exit_to_user
    cmpl $0, %gs:CPU_EXIT_WORK
    jne return_with_work
return_by_iret:
    pop_registers
    addq $16, %rsp
    swapgs
    iretq

// [[noreturn]] void arch_return_to_user(struct arch_frame *frame)
.globl arch_return_to_user
.hidden arch_return_to_user
arch_return_to_user:
    cli
    movq %rdi, %rsp
    cmpl $0, %gs:CPU_EXIT_WORK
    jne return_with_work
    jmp return_by_iret

// Exceptions and interrupts, the error code and the vector already pushed.
.p2align 4
trap_common:
    cld
    push_registers
    clear_access_flag
    testb $3, FRAME_CS(%rsp)
    jz 1f
    swapgs
trap_from_user:
    xorl %ebp, %ebp
    movq %rsp, %rdi
    call arch_dispatch
    cli
    cmpl $0, %gs:CPU_EXIT_WORK
    jne return_with_work
    jmp return_by_iret
1:  movq %rsp, %rdi
    call arch_dispatch
    pop_registers
    addq $16, %rsp
    iretq

// Vectors with a stack of their own. From user mode the frame moves to the thread's stack and all goes on as usual. In the
// kernel they can hit anywhere, also between entry and swapgs: the GS base itself tells whose it is. User code cannot set a
// base in the kernel half (FSGSBASE is off, arch_prctl refuses), so its sign decides.
.p2align 4
trap_paranoid:
    cld
    push_registers
    clear_access_flag
    testb $3, FRAME_CS(%rsp)
    jz 3f
    swapgs
    movq %rsp, %rsi
    movq %gs:CPU_STACK_TOP, %rdi
    subq $FRAME_SIZE, %rdi
    movq %rdi, %rsp
    movl $(FRAME_SIZE / 8), %ecx
    rep movsq
    jmp trap_from_user
3:
    movl $0xc0000101, %ecx
    rdmsr
    xorl %ebx, %ebx
    testl %edx, %edx
    js 1f
    swapgs
    incl %ebx
1:  movq %rsp, %rdi
    call arch_dispatch
    cli
    testl %ebx, %ebx
    jz 2f
    swapgs
2:  pop_registers
    addq $16, %rsp
    iretq

// The stubs. Vectors 8, 10–14, 17, 21, 29 and 30 push an error code themselves.
.altmacro
.macro stub vector
.p2align 4
stub_\vector:
.if \vector == 0x80
    jmp interrupt_syscall
.else
.if !(\vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21 || \vector == 29 || \vector == 30)
    pushq $0
.endif
    pushq $\vector
.if \vector == 1 || \vector == 2 || \vector == 8 || \vector == 18
    jmp trap_paranoid
.else
    jmp trap_common
.endif
.endif
.endm

.set vector, 0
.rept 256
    stub %vector
    .set vector, vector + 1
.endr

// void (*const arch_vector_table[256])(void)
.section .data.rel.ro, "aw", @progbits
.globl arch_vector_table
.hidden arch_vector_table
.p2align 3
arch_vector_table:
.macro stub_address vector
    .quad stub_\vector
.endm
.set vector, 0
.rept 256
    stub_address %vector
    .set vector, vector + 1
.endr

.section .text.entry, "ax", @progbits

// void arch_context_switch(struct arch_context *from, const struct arch_context *to)
.globl arch_context_switch
.hidden arch_context_switch
.p2align 4
arch_context_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq (%rsi), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

// Where a new thread comes out of its first switch: rbx = entry, r12 = argument (arch_context_prepare).
.globl arch_context_start
.hidden arch_context_start
arch_context_start:
    movq %r12, %rdi
    xorl %ebp, %ebp
    call *%rbx
    ud2
