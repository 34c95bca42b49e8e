// SPDX-License-Identifier: MIT
// vectors.h: floating-point, vector and general registers for fpu.c on aarch64.
#pragma once

#define ALL     "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define GENERAL "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30"

struct registers {
    uint8_t vector[32][16];
    uint64_t fpcr, fpsr;
};

static struct registers entry_registers __attribute__((aligned(16), used));
static uint64_t entry_general[32] __attribute__((used));

__asm__(".text\n.globl early_start\n"
        "early_start:\n"
        " stp x0, x1, [sp, #-16]\n adrp x0, entry_general\n add x0, x0, :lo12:entry_general\n"
        ".irp i, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n str x\\i, [x0, #8 * \\i]\n.endr\n"
        " ldr x1, [sp, #-16]\n str x1, [x0]\n mov x1, sp\n str x1, [x0, #248]\n"
        " adrp x0, entry_registers\n add x0, x0, :lo12:entry_registers\n"
        ".irp i, " ALL "\n str q\\i, [x0, #16 * \\i]\n.endr\n"
        " mrs x1, fpcr\n str x1, [x0, #512]\n mrs x1, fpsr\n str x1, [x0, #520]\n"
        " mov x0, #0\n mov x1, #0\n b _start\n");

static void fill_pattern(struct registers *in, int seed)
{
    for (int r = 0; r < 32; r++)
        for (int b = 0; b < 16; b++)
            in->vector[r][b] = (uint8_t)(seed * 37 + r * 11 + b);
    in->fpcr = (uint64_t)(seed & 3) << 22 | (uint64_t)(seed >> 2 & 1) << 24; // rounding mode, flush to zero
    in->fpsr = (uint64_t)(seed & 0x1f) | (uint64_t)(seed & 1) << 27;
}

static void fill_with_byte(struct registers *in, uint8_t byte)
{
    memset(in, byte, sizeof *in);
    in->fpcr = 3 << 22;
    in->fpsr = 0x1f;
}

static long call_with_registers(struct registers *in, struct registers *out, long number, long a, long b)
{
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x8 __asm__("x8") = number;
    register struct registers *from __asm__("x19") = in;
    register struct registers *to __asm__("x20") = out;
    __asm__ volatile(

        ".irp i, " ALL "\n ldr q\\i, [x19, #16 * \\i]\n.endr\n"
        " ldr x9, [x19, #512]\n msr fpcr, x9\n ldr x9, [x19, #520]\n msr fpsr, x9\n svc #0\n"
        ".irp i, " ALL "\n str q\\i, [x20, #16 * \\i]\n.endr\n"
        " mrs x9, fpcr\n str x9, [x20, #512]\n mrs x9, fpsr\n str x9, [x20, #520]\n msr fpcr, xzr\n msr fpsr, xzr\n"
        : "+r"(x0)
        : "r"(x1), "r"(x8), "r"(from), "r"(to)
        : "x9", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16",
          "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
    return x0;
}

static bool same(const struct registers *a, const struct registers *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static struct controls read_controls(void)
{
    uint64_t fpcr, fpsr;
    __asm__ volatile("mrs %0, fpcr\n mrs %1, fpsr" : "=r"(fpcr), "=r"(fpsr));
    return (struct controls){ (uint32_t)fpcr, (uint32_t)fpsr };
}

// A handler starts with the words of what it interrupts.
static struct controls handler_controls(const struct registers *interrupted)
{
    return (struct controls){ (uint32_t)interrupted->fpcr, (uint32_t)interrupted->fpsr };
}

static void check_entry(void)
{
    static const struct registers zeros;
    CHECK_EQUAL(entry_registers.fpcr, 0);
    CHECK_EQUAL(entry_registers.fpsr, 0);
    CHECK(same(&entry_registers, &zeros));
    for (int i = 0; i < 31; i++)
        CHECK_EQUAL(entry_general[i], 0);
    CHECK_EQUAL(entry_general[31] % 16, 0);
}

// Makes the call with n + 0x1000 in register n, the number in x8, and stores what the registers hold then.
void call_with_known_registers(long number, uint64_t after[31]);
__asm__(".text\n.globl call_with_known_registers\n"
        "call_with_known_registers:\n"
        " sub sp, sp, #368\n stp x19, x20, [sp, #256]\n stp x21, x22, [sp, #272]\n stp x23, x24, [sp, #288]\n stp x25, x26, [sp, #304]\n"
        " stp x27, x28, [sp, #320]\n stp x29, x30, [sp, #336]\n str x1, [sp, #352]\n str x0, [sp, #360]\n"
        ".irp i, " GENERAL "\n mov x\\i, #0x1000 + \\i\n.endr\n"
        " ldr x8, [sp, #360]\n svc #0\n"
        ".irp i, " GENERAL "\n str x\\i, [sp, #8 * \\i]\n.endr\n"
        " ldr x1, [sp, #352]\n"
        ".irp i, " GENERAL "\n ldr x0, [sp, #8 * \\i]\n str x0, [x1, #8 * \\i]\n.endr\n"
        " ldp x19, x20, [sp, #256]\n ldp x21, x22, [sp, #272]\n ldp x23, x24, [sp, #288]\n ldp x25, x26, [sp, #304]\n"
        " ldp x27, x28, [sp, #320]\n ldp x29, x30, [sp, #336]\n add sp, sp, #368\n ret\n");

// A call changes x0 and nothing else; nothing of the kernel's shows.
static void check_call_preserves(long number)
{
    uint64_t after[31] = { 0 };
    call_with_known_registers(number, after);
    for (int r = 1; r < 31; r++)
        CHECK_EQUAL(after[r], r == 8 ? number : 0x1000 + r);
}
