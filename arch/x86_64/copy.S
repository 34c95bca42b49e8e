// SPDX-License-Identifier: MIT
// copy.S: memory primitives, and their counterparts that may fault on user memory. Units of 8 bytes, then the rest.

#include <arch/fault_row.h>

#include "access.h"

.section .text.entry, "ax", @progbits

.macro user_open
    access_instruction stac
.endm

.macro user_close
    access_instruction clac
.endm

// uint64_t user_copy(void *to, const void *from, size_t size): bytes not copied; either side may be user memory.
.globl user_copy
.hidden user_copy
.p2align 4
user_copy:
    user_open
    movq %rdx, %rcx
    shrq $3, %rcx
    jz 2f
1:  rep movsq
2:  movl %edx, %ecx
    andl $7, %ecx
    jz 4f
3:  rep movsb
4:  xorl %eax, %eax
    jmp 8f
5:  shlq $3, %rcx       // words left, and the odd bytes
    andl $7, %edx
    addq %rdx, %rcx
6:  movq %rcx, %rax
8:  user_close
    ret
    fault_row 1b, 5b
    fault_row 3b, 6b

// uint64_t user_fill_zero(void *to, size_t size): bytes not written.
.globl user_fill_zero
.hidden user_fill_zero
.p2align 4
user_fill_zero:
    user_open
    xorl %eax, %eax
    movq %rsi, %rcx
    shrq $3, %rcx
1:  rep stosq
    movl %esi, %ecx
    andl $7, %ecx
3:  rep stosb
    xorl %eax, %eax
    jmp 8f
5:  shlq $3, %rcx
    andl $7, %esi
    addq %rsi, %rcx
6:  movq %rcx, %rax
8:  user_close
    ret
    fault_row 1b, 5b
    fault_row 3b, 6b

// int64_t user_string(char *to, const char *from, size_t size): length without the NUL, size if there is none, −1 on a fault.
// By words while a word fits into what is left and into its page, so that nothing behind the string's own page is touched.
.globl user_string
.hidden user_string
.p2align 4
user_string:
    user_open
    movabsq $0x0101010101010101, %r8
    movabsq $0x8080808080808080, %r9
    xorl %eax, %eax
1:  leaq 8(%rax), %r10
    cmpq %rdx, %r10
    ja 3f
    leal (%esi,%eax), %ecx
    andl $0xfff, %ecx
    cmpl $0xff8, %ecx
    ja 3f
2:  movq (%rsi,%rax), %rcx
    movq %rcx, (%rdi,%rax)
    movq %rcx, %r11
    subq %r8, %r11      // a byte's top bit comes up where the byte was 0, and perhaps in bytes above it
    notq %rcx
    andq %r9, %rcx
    andq %rcx, %r11
    jnz 7f
    movq %r10, %rax
    jmp 1b
3:  cmpq %rdx, %rax
    jae 8f
4:  movb (%rsi,%rax), %cl
    movb %cl, (%rdi,%rax)
    testb %cl, %cl
    jz 8f
    incq %rax
    testl $7, %eax      // back to words where one may fit again
    jnz 3b
    jmp 1b
5:  movq $-1, %rax
    jmp 8f
7:  bsfq %r11, %r11
    shrl $3, %r11d
    addq %r11, %rax
8:  user_close
    ret
    fault_row 2b, 5b
    fault_row 4b, 5b

// int user_load32(const uint32_t *from, uint32_t *value): 0, or −1 on a fault.
.globl user_load32
.hidden user_load32
user_load32:
    user_open
1:  movl (%rdi), %ecx
    movl %ecx, (%rsi)
    xorl %eax, %eax
    jmp 8f
5:  movl $-1, %eax
8:  user_close
    ret
    fault_row 1b, 5b

// int user_exchange32(uint32_t *at, uint32_t expected, uint32_t desired, uint32_t *found): 0, or −1 on a fault.
.globl user_exchange32
.hidden user_exchange32
user_exchange32:
    movq %rcx, %r8
    movl %esi, %eax
    user_open
1:  lock cmpxchgl %edx, (%rdi)
    movl %eax, (%r8)
    xorl %eax, %eax
    jmp 8f
5:  movl $-1, %eax
8:  user_close
    ret
    fault_row 1b, 5b

// int user_xrstor(const void *area, uint64_t features): 0, or −1 on a fault. Loading what the CPU refuses is a fault, too, and the registers
// may hold a part of it then.
.globl user_xrstor
.hidden user_xrstor
user_xrstor:
    user_open
    movl %esi, %eax
    movq %rsi, %rdx
    shrq $32, %rdx
1:  xrstor64 (%rdi)
    xorl %eax, %eax
    jmp 8f
5:  movl $-1, %eax
8:  user_close
    ret
    fault_row 1b, 5b

.section .text, "ax", @progbits

.globl memcpy
.hidden memcpy
.p2align 4
memcpy:
    movq %rdi, %rax
    movq %rdx, %rcx
    shrq $3, %rcx
    jz 1f
    rep movsq
1:  andl $7, %edx
    jz 2f
    movl %edx, %ecx
    rep movsb
2:  ret

.globl memset
.hidden memset
.p2align 4
memset:
    movq %rdi, %r8
    movzbl %sil, %eax
    movabsq $0x0101010101010101, %rcx
    imulq %rcx, %rax
    movq %rdx, %rcx
    shrq $3, %rcx
    rep stosq
    andl $7, %edx
    jz 1f
    movl %edx, %ecx
    rep stosb
1:  movq %r8, %rax
    ret
