// SPDX-License-Identifier: MIT
// vectors.h: floating-point, vector and general registers for fpu.c on x86_64.
#pragma once

#include <cpuid.h>

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

// What leaks would show: every byte the same.
static void fill_with_byte(struct registers *in, uint8_t byte)
{
    memset(in, byte, sizeof *in);
    in->mxcsr = 0x1f80 | 3 << 13;
    in->control = 0x0f7f;
}

static struct controls read_controls(void)
{
    uint16_t control;
    uint32_t mxcsr;
    __asm__ volatile("fnstcw %0\n stmxcsr %1" : "=m"(control), "=m"(mxcsr));
    return (struct controls){ control, mxcsr };
}

// A handler starts with the words a program starts with.
static struct controls handler_controls(const struct registers *interrupted)
{
    (void)interrupted;
    return (struct controls){ 0x037f, 0x1f80 };
}

static void check_entry(void)
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

// A call changes rax, rcx and r11 and nothing else; nothing of the kernel's shows.
static void check_call_preserves(long number)
{
    uint64_t after[14] = { 0 };
    long result = number;
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
    CHECK(after[11] < MACHINE_BEYOND_USER);
    CHECK_EQUAL(after[12] & ~0xcd5UL, 0x202);
}
