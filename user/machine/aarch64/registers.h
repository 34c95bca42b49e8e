// SPDX-License-Identifier: MIT
// registers.h: general registers round one instruction, for registers.c on aarch64.
#pragma once

#define KEPT "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30"

// Register n holds n + 0x1000 but for the arguments and the number; x0 to x3 are argument[0] to [3], x8 the number.
#define WITH_KNOWN_REGISTERS(name_, instruction_)                                                                         \
    __asm__(".text\n.globl " name_ "\n" name_ ":\n"                                                                       \
            " stp x29, x30, [sp, #-112]!\n stp x19, x20, [sp, #16]\n stp x21, x22, [sp, #32]\n stp x23, x24, [sp, #48]\n" \
            " stp x25, x26, [sp, #64]\n stp x27, x28, [sp, #80]\n str x0, [sp, #96]\n"                                    \
            ".irp i, " KEPT "\n mov x\\i, #0x1000 + \\i\n.endr\n"                                                         \
            " ldr x8, [sp, #96]\n ldp x0, x1, [x8, #8]\n ldp x2, x3, [x8, #24]\n ldr x8, [x8]\n " instruction_ "\n"       \
            " str x0, [sp, #104]\n ldr x0, [sp, #96]\n"                                                                   \
            ".irp i, " KEPT "\n str x\\i, [x0, #48 + 8 * \\i]\n.endr\n"                                                   \
            " ldr x1, [sp, #104]\n str x1, [x0, #40]\n"                                                                   \
            " ldp x27, x28, [sp, #80]\n ldp x25, x26, [sp, #64]\n ldp x23, x24, [sp, #48]\n ldp x21, x22, [sp, #32]\n"    \
            " ldp x19, x20, [sp, #16]\n ldp x29, x30, [sp], #112\n ret\n")

WITH_KNOWN_REGISTERS("kept_call", "svc #0");
WITH_KNOWN_REGISTERS("kept_store", "str x1, [x0]");

enum { FIRST_REGISTER = 1, LAST_REGISTER = 30, NUMBER_REGISTER = 8 };

static uint64_t wanted_register(const struct kept *kept, int which)
{
    return which <= 3 ? (uint64_t)kept->argument[which] : which == NUMBER_REGISTER ? (uint64_t)kept->number : 0x1000 + (uint64_t)which;
}

static bool may_change(int which, bool called)
{
    (void)which;
    (void)called;
    return false;
}

static void write_constant(uint8_t *code, uint16_t value)
{
    const uint32_t function[] = { 0x52800000 | (uint32_t)value << 5, 0xd65f03c0 }; // mov w0, #value; ret
    memcpy(code, function, sizeof function);
}
