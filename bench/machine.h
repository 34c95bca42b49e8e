// SPDX-License-Identifier: MIT
// machine.h: what the measuring program asks of a processor beyond user/machine.h.
//
// Marks are instructions that do nothing on any processor of the architecture, in encodings that no compiler uses; plugin.c knows them.
//   mark_bit(0), mark_bit(1)     shift a bit into the number of the row
//   mark_begin(), mark_end()     enclose what is counted
//   MARK_START                   assembly: says that user mode is reached
// store_word() writes a word by an instruction of STORE_BYTES bytes, so that a handler can step over it.
#pragma once

#include "../user/machine.h"

#if defined __x86_64__
#define MARK(kind) __asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x48, 0x4c, 0x58, " #kind : : : "memory")
#define MARK_START ".byte 0x0f, 0x1f, 0x84, 0x00, 0x48, 0x4c, 0x58, 5\n"
enum { STORE_BYTES = 6 };
static inline void store_word(void *at)
{
    __asm__ volatile("movl $0, (%0)" : : "a"(at) : "memory");
}
#elif defined __aarch64__
#define MARK(kind) __asm__ volatile("hint #(0x70 + " #kind ")" : : : "memory")
#define MARK_START "hint #0x75\n"
enum { STORE_BYTES = 4 };
static inline void store_word(void *at)
{
    __asm__ volatile("str wzr, [%0]" : : "r"(at) : "memory");
}
#elif defined __riscv
#define MARK(kind) __asm__ volatile("slti x0, x0, 0x480 + " #kind : : : "memory")
#define MARK_START "slti x0, x0, 0x485\n"
enum { STORE_BYTES = 4 };
static inline void store_word(void *at)
{
    __asm__ volatile(".option push\n .option norvc\n sw zero, 0(%0)\n .option pop" : : "r"(at) : "memory");
}
#endif

static inline void mark_bit(bool bit)
{
    if (bit)
        MARK(2);
    else
        MARK(1);
}

static inline void mark_begin(void)
{
    MARK(3);
}

static inline void mark_end(void)
{
    MARK(4);
}
