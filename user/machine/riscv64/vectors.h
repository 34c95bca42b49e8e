// SPDX-License-Identifier: MIT
// vectors.h: floating-point and general registers for fpu.c on riscv64.
#pragma once

#define ALL     "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
// All but zero, sp, gp and tp.
#define GENERAL "1,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

struct registers {
    uint64_t value[32];
    uint64_t fcsr;
};

static struct registers entry_registers __attribute__((used));
static uint64_t entry_general[32] __attribute__((used));

// `lla` must not be shortened to an offset from gp, which the C library sets only later.
__asm__(".text\n.globl early_start\n.option push\n.option norelax\n"
        "early_start:\n"
        " sd t0, -8(sp)\n sd t1, -16(sp)\n lla t0, entry_general\n"
        ".irp i, " GENERAL "\n sd x\\i, 8 * \\i(t0)\n.endr\n"
        " sd gp, 24(t0)\n sd tp, 32(t0)\n sd sp, 16(t0)\n"
        " ld t1, -8(sp)\n sd t1, 40(t0)\n"
        " lla t0, entry_registers\n"
        ".irp i, " ALL "\n fsd f\\i, 8 * \\i(t0)\n.endr\n"
        " frcsr t1\n sd t1, 256(t0)\n li t0, 0\n li t1, 0\n tail _start\n.option pop\n");

static void fill_pattern(struct registers *in, int seed)
{
    for (int r = 0; r < 32; r++)
        for (int b = 0; b < 8; b++)
            ((uint8_t *)&in->value[r])[b] = (uint8_t)(seed * 37 + r * 11 + b);
    in->fcsr = (uint64_t)(seed % 5) << 5 | (uint64_t)(seed & 0x1f); // rounding mode, exceptions seen
}

static void fill_with_byte(struct registers *in, uint8_t byte)
{
    memset(in, byte, sizeof *in);
    in->fcsr = 3 << 5 | 0x1f;
}

static long call_with_registers(struct registers *in, struct registers *out, long number, long a, long b)
{
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a7 __asm__("a7") = number;
    register struct registers *from __asm__("s2") = in;
    register struct registers *to __asm__("s3") = out;
    __asm__ volatile(".irp i, " ALL "\n fld f\\i, 8 * \\i(s2)\n.endr\n"
                     " ld t0, 256(s2)\n fscsr t0\n ecall\n"
                     ".irp i, " ALL "\n fsd f\\i, 8 * \\i(s3)\n.endr\n"
                     " frcsr t0\n sd t0, 256(s3)\n fscsr zero\n"
                     : "+r"(a0)
                     : "r"(a1), "r"(a7), "r"(from), "r"(to)
                     : "t0", "memory", "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "ft8", "ft9", "ft10", "ft11", "fs0", "fs1",
                       "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5",
                       "fa6", "fa7");
    return a0;
}

static bool same(const struct registers *a, const struct registers *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static struct controls read_controls(void)
{
    uint64_t fcsr;
    __asm__ volatile("frcsr %0" : "=r"(fcsr));
    return (struct controls){ (uint32_t)fcsr, 0 };
}

// A handler starts with the word of what it interrupts.
static struct controls handler_controls(const struct registers *interrupted)
{
    return (struct controls){ (uint32_t)interrupted->fcsr, 0 };
}

static void check_entry(void)
{
    static const struct registers zeros;
    CHECK_EQUAL(entry_registers.fcsr, 0);
    CHECK(same(&entry_registers, &zeros));
    for (int i = 0; i < 32; i++)
        if (i != 2)
            CHECK_EQUAL(entry_general[i], 0);
    CHECK_EQUAL(entry_general[2] % 16, 0);
}

// Makes the call with n + 0x1000 in register n, the number in a7, and stores what the registers hold then.
void call_with_known_registers(long number, uint64_t after[32]);
__asm__(".text\n.globl call_with_known_registers\n"
        "call_with_known_registers:\n"
        " addi sp, sp, -384\n sd ra, 256(sp)\n sd s0, 264(sp)\n sd s1, 272(sp)\n"
        ".irp i, 2,3,4,5,6,7,8,9,10,11\n sd s\\i, 264 + 8 * \\i(sp)\n.endr\n"
        " sd a0, 360(sp)\n sd a1, 368(sp)\n"
        ".irp i, " GENERAL "\n li x\\i, 0x1000 + \\i\n.endr\n"
        " ld a7, 360(sp)\n ecall\n"
        ".irp i, " GENERAL "\n sd x\\i, 8 * \\i(sp)\n.endr\n"
        " ld a1, 368(sp)\n"
        ".irp i, " GENERAL "\n ld a0, 8 * \\i(sp)\n sd a0, 8 * \\i(a1)\n.endr\n"
        " ld ra, 256(sp)\n ld s0, 264(sp)\n ld s1, 272(sp)\n"
        ".irp i, 2,3,4,5,6,7,8,9,10,11\n ld s\\i, 264 + 8 * \\i(sp)\n.endr\n"
        " addi sp, sp, 384\n ret\n");

// A call changes a0 and nothing else; nothing of the kernel's shows.
static void check_call_preserves(long number)
{
    uint64_t after[32] = { 0 }, thread_pointer, thread_pointer_after;
    __asm__ volatile("mv %0, tp" : "=r"(thread_pointer));
    call_with_known_registers(number, after);
    __asm__ volatile("mv %0, tp" : "=r"(thread_pointer_after));
    CHECK_EQUAL(thread_pointer_after, thread_pointer);
    for (int r = 5; r < 32; r++)
        if (r != 10)
            CHECK_EQUAL(after[r], r == 17 ? number : 0x1000 + r);
    CHECK_EQUAL(after[1], 0x1001);
}
