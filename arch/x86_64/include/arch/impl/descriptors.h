// SPDX-License-Identifier: MIT
// descriptors.h: the descriptor tables that each CPU has of its own (Intel SDM volume 3, chapters 3 and 8).
#pragma once

#include <lib/types.h>

// GDT: null, kernel code 0x08, kernel data 0x10, user data 0x18, user code 0x20 (sysret fixes that order), TSS 0x28.
enum { GDT_ENTRIES = 7, IST_STACKS = 4, IST_STACK_SIZE = 8192 };

// Interrupt stack table: the vectors that must not trust the stack they find.
enum ist_stack { IST_DOUBLE_FAULT = 1, IST_NMI, IST_MACHINE_CHECK, IST_DEBUG };

struct [[gnu::packed]] x86_tss {
    uint32_t reserved0;
    uint64_t rsp0; // where an entry from user mode starts pushing
    uint64_t rsp1, rsp2, reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_bitmap; // beyond the limit: no port is open to user code
};
static_assert(sizeof(struct x86_tss) == 104);

struct x86_descriptors {
    uint64_t gdt[GDT_ENTRIES];
    struct x86_tss tss;
    alignas(16) uint8_t ist[IST_STACKS][IST_STACK_SIZE];
};
