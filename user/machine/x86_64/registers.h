// SPDX-License-Identifier: MIT
// registers.h: general registers round one instruction, for registers.c on x86_64.
#pragma once

// Register n, as instructions number them, holds n + 0x1000 but for the arguments and the number.
#define WITH_KNOWN_REGISTERS(name_, instruction_)                                                                                       \
    __asm__(".text\n.globl " name_ "\n" name_ ":\n"                                                                                     \
            " push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n sub $24, %rsp\n mov %rdi, (%rsp)\n"               \
            " mov $0x1001, %ecx\n mov $0x1003, %ebx\n mov $0x1005, %ebp\n mov $0x1008, %r8d\n mov $0x1009, %r9d\n"                      \
            " mov $0x100b, %r11d\n mov $0x100c, %r12d\n mov $0x100d, %r13d\n mov $0x100e, %r14d\n mov $0x100f, %r15d\n"                 \
            " mov (%rdi), %rax\n mov 16(%rdi), %rsi\n mov 24(%rdi), %rdx\n mov 32(%rdi), %r10\n mov 8(%rdi), %rdi\n " instruction_ "\n" \
            " mov %rdi, 8(%rsp)\n mov (%rsp), %rdi\n mov %rax, 40(%rdi)\n mov %rcx, 48 + 8 * 1(%rdi)\n mov %rdx, 48 + 8 * 2(%rdi)\n"    \
            " mov %rbx, 48 + 8 * 3(%rdi)\n mov %rbp, 48 + 8 * 5(%rdi)\n mov %rsi, 48 + 8 * 6(%rdi)\n"                                   \
            ".irp i, 8,9,10,11,12,13,14,15\n mov %r\\i, 48 + 8 * \\i(%rdi)\n.endr\n"                                                    \
            " mov 8(%rsp), %rax\n mov %rax, 48 + 8 * 7(%rdi)\n"                                                                         \
            " add $24, %rsp\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n")

WITH_KNOWN_REGISTERS("kept_call", "syscall");
WITH_KNOWN_REGISTERS("kept_store", "mov %rsi, (%rdi)");

enum { FIRST_REGISTER = 1, LAST_REGISTER = 15, NUMBER_REGISTER = 0 };

static uint64_t wanted_register(const struct kept *kept, int which)
{
    static const int argument_of[] = { [7] = 0, [6] = 1, [2] = 2, [10] = 3 };
    bool is_argument = which == 7 || which == 6 || which == 2 || which == 10;
    return is_argument ? (uint64_t)kept->argument[argument_of[which]] : 0x1000 + (uint64_t)which;
}

// A system call changes rcx and r11 by itself; rsp is what the code round it lives by.
static bool may_change(int which, bool called)
{
    return which == 4 || (called && (which == 1 || which == 11));
}

static void write_constant(uint8_t *code, uint16_t value)
{
    const uint8_t function[] = { 0xb8, (uint8_t)value, (uint8_t)(value >> 8), 0, 0, 0xc3 }; // mov eax, value; ret
    memcpy(code, function, sizeof function);
}
