// SPDX-License-Identifier: MIT
// fpu.c: floating-point and vector registers survive switches, signals and fork, and never show another's values.
// Build: -Wl,-e,early_start
#define _GNU_SOURCE
#include "check.h"

#include <cpuid.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>

struct registers {
    uint8_t vector[16][32];
    uint32_t mxcsr;
    uint16_t control;
    uint8_t fill[10];
};

static uint8_t entry_fxsave[512] __attribute__((aligned(16), used));
static uint8_t entry_high[256] __attribute__((aligned(32), used));
static uint64_t entry_general[16] __attribute__((used));

// The program starts here: what the registers held at the first instruction is noted, then the C library begins.
__asm__(
    ".text\n.globl early_start\n"
    "early_start:\n"
    " mov %rax, entry_general(%rip)\n mov %rbx, entry_general+8(%rip)\n mov %rcx, entry_general+16(%rip)\n mov %rsi, entry_general+24(%rip)\n"
    " mov %rdi, entry_general+32(%rip)\n mov %rbp, entry_general+40(%rip)\n mov %r8, entry_general+48(%rip)\n mov %r9, entry_general+56(%rip)\n"
    " mov %r10, entry_general+64(%rip)\n mov %r11, entry_general+72(%rip)\n mov %r12, entry_general+80(%rip)\n mov %r13, entry_general+88(%rip)\n"
    " mov %r14, entry_general+96(%rip)\n mov %r15, entry_general+104(%rip)\n mov %rsp, entry_general+112(%rip)\n"
    " fxsave entry_fxsave(%rip)\n"
    " mov $1, %eax\n xor %ecx, %ecx\n cpuid\n and $0x18000000, %ecx\n cmp $0x18000000, %ecx\n jne 1f\n"
    " vextractf128 $1, %ymm0, entry_high(%rip)\n vextractf128 $1, %ymm1, entry_high+16(%rip)\n"
    " vextractf128 $1, %ymm5, entry_high+32(%rip)\n vextractf128 $1, %ymm9, entry_high+48(%rip)\n vextractf128 $1, %ymm15, entry_high+64(%rip)\n"
    "1: xor %edx, %edx\n jmp _start\n");

static bool have_avx(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_AVX) && (c & bit_OSXSAVE);
}

#define EACH_SSE(do_) do_(0) do_(1) do_(2) do_(3) do_(4) do_(5) do_(6) do_(7) do_(8) do_(9) do_(10) do_(11) do_(12) do_(13) do_(14) do_(15)
#define LOAD_YMM(n_)  "vmovdqu " #n_ "*32(%0), %%ymm" #n_ "\n"
#define STORE_YMM(n_) "vmovdqu %%ymm" #n_ ", " #n_ "*32(%1)\n"
#define LOAD_XMM(n_)  "movdqu " #n_ "*32(%0), %%xmm" #n_ "\n"
#define STORE_XMM(n_) "movdqu %%xmm" #n_ ", " #n_ "*32(%1)\n"
#define ALL_XMM \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

static void fill_pattern(struct registers *in, int seed)
{
    for (int r = 0; r < 16; r++)
        for (int b = 0; b < 32; b++)
            in->vector[r][b] = (uint8_t)(seed * 37 + r * 11 + b);
    in->mxcsr = 0x1f80 | (uint32_t)(seed & 3) << 13;
    in->control = (uint16_t)(0x037f | (seed & 3) << 10);
}

// Loads the pattern, makes the system call with nothing in between, and reads the registers back.
static long call_with_registers(struct registers *in, struct registers *out, long number, long a, long b)
{
    const bool avx = have_avx(); // no call may stand between filling the registers and using them
    register long rax __asm__("rax") = number;
    register long rdi __asm__("rdi") = a;
    register long rsi __asm__("rsi") = b;
    register struct registers *from __asm__("r12") = in;
    register struct registers *to __asm__("r13") = out;
    if (avx)
        __asm__ volatile(EACH_SSE(LOAD_YMM) "ldmxcsr 512(%0)\n fldcw 516(%0)\n syscall\n" EACH_SSE(
                             STORE_YMM) "stmxcsr 512(%1)\n fnstcw 516(%1)\n vzeroupper\n"
                         : "+r"(from), "+r"(to), "+r"(rax)
                         : "r"(rdi), "r"(rsi)
                         : "rcx", "r11", "memory", ALL_XMM);
    else
        __asm__ volatile(
            EACH_SSE(LOAD_XMM) "ldmxcsr 512(%0)\n fldcw 516(%0)\n syscall\n" EACH_SSE(STORE_XMM) "stmxcsr 512(%1)\n fnstcw 516(%1)\n"
            : "+r"(from), "+r"(to), "+r"(rax)
            : "r"(rdi), "r"(rsi)
            : "rcx", "r11", "memory", ALL_XMM);
    static const uint32_t usual_mxcsr = 0x1f80;
    static const uint16_t usual_control = 0x037f;
    __asm__ volatile("ldmxcsr %0\n fldcw %1" : : "m"(usual_mxcsr), "m"(usual_control));
    return rax;
}

