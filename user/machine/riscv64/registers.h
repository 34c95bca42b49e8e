// SPDX-License-Identifier: MIT
// registers.h: general registers round one instruction, for registers.c on riscv64.
#pragma once

#define KEPT "1,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

// Register n holds n + 0x1000 but for the arguments and the number; a0 to a3 are argument[0] to [3], a7 the number. gp and tp
// belong to the C library, whose code may run in a handler meanwhile: they are what they were.
#define WITH_KNOWN_REGISTERS(name_, instruction_)                                                                                \
    __asm__(".text\n.globl " name_ "\n" name_ ":\n"                                                                              \
            " addi sp, sp, -128\n sd ra, 0(sp)\n sd s0, 8(sp)\n sd s1, 16(sp)\n"                                                 \
            ".irp i, 2,3,4,5,6,7,8,9,10,11\n sd s\\i, 8 + 8 * \\i(sp)\n.endr\n"                                                  \
            " sd a0, 104(sp)\n sd gp, 48 + 8 * 32(a0)\n sd tp, 48 + 8 * 33(a0)\n"                                                \
            ".irp i, " KEPT "\n li x\\i, 0x1000 + \\i\n.endr\n"                                                                  \
            " ld a7, 104(sp)\n ld a0, 8(a7)\n ld a1, 16(a7)\n ld a2, 24(a7)\n ld a3, 32(a7)\n ld a7, 0(a7)\n " instruction_ "\n" \
            " sd a0, 112(sp)\n ld a0, 104(sp)\n sd gp, 48 + 8 * 3(a0)\n sd tp, 48 + 8 * 4(a0)\n"                                 \
            ".irp i, " KEPT "\n sd x\\i, 48 + 8 * \\i(a0)\n.endr\n"                                                              \
            " ld a1, 112(sp)\n sd a1, 40(a0)\n"                                                                                  \
            " ld ra, 0(sp)\n ld s0, 8(sp)\n ld s1, 16(sp)\n"                                                                     \
            ".irp i, 2,3,4,5,6,7,8,9,10,11\n ld s\\i, 8 + 8 * \\i(sp)\n.endr\n"                                                  \
            " addi sp, sp, 128\n ret\n")

WITH_KNOWN_REGISTERS("kept_call", "ecall");
WITH_KNOWN_REGISTERS("kept_store", "sd a1, 0(a0)");

enum { FIRST_REGISTER = 1, LAST_REGISTER = 31, NUMBER_REGISTER = 17 };

static uint64_t wanted_register(const struct kept *kept, int which)
{
    if (which == 3 || which == 4)
        return kept->after[32 + which - 3];
    return which >= 11 && which <= 13 ? (uint64_t)kept->argument[which - 10]
           : which == NUMBER_REGISTER ? (uint64_t)kept->number
                                      : 0x1000 + (uint64_t)which;
}

// sp is what the code round it lives by; a0 has the result.
static bool may_change(int which, bool called)
{
    (void)called;
    return which == 2 || which == 10;
}

static void write_constant(uint8_t *code, uint16_t value)
{
    const uint32_t function[] = { 0x00000513 | (uint32_t)(value & 0x7ff) << 20, 0x00008067 }; // li a0, value; ret
    memcpy(code, function, sizeof function);
}
