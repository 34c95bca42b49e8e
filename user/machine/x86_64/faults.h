// SPDX-License-Identifier: MIT
// faults.h: what faults.c does on x86_64.
#pragma once

static void divide_body(void)
{
    __asm__ volatile("xor %%ecx, %%ecx\n div %%ecx" : : : "rax", "rcx", "rdx");
}

static void invalid_body(void)
{
    __asm__ volatile("ud2");
}

static void halt_body(void)
{
    __asm__ volatile("hlt");
}

static void trap_body(void)
{
    __asm__ volatile("int3");
}

static const struct fatal_fault fatal_faults[] = {
    { divide_body, SIGFPE },
    { invalid_body, SIGILL },
    { halt_body, SIGSEGV },
    { trap_body, SIGTRAP },
};

static uint64_t run_invalid(struct place *place)
{
    uint64_t rax = 0;
    __asm__ volatile("lea 1f(%%rip), %1\n1: ud2\n" : "=a"(rax), "=&r"(place->pc) : : "memory");
    place->address = place->pc;
    return rax;
}

static uint64_t run_divide(struct place *place)
{
    uint64_t rax;
    __asm__ volatile("lea 1f(%%rip), %1\n xor %%ecx, %%ecx\n mov $5, %%eax\n cltd\n1: idiv %%ecx\n"
                     : "=&a"(rax), "=&r"(place->pc)
                     :
                     : "rcx", "rdx", "memory");
    place->address = place->pc;
    return rax;
}

// A general protection fault knows no address.
static uint64_t run_halt(struct place *place)
{
    uint64_t rax;
    __asm__ volatile("lea 1f(%%rip), %1\n1: hlt\n nop\n" : "=a"(rax), "=&r"(place->pc) : : "memory");
    place->address = 0;
    return rax;
}

static uint64_t run_strange_read(struct place *place)
{
    uint64_t rax, strange = MACHINE_UNCANONICAL;
    __asm__ volatile("lea 1f(%%rip), %1\n1: mov (%2), %%al\n" : "=&a"(rax), "=&r"(place->pc) : "D"(strange) : "memory");
    place->address = 0;
    return rax;
}

static const struct fault faults[] = {
    { run_invalid, SIGILL, ILL_ILLOPN, 2, 6 },
    { run_divide, SIGFPE, FPE_INTDIV, 2, 0 },
    { run_halt, SIGSEGV, SI_KERNEL, 2, 13 },
    { run_strange_read, SIGSEGV, SI_KERNEL, 2, 13 },
};

static long trap_number(ucontext_t *context)
{
    return context->uc_mcontext.gregs[REG_TRAPNO];
}

enum { FRAME_SIZE = 968 };

static bool looks_like_the_kernels(uint64_t value)
{
    return value >= MACHINE_KERNEL_START && value < 0xfffffffffffff000;
}

static void clobber_registers(void)
{
    unsigned long flags;
    __asm__ volatile("pushfq\n pop %0" : "=r"(flags));
    if (flags & 0x400)
        _exit(71);
    __asm__ volatile(
        "xor %%ebx, %%ebx\n xor %%r12d, %%r12d\n xor %%r13d, %%r13d\n xor %%r14d, %%r14d\n xor %%r15d, %%r15d\n xor %%r8d, %%r8d\n"
        "xor %%r9d, %%r9d\n xor %%r10d, %%r10d\n xor %%r11d, %%r11d\n xor %%ecx, %%ecx\n xor %%edx, %%edx\n xor %%esi, %%esi\n xor %%edi, %%edi\n"
        "pxor %%xmm0, %%xmm0\n pxor %%xmm15, %%xmm15\n"
        :
        :
        : "rbx", "r12", "r13", "r14", "r15", "r8", "r9", "r10", "r11", "rcx", "rdx", "rsi", "rdi", "memory");
}

// Also in the red zone and in the direction flag.
__attribute__((naked, noinline)) static long spin_with_patterns([[gnu::unused]] volatile sig_atomic_t *counter, [[gnu::unused]] long target)
{
    __asm__ volatile(
        "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
        "mov $0x1111111111111111, %rax\n movq %rax, %xmm0\n mov $0x2222222222222222, %rbx\n mov $0x3333333333333333, %rcx\n"
        "mov $0x4444444444444444, %rdx\n mov $0x5555555555555555, %rbp\n mov $0x6666666666666666, %r9\n mov $0x7777777777777777, %r10\n"
        "mov $0x8888888888888888, %r11\n mov $0x9999999999999999, %r12\n mov $0xaaaaaaaaaaaaaaaa, %r13\n mov $0xbbbbbbbbbbbbbbbb, %r14\n"
        "mov $0xcccccccccccccccc, %r15\n mov $0xdddddddddddddddd, %r8\n movq %r8, %xmm15\n"
        "mov %r15, -8(%rsp)\n mov %r14, -128(%rsp)\n"
        "std\n"
        "1: cmp %esi, (%rdi)\n jl 1b\n"
        "pushfq\n pop %r8\n cld\n"
        "test $0x400, %r8d\n jz 2f\n"
        "mov $0xdddddddddddddddd, %rsi\n movq %xmm15, %r8\n cmp %rsi, %r8\n jne 2f\n"
        "mov $0x1111111111111111, %rsi\n cmp %rsi, %rax\n jne 2f\n movq %xmm0, %r8\n cmp %rsi, %r8\n jne 2f\n"
        "mov $0x2222222222222222, %rsi\n cmp %rsi, %rbx\n jne 2f\n"
        "mov $0x3333333333333333, %rsi\n cmp %rsi, %rcx\n jne 2f\n"
        "mov $0x4444444444444444, %rsi\n cmp %rsi, %rdx\n jne 2f\n"
        "mov $0x5555555555555555, %rsi\n cmp %rsi, %rbp\n jne 2f\n"
        "mov $0x6666666666666666, %rsi\n cmp %rsi, %r9\n jne 2f\n"
        "mov $0x7777777777777777, %rsi\n cmp %rsi, %r10\n jne 2f\n"
        "mov $0x8888888888888888, %rsi\n cmp %rsi, %r11\n jne 2f\n"
        "mov $0x9999999999999999, %rsi\n cmp %rsi, %r12\n jne 2f\n"
        "mov $0xaaaaaaaaaaaaaaaa, %rsi\n cmp %rsi, %r13\n jne 2f\n"
        "mov $0xbbbbbbbbbbbbbbbb, %rsi\n cmp %rsi, %r14\n jne 2f\n cmp %rsi, -128(%rsp)\n jne 2f\n"
        "mov $0xcccccccccccccccc, %rsi\n cmp %rsi, %r15\n jne 2f\n"
        "xor %eax, %eax\n jmp 3f\n"
        "2: mov $1, %eax\n"
        "3: pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");
}