static bool same(const struct registers *a, const struct registers *b)
{
    for (int r = 0; r < 16; r++)
        if (memcmp(a->vector[r], b->vector[r], have_avx() ? 32 : 16) != 0)
            return false;
    return a->mxcsr == b->mxcsr && a->control == b->control;
}

static void registers_survive_switches(void)
{
    for (int seed = 1; seed <= 4; seed++)
        if (fork() == 0) {
            struct registers in = { 0 }, out = { 0 };
            for (int i = 0; i < 300; i++) {
                fill_pattern(&in, seed + i);
                call_with_registers(&in, &out, SYS_sched_yield, 0, 0);
                CHECK(same(&in, &out));
            }
            _exit(0);
        }
    for (int i = 0; i < 4; i++) {
        int status;
        CHECK(wait(&status) > 0 && status == 0);
    }
}

static void fork_copies_the_registers(void)
{
    struct registers in = { 0 }, out = { 0 };
    fill_pattern(&in, 77);
    long child = call_with_registers(&in, &out, SYS_fork, 0, 0);
    CHECK(same(&in, &out));
    if (child == 0)
        _exit(0);
    CHECK_EQUAL(check_wait((pid_t)child), 0);
}

static volatile sig_atomic_t caught;

static void clobber(int signal_number)
{
    (void)signal_number;
    struct registers in = { 0 }, out = { 0 };
    fill_pattern(&in, 200 + caught);
    // Giving way every time would leave the interrupted code no time at all beside a rival that computes.
    call_with_registers(&in, &out, caught % 4 ? SYS_getpid : SYS_sched_yield, 0, 0);
    caught = caught + (same(&in, &out) ? 1 : 1000);
}

static void handler_runs_on_its_own_registers(void)
{
    signal(SIGUSR1, clobber);
    for (int i = 0; i < 50; i++) {
        struct registers in = { 0 }, out = { 0 };
        fill_pattern(&in, i);
        CHECK_EQUAL(call_with_registers(&in, &out, SYS_kill, getpid(), SIGUSR1), 0);
        CHECK(same(&in, &out));
    }
    CHECK_EQUAL(caught, 50);
}

static volatile uint16_t handler_control;
static volatile uint32_t handler_mxcsr;

static void note_control_words(int signal_number)
{
    (void)signal_number;
    uint16_t control;
    uint32_t mxcsr;
    __asm__ volatile("fnstcw %0\n stmxcsr %1" : "=m"(control), "=m"(mxcsr));
    handler_control = control;
    handler_mxcsr = mxcsr;
}

static void handler_starts_with_clean_registers(void)
{
    signal(SIGUSR1, note_control_words);
    struct registers in = { 0 }, out = { 0 };
    fill_pattern(&in, 3);
    CHECK_EQUAL(call_with_registers(&in, &out, SYS_kill, getpid(), SIGUSR1), 0);
    CHECK(same(&in, &out));
    CHECK_EQUAL(handler_control, 0x037f);
    CHECK_EQUAL(handler_mxcsr, 0x1f80);
}

static void preemption_and_signals_preserve_a_computation(void)
{
    signal(SIGALRM, clobber);
    struct itimerval timer = { .it_value = { 0, 1000 }, .it_interval = { 0, 1000 } };
    CHECK_EQUAL(setitimer(ITIMER_REAL, &timer, NULL), 0);
    pid_t rival = fork();
    if (rival == 0)
        for (volatile double x = 1;; x = x * 1.0000001 + 0.5)
            ;
    double first = 0;
    for (int round = 0; round < 20 || caught < 20; round++) {
        volatile double step = 1e-3;
        double x = 0.25, y = 1;
        long double z = 1;
        for (int i = 0; i < 20000; i++) {
            x = x * (1 - step) + y * step;
            y = y * 0.999999 + x * 1e-6;
            z = z * 1.0000001L;
        }
        double result = x + y + (double)z;
        if (round == 0)
            first = result;
        CHECK(result == first);
    }
    kill(rival, SIGKILL);
    check_wait(rival);
    CHECK(caught < 1000 || caught % 1000 == 0 || caught >= 20);
}

