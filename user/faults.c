// SPDX-License-Identifier: MIT
// faults.c: processor faults as signals, and what handlers find in and may change through their frames.
#define _GNU_SOURCE
#include "handlers.h"

#include <ucontext.h>

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

static void faults_kill_even_when_ignored_or_blocked(void)
{
    static const struct {
        void (*body)(void);
        int signal_number;
    } faults[] = { { divide_body, SIGFPE }, { invalid_body, SIGILL }, { halt_body, SIGSEGV }, { trap_body, SIGTRAP } };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        signal(faults[i].signal_number, SIG_IGN);
        CHECK_EQUAL(WTERMSIG(check_child(faults[i].body)), faults[i].signal_number);
        signal(faults[i].signal_number, SIG_DFL);
        block(SIG_BLOCK, faults[i].signal_number);
        CHECK_EQUAL(WTERMSIG(check_child(faults[i].body)), faults[i].signal_number);
    }
}

static volatile greg_t fault_rip, fault_trap;

static void skip_instruction(int signal_number, siginfo_t *info, void *context)
{
    ucontext_t *machine = context;
    remember(signal_number, info, context);
    fault_rip = machine->uc_mcontext.gregs[REG_RIP];
    fault_trap = machine->uc_mcontext.gregs[REG_TRAPNO];
    machine->uc_mcontext.gregs[REG_RIP] += 2;
    machine->uc_mcontext.gregs[REG_RAX] = 0x1122334455667788;
}

static void handler_can_change_the_registers(void)
{
    install_info(SIGILL, skip_instruction, 0);
    install_info(SIGFPE, skip_instruction, 0);
    uint64_t rax = 0, at = 0;
    __asm__ volatile("lea 1f(%%rip), %1\n1: ud2\n" : "=a"(rax), "=&r"(at) : : "memory");
    CHECK_EQUAL(rax, 0x1122334455667788);
    CHECK_EQUAL(last.si_code, ILL_ILLOPN);
    CHECK_EQUAL((uint64_t)last.si_addr, at);
    CHECK_EQUAL(fault_rip, at);
    CHECK_EQUAL(fault_trap, 6);
    __asm__ volatile("lea 1f(%%rip), %1\n xor %%ecx, %%ecx\n mov $5, %%eax\n cltd\n1: idiv %%ecx\n"
                     : "=&a"(rax), "=&r"(at)
                     :
                     : "rcx", "rdx", "memory");
    CHECK_EQUAL(rax, 0x1122334455667788);
    CHECK_EQUAL(last.si_code, FPE_INTDIV);
    CHECK_EQUAL((uint64_t)last.si_addr, at);
    CHECK_EQUAL(fault_trap, 0);
}

static void general_protection_has_no_address(void)
{
    install_info(SIGSEGV, skip_instruction, 0);
    uint64_t rax = 0;
    __asm__ volatile("hlt\n nop\n" : "=a"(rax) : : "memory");
    CHECK_EQUAL(last.si_code, SI_KERNEL);
    CHECK_EQUAL((uint64_t)last.si_addr, 0);
    CHECK_EQUAL(fault_trap, 13);
    uint64_t strange = 0x8000000000000000;
    __asm__ volatile("mov (%1), %%al\n" : "=&a"(rax) : "D"(strange) : "memory");
    CHECK_EQUAL(last.si_code, SI_KERNEL);
    CHECK_EQUAL((uint64_t)last.si_addr, 0);
}

static void clobber(int signal_number)
{
    (void)signal_number;
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
    caught++;
}

// Spins with a known value in every register, in the red zone and in the direction flag, until `caught` reaches r8's
// target; returns 0 when all survived.
__attribute__((naked, noinline)) static long spin_with_patterns(volatile sig_atomic_t *counter, long target)
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

static void registers_survive_handlers(void)
{
    install(SIGALRM, clobber, 0);
    alarm_in(2000, 2000);
    CHECK_EQUAL(spin_with_patterns(&caught, 100), 0);
}

static void check_alignment(int signal_number)
{
    (void)signal_number;
    caught++;
    caught_other = (uintptr_t)__builtin_frame_address(0) % 16 == 0;
}

static void handler_stack_is_aligned(void)
{
    install(SIGUSR1, check_alignment, 0);
    raise(SIGUSR1);
    CHECK_EQUAL(caught_other, 1);
}

static volatile int leaked;

// Nothing in the frame may look like an address of the kernel.
static void scan_frame(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)info;
    uint64_t *words = (uint64_t *)context;
    for (size_t i = 0; i < 968 / 8; i++)
        if (words[i] >= 0xffff800000000000 && words[i] < 0xfffffffffffff000)
            leaked++;
    for (size_t i = 0; i < sizeof *info / 8; i++)
        if (((uint64_t *)info)[i] >= 0xffff800000000000 && ((uint64_t *)info)[i] < 0xfffffffffffff000)
            leaked++;
    caught++;
}

static void frames_leak_no_kernel_address(void)
{
    install_info(SIGALRM, scan_frame, 0);
    alarm_in(2000, 2000);
    while (caught < 20)
        ;
    alarm_in(0, 0);
    install_info(SIGUSR1, scan_frame, 0);
    raise(SIGUSR1);
    CHECK_EQUAL(leaked, 0);
}

static const struct check_row rows[] = {
    CHECK_ROW(faults_kill_even_when_ignored_or_blocked),
    CHECK_ROW(handler_can_change_the_registers),
    CHECK_ROW(general_protection_has_no_address),
    CHECK_ROW(registers_survive_handlers),
    CHECK_ROW(handler_stack_is_aligned),
    CHECK_ROW(frames_leak_no_kernel_address),
};

CHECK_MAIN(rows)
