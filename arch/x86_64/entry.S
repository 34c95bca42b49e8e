// SPDX-License-Identifier: MIT
// entry.S: every way into the kernel and out of it: system calls, 256 vectors, and the return to user mode.
//
// All of them leave a struct arch_frame at the end of the thread's kernel stack. GS holds the CPU block while in the kernel.
//
// A system call stores only what its handler may destroy and what it is given: the arguments and the user's rip, rflags and rsp. The
// rest of the frame is stored (frame_complete) when somebody is to read or change it: before work on the way out, and for the calls that
// copy it (whole_frame). A page fault likewise leaves the registers that functions preserve where they are. A frame that was made anew
// leaves by arch_return_to_user, whatever it came by.

#include <arch/syscall_slots.h>

#include "access.h"
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

// The registers that functions preserve still hold the user's values.
.macro store_preserved base, offset=0
    movq %r15, \offset + FRAME_R15(\base)
    movq %r14, \offset + FRAME_R14(\base)
    movq %r13, \offset + FRAME_R13(\base)
    movq %r12, \offset + FRAME_R12(\base)
    movq %rbp, \offset + FRAME_RBP(\base)
    movq %rbx, \offset + FRAME_RBX(\base)
.endm

// What a system call has not stored, but for its result. Spoils rcx.
.macro frame_complete base, offset=0
    store_preserved \base, \offset
    movq \offset + FRAME_RFLAGS(\base), %rcx
    movq %rcx, \offset + FRAME_R11(\base)
    movq \offset + FRAME_RIP(\base), %rcx
    movq %rcx, \offset + FRAME_RCX(\base)
    movq $SYSCALL_VECTOR, \offset + FRAME_VECTOR(\base)
    movq $USER_CODE, \offset + FRAME_CS(\base)
    movq $USER_DATA, \offset + FRAME_SS(\base)
.endm

// The handler of number rax with the frame at rsp; interrupts on. The number is checked, and clamped for a processor that guesses the check.
.macro call_handler
    cmpq $(SYSCALL_SLOTS - 1), %rax
    ja 8f
    andl $(SYSCALL_SLOTS - 1), %eax
9:  incq %gs:CPU_SYSCALL_COUNTS(,%rax,8)
    movq %gs:CPU_CURRENT, %rdi
    leaq FRAME_RDI(%rsp), %rsi
    leaq syscall_handlers(%rip), %rcx
    sti
    callq *(%rcx,%rax,8)
    cli
    .subsection 1
8:  movl $SYSCALL_SLOTS, %eax
    jmp 9b
    .previous
.endm

.macro clear_access_flag
    access_instruction clac
.endm

// `syscall`: rcx = user rip, r11 = user flags; SFMASK has cleared IF, TF, DF, AC, NT.
.globl arch_syscall_entry
.hidden arch_syscall_entry
.p2align 4
arch_syscall_entry:
    swapgs
    movq %rsp, %gs:CPU_USER_SP
    movq %gs:CPU_FRAME, %rsp
    movq %rcx, FRAME_RIP(%rsp)
    movq %gs:CPU_USER_SP, %rcx
    movq %r11, FRAME_RFLAGS(%rsp)
    movq %rcx, FRAME_RSP(%rsp)
    movq %rax, FRAME_NUMBER(%rsp)
    movq %rdi, FRAME_RDI(%rsp)
    movq %rsi, FRAME_RSI(%rsp)
    movq %rdx, FRAME_RDX(%rsp)
    movq %r10, FRAME_R10(%rsp)
    movq %r8, FRAME_R8(%rsp)
    movq %r9, FRAME_R9(%rsp)
    call_handler
    cmpl $0, %gs:CPU_EXIT_WORK
    jne syscall_with_work
    // The last user page is never mapped, so rcx is canonical.
    movq FRAME_RIP(%rsp), %rcx
    movq FRAME_RFLAGS(%rsp), %r11
    movq FRAME_RDI(%rsp), %rdi
    movq FRAME_RSI(%rsp), %rsi
    movq FRAME_RDX(%rsp), %rdx
    movq FRAME_R10(%rsp), %r10
    movq FRAME_R8(%rsp), %r8
    movq FRAME_R9(%rsp), %r9
    movq FRAME_RSP(%rsp), %rsp
    swapgs
    sysretq

syscall_with_work:
    movq %rax, FRAME_RAX(%rsp)
    frame_complete %rsp
    jmp return_with_work

// The handlers that read the whole frame of their caller: rsi is at its arguments, and every register that functions preserve is the user's.
.macro whole_frame handler
.globl whole_frame_\handler
.hidden whole_frame_\handler
.p2align 4
whole_frame_\handler:
    frame_complete %rsi, -FRAME_RDI
    jmp \handler
.endm
    whole_frame sys_clone
    whole_frame sys_fork
    whole_frame sys_vfork

// `int $0x80` with 64-bit numbers. Only user code can come here.
.p2align 4
interrupt_syscall:
    swapgs
    cld
    pushq %rax
    pushq $0x80
    push_registers
    clear_access_flag
    call_handler
    movq %rax, FRAME_RAX(%rsp)
    cmpl $0, %gs:CPU_EXIT_WORK
    je return_by_iret

return_with_work:
    movq %rsp, %rdi
    call kernel_exit_to_user
    cmpl $0, %gs:CPU_EXIT_WORK
    jne return_with_work
    testl $SYSCALL_VECTOR, FRAME_VECTOR(%rsp) // rip and rflags stand in rcx and r11, too
    jz return_by_iret
    pop_registers
    movq FRAME_RSP - FRAME_VECTOR(%rsp), %rsp
    swapgs
    sysretq
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

// A page fault, the error code already pushed. That of a program goes straight to where it is served.
.p2align 4
page_fault:
    testb $3, 2 * 8(%rsp)
    jz 1f
    swapgs
    cld
    pushq $PAGE_FAULT_VECTOR
    pushq %r9
    pushq %r8
    pushq %r10
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rcx
    pushq %rax
    pushq %r11
    subq $FRAME_R11, %rsp
    clear_access_flag
    movq %cr2, %rdi
    movq FRAME_NUMBER(%rsp), %rsi
    movq %rsp, %rdx
    call arch_user_page_fault
    cmpl $0, %gs:CPU_EXIT_WORK
    jne 2f
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
    addq $16, %rsp
    swapgs
    iretq
1:  pushq $PAGE_FAULT_VECTOR
    jmp trap_common
2:  store_preserved %rsp
    jmp return_with_work

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
    movq %gs:CPU_FRAME, %rdi
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
.elseif \vector == PAGE_FAULT_VECTOR
    jmp page_fault
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