static void program_starts_with_clean_registers(void)
{
    static const uint8_t zeros[256];
    CHECK_EQUAL(*(uint16_t *)entry_fxsave, 0x037f);
    CHECK_EQUAL(*(uint32_t *)(entry_fxsave + 24), 0x1f80);
    for (int i = 0; i < 8; i++)
        CHECK(memcmp(entry_fxsave + 32 + i * 16, zeros, 10) == 0);
    CHECK(memcmp(entry_fxsave + 160, zeros, 256) == 0);
    CHECK(memcmp(entry_high, zeros, 80) == 0);
    for (int i = 0; i < 14; i++)
        CHECK_EQUAL(entry_general[i], 0);
    CHECK_EQUAL(entry_general[14] % 16, 0);
}

// One process plants values everywhere; programs started meanwhile, switched to straight from it, must not see them.
static void nothing_leaks_into_another_program(void)
{
    pid_t planter = fork();
    if (planter == 0)
        for (;;) {
            struct registers in, out;
            memset(&in, 0x5a, sizeof in);
            in.mxcsr = 0x1f80 | 3 << 13;
            in.control = 0x0f7f;
            call_with_registers(&in, &out, SYS_sched_yield, 0, 0);
        }
    for (int i = 0; i < 15; i++) {
        pid_t child = fork();
        if (child == 0) {
            close(1); // its rows are not ours
            execl(check_program, check_program, "program_starts_with_clean_registers", (char *)NULL);
            _exit(9);
        }
        CHECK_EQUAL(check_wait(child), 0);
    }
    kill(planter, SIGKILL);
    check_wait(planter);
}

// A call changes rax, rcx and r11 and nothing else; nothing of the kernel's shows.
static void calls_preserve_general_registers(void)
{
    static const long numbers[] = { SYS_getpid, SYS_sched_yield, SYS_read, 400, SYS_close, SYS_mmap, SYS_brk };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uint64_t after[14] = { 0 };
        long result = numbers[i];
        __asm__ volatile(
            "push %%rbp\n mov $0x1001, %%rdi\n mov $0x1002, %%rsi\n mov $0x1003, %%rdx\n mov $0x1004, %%r10\n mov $0x1005, %%r8\n mov $0x1006, %%r9\n"
            "mov $0x1007, %%r12\n mov $0x1008, %%r13\n mov $0x1009, %%r14\n mov $0x100a, %%r15\n mov $0x100b, %%rbp\n"
            "syscall\n"
            "mov %%rdi, (%1)\n mov %%rsi, 8(%1)\n mov %%rdx, 16(%1)\n mov %%r10, 24(%1)\n mov %%r8, 32(%1)\n mov %%r9, 40(%1)\n"
            "mov %%r12, 48(%1)\n mov %%r13, 56(%1)\n mov %%r14, 64(%1)\n mov %%r15, 72(%1)\n mov %%rbp, 80(%1)\n"
            "mov %%rcx, 88(%1)\n mov %%r11, 96(%1)\n pop %%rbp\n"
            : "+a"(result)
            : "b"(after)
            : "rdi", "rsi", "rdx", "r10", "r8", "r9", "r12", "r13", "r14", "r15", "rcx", "r11", "memory", "cc");
        for (uint64_t r = 0; r < 11; r++)
            CHECK_EQUAL(after[r], 0x1001 + r);
        CHECK(after[11] < 0x800000000000);
        CHECK_EQUAL(after[12] & ~0xcd5UL, 0x202);
    }
}

static const struct check_row rows[] = {
    CHECK_ROW(program_starts_with_clean_registers), CHECK_ROW(registers_survive_switches),
    CHECK_ROW(fork_copies_the_registers),           CHECK_ROW(handler_runs_on_its_own_registers),
    CHECK_ROW(handler_starts_with_clean_registers), CHECK_ROW(preemption_and_signals_preserve_a_computation),
    CHECK_ROW(nothing_leaks_into_another_program),  CHECK_ROW(calls_preserve_general_registers),
};

CHECK_MAIN(rows)
