// SPDX-License-Identifier: MIT
// frames.c: signal frames of our own making, and returns to addresses that are none.
#define _GNU_SOURCE
#include "crime.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

// ---- sigreturn with frames of our own making

static int evil;
static uint64_t evil_stack[4096] __attribute__((aligned(4096)));

static void evil_handler(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)info;
    ucontext_t *machine = context;
    greg_t *registers = machine->uc_mcontext.gregs;
    uint16_t *segments = (uint16_t *)&registers[REG_CSGSFS];
    uint8_t *fpu = (uint8_t *)machine->uc_mcontext.fpregs;
    switch (evil) {
    case 0:
        segments[0] = 0x08;
        break;
    case 1:
        segments[0] = 0x10;
        break;
    case 2:
        segments[0] = 0;
        break;
    case 3:
        segments[0] = 0xfff8;
        break;
    case 4:
        segments[3] = 0x10;
        break;
    case 5:
        segments[3] = 0;
        break;
    case 6:
        segments[3] = 0xffff;
        break;
    case 7:
        registers[REG_RIP] = (greg_t)0x8000000000000000;
        break;
    case 8:
        registers[REG_RIP] = (greg_t)0xffffffff80100000;
        break;
    case 9:
        registers[REG_RIP] = (greg_t)0x800000000000;
        break;
    case 10:
        registers[REG_RSP] = (greg_t)0xffffffff80100000;
        break;
    case 11:
        registers[REG_RSP] = (greg_t)0x8000000000000000;
        break;
    case 12:
        registers[REG_EFL] = -1;
        break;
    case 13:
        registers[REG_EFL] = 0;
        break;
    case 14:
        registers[REG_EFL] |= 0x3000;
        break;
    case 15:
        registers[REG_EFL] |= 0x4000;
        break;
    case 16:
        registers[REG_EFL] |= 0x20000;
        break;
    case 17:
        registers[REG_EFL] |= 0x100;
        break;
    case 18:
        machine->uc_mcontext.fpregs = (void *)0xffffffff80100000;
        break;
    case 19:
        machine->uc_mcontext.fpregs = (void *)0x8000000000000000;
        break;
    case 20:
        machine->uc_mcontext.fpregs = (void *)(fpu + 1);
        break;
    case 21:
        machine->uc_mcontext.fpregs = NULL;
        break;
    case 22:
        machine->uc_mcontext.fpregs = (void *)8;
        break;
    case 23:
        *(uint32_t *)(fpu + 24) = 0xffffffff;
        break; // MXCSR with reserved bits
    case 24:
        memset(fpu, 0xff, 512);
        break;
    case 25:
        memset(fpu + 464, 0xff, 48);
        break; // the extended-state header words
    case 26:
        *(uint64_t *)(fpu + 512) = ~0UL;
        break; // XSTATE_BV
    case 27:
        *(uint64_t *)(fpu + 520) = ~0UL;
        break; // XCOMP_BV
    case 28:
        memset(fpu + 512, 0xff, 64);
        break;
    case 29:
        *(uint32_t *)(fpu + 464 + 4) = 0xffffffff;
        break; // extended size
    case 30:
        memset(&machine->uc_flags, 0xff, 8);
        break;
    case 31:
        machine->uc_link = (void *)0xffffffff80100000;
        break;
    case 32:
        machine->uc_stack = (stack_t){ .ss_sp = (void *)0xffffffff80100000, .ss_size = 65536 };
        break;
    case 33:
        memset(&machine->uc_sigmask, 0xff, 8);
        break;
    case 34:
        machine->uc_mcontext.fpregs = (void *)((uint8_t *)evil_stack + sizeof evil_stack - 64);
        break;
    case 35:
        memset(machine, 0xff, 40 + sizeof machine->uc_mcontext.gregs);
        break;
    case 36:
        memset(machine, 0, sizeof *machine);
        break;
    case 37:
        __asm__ volatile("mov $0xffffffff80100000, %rsp\n mov $15, %eax\n syscall");
        break;
    case 38:
        __asm__ volatile("mov $8, %esp\n mov $15, %eax\n syscall");
        break;
    case 39:
        __asm__ volatile("mov $0x7ffffffff000, %rsp\n mov $15, %eax\n syscall");
        break;
    default:
        break;
    }
}
enum { EVIL_FRAMES = 40 };

// After an evil frame was accepted the process must still be an ordinary one.
static void evil_body(void)
{
    struct sigaction action = { .sa_sigaction = evil_handler, .sa_flags = SA_SIGINFO };
    sigaction(SIGUSR1, &action, NULL);
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < 10; i++)
        sched_yield();
    unsigned long flags;
    __asm__ volatile("pushfq\n pop %0" : "=r"(flags));
    if ((flags & 0x3000) || !(flags & 0x200))
        _exit(66);
    _exit(0);
}

