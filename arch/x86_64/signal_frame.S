// SPDX-License-Identifier: MIT
// signal_frame.S: a signal's frame straight from the kernel's frame and the unit's registers to the user's stack and back, without a copy in
// between.

#include <arch/fault_row.h>

#include "access.h"
#include "offsets.h"
#include "signal_frame.h"
#include "xsave.h"

.section .text.entry, "ax", @progbits

// `operation` with the place of each general register in both frames: struct sigcontext begins with them.
.macro each_register operation
    \operation SIGNAL_REGISTERS + 0, FRAME_R8
    \operation SIGNAL_REGISTERS + 8, FRAME_R9
    \operation SIGNAL_REGISTERS + 16, FRAME_R10
    \operation SIGNAL_REGISTERS + 24, FRAME_R11
    \operation SIGNAL_REGISTERS + 32, FRAME_R12
    \operation SIGNAL_REGISTERS + 40, FRAME_R13
    \operation SIGNAL_REGISTERS + 48, FRAME_R14
    \operation SIGNAL_REGISTERS + 56, FRAME_R15
    \operation SIGNAL_REGISTERS + 64, FRAME_RDI
    \operation SIGNAL_REGISTERS + 72, FRAME_RSI
    \operation SIGNAL_REGISTERS + 80, FRAME_RBP
    \operation SIGNAL_REGISTERS + 88, FRAME_RBX
    \operation SIGNAL_REGISTERS + 96, FRAME_RDX
    \operation SIGNAL_REGISTERS + 104, FRAME_RAX
    \operation SIGNAL_REGISTERS + 112, FRAME_RCX
    \operation SIGNAL_REGISTERS + 120, FRAME_RSP
.endm

.macro save_register to, from
    movq \from(%rsi), %rax
    movq %rax, \to(%rdi)
.endm

.macro load_register from, to
    movq \from(%rdi), %rax
    movq %rax, \to(%rsi)
.endm

.macro load_word from, to
    movq \from(%rdi), %rax
    movq %rax, \to(%rdx)
.endm

// int user_signal_save(uint64_t at, const struct arch_frame *frame, const struct signal_delivery *delivery, uint64_t fpu, uint64_t flags,
//                      const struct xsave_extent *extent)
.globl user_signal_save
.hidden user_signal_save
.p2align 4
user_signal_save:
    access_instruction stac
2:  testl $SIGNAL_HAS_XSAVE, %r8d
    jz 4f
    movl EXTENT_STATE_SIZE(%r9), %eax
    movl $FPU_MAGIC2, (%rcx,%rax)
    .irp offset, 0, 8, 16, 24, 32, 40, 48, 56 // XSAVE writes only a word of the header
    movq $0, XSAVE_HEADER_OFFSET + \offset(%rcx)
    .endr
    movq %rdx, %r11
    movl xsave_features(%rip), %eax
    movl xsave_features + 4(%rip), %edx
    xsave64 (%rcx)
    movq %r11, %rdx
    .irp offset, 0, 8, 16, 24, 32, 40
    movq \offset(%r9), %rax
    movq %rax, XSAVE_EXTENT_OFFSET + \offset(%rcx)
    .endr
4:  movq FRAME_NUMBER(%rsi), %r9
    movq FRAME_VECTOR(%rsi), %r10
    cmpq $32, %r10                      // beyond the exceptions: there is neither
    jb 5f
    xorl %r9d, %r9d
    xorl %r10d, %r10d
5:  movq %r8, SIGNAL_FLAGS(%rdi)
    movq $0, SIGNAL_LINK(%rdi)
    each_register save_register
    save_register SIGNAL_RIP, FRAME_RIP
    save_register SIGNAL_RFLAGS, FRAME_RFLAGS
    movabsq $(USER_DATA << 48 | USER_CODE), %rax // cs, gs, fs, ss
    movq %rax, SIGNAL_SELECTORS(%rdi)
    movq %r9, SIGNAL_ERROR(%rdi)
    movq %r10, SIGNAL_TRAP(%rdi)
    movq %rcx, SIGNAL_FPU(%rdi)
    movq DELIVERY_RESTORER(%rdx), %rax
    movq %rax, SIGNAL_RESTORER(%rdi)
    movq DELIVERY_MASK(%rdx), %rax
    movq %rax, SIGNAL_OLD_MASK(%rdi)
    movq %rax, SIGNAL_MASK(%rdi)
    movq DELIVERY_ADDRESS(%rdx), %rax
    movq %rax, SIGNAL_CR2(%rdi)
    movq DELIVERY_STACK(%rdx), %rax
    movq %rax, SIGNAL_STACK(%rdi)
    movq DELIVERY_STACK + 8(%rdx), %rax
    movq %rax, SIGNAL_STACK + 8(%rdi)
    movq DELIVERY_STACK + 16(%rdx), %rax
    movq %rax, SIGNAL_STACK + 16(%rdi)
3:  access_instruction clac
    xorl %eax, %eax
    ret
    fault_rows 2b, 3b, signal_failed

// int user_signal_load(uint64_t at, struct arch_frame *frame, struct signal_words *words)
.globl user_signal_load
.hidden user_signal_load
.p2align 4
user_signal_load:
    access_instruction stac
2:  each_register load_register
    load_word SIGNAL_STACK, WORDS_STACK
    load_word SIGNAL_STACK + 8, WORDS_STACK + 8
    load_word SIGNAL_STACK + 16, WORDS_STACK + 16
    load_word SIGNAL_RIP, WORDS_RIP
    load_word SIGNAL_SELECTORS, WORDS_SELECTORS
    load_word SIGNAL_FPU, WORDS_FPU
    load_word SIGNAL_MASK, WORDS_MASK
    movq SIGNAL_RFLAGS(%rdi), %rax
3:  access_instruction clac
    andl $USER_FLAGS, %eax
    andq $~USER_FLAGS, FRAME_RFLAGS(%rsi)
    orq %rax, FRAME_RFLAGS(%rsi)
    xorl %eax, %eax
    ret
    fault_rows 2b, 3b, signal_failed

signal_failed:
    access_instruction clac
    movl $-1, %eax
    ret