static void evil_frames(void)
{
    for (evil = 0; evil < EVIL_FRAMES; evil++) {
        int status = check_child(evil_body);
        bool fine = status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM);
        if (!fine)
            printf("frame %d: status %#x\n", evil, (unsigned)status);
        CHECK(fine);
        if (evil == 0 || evil == 7 || evil == 8 || evil == 18 || evil == 37)
            CHECK(WIFSIGNALED(status));
    }
}

static void random_frames(void)
{
    static unsigned seed;
    for (seed = 1; seed <= 150; seed++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(2);
            uint64_t state = seed * 0x9e3779b97f4a7c15;
            for (size_t i = 0; i < 400; i++) {
                state = state * 6364136223846793005 + 1442695040888963407;
                evil_stack[i] = seed % 3 == 0 ? state : (state >> 60) == 0 ? state : (uint64_t)evil_stack + ((state >> 33) & 0x3fff);
            }
            __asm__ volatile("lea %0, %%rsp\n mov $15, %%eax\n syscall\n ud2" : : "m"(evil_stack[16]) : "memory");
        }
        CHECK(check_wait(child) != 0);
    }
}

// ---- the kernel's addresses

static uint64_t touched;
static void touch_read(void)
{
    (void)*(volatile char *)touched;
}

static void touch_write(void)
{
    *(volatile char *)touched = 1;
}

static void touch_jump(void)
{
    ((void (*)(void))touched)();
}

static void kernel_read(void)
{
    for (int i = 0; i < KERNEL_ADDRESSES; i++) {
        touched = kernel_addresses[i];
        CHECK_EQUAL(check_child(touch_read) & 0x7f, SIGSEGV);
        CHECK_EQUAL(check_child(touch_write) & 0x7f, SIGSEGV);
        CHECK_EQUAL(check_child(touch_jump) & 0x7f, SIGSEGV);
    }
}

// A `syscall` whose return address is the first one beyond user space: on some processors returning there with `sysret`
// faults in the kernel, on the user's stack.
static void sysret_noncanonical(void)
{
    CHECK(mmap((void *)0x7ffffffff000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
    uint8_t *last = mmap((void *)0x7fffffffe000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (last == MAP_FAILED)
        raise(SIGSEGV);
    last[4094] = 0x0f;
    last[4095] = 0x05;
    mprotect(last, 4096, PROT_READ | PROT_EXEC);
    __asm__ volatile("jmp *%0" : : "r"(last + 4094), "a"(39) : "rcx", "r11", "memory");
}

static void thread_pointer_in_kernel(void)
{
    for (int i = 0; i < KERNEL_ADDRESSES - 2; i++) {
        CHECK_EQUAL(syscall(SYS_arch_prctl, 0x1001, kernel_addresses[i]), -1);
        pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD | CLONE_SETTLS, 0, 0, 0, kernel_addresses[i]);
        if (child == 0)
            __asm__ volatile("mov $60, %%eax\n xor %%edi, %%edi\n syscall" : : : "rax");
        if (child > 0)
            check_wait(child);
    }
}

static void kernel_pointers_used_at_exit(void)
{
    for (int i = 0; i < KERNEL_ADDRESSES; i++) {
        pid_t child = fork();
        if (child == 0) {
            syscall(SYS_set_tid_address, kernel_addresses[i]);
            syscall(SYS_set_robust_list, kernel_addresses[i], 24);
            _exit(0);
        }
        CHECK_EQUAL(check_wait(child), 0);
        child = (pid_t)syscall(SYS_clone, SIGCHLD | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID, 0, 0, kernel_addresses[i], 0);
        if (child == 0)
            _exit(0);
        if (child > 0)
            check_wait(child);
    }
    static uint64_t loop[3];
    pid_t child = fork();
    if (child == 0) {
        loop[0] = (uint64_t)loop + 1;
        loop[1] = 0xffffffff80000000;
        loop[2] = (uint64_t)loop;
        syscall(SYS_set_robust_list, loop, 24);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    static uint64_t ring[4][1];
    if ((child = fork()) == 0) {
        static uint64_t head[3];
        head[0] = (uint64_t)&ring[0];
        for (int i = 0; i < 4; i++)
            ring[i][0] = (uint64_t)&ring[(i + 1) % 4];
        syscall(SYS_set_robust_list, head, 24);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
}

static const struct crime crimes[] = {
    LIVES(evil_frames),
    LIVES(random_frames),
    LIVES(kernel_read),
    DIES(sysret_noncanonical, SIGSEGV),
    LIVES(thread_pointer_in_kernel),
    LIVES(kernel_pointers_used_at_exit),
};

CRIME_MAIN(crimes)
