// SPDX-License-Identifier: MIT
// offsets.h: struct arch_cpu, struct arch_context and struct arch_frame as assembly sees them; static_asserts in cpu.c and frame.c keep
// them true.
#pragma once

#define CPU_USER_SP        0
#define CPU_FRAME          8
#define CPU_CURRENT        16
#define CPU_PREEMPT        24
#define CPU_EXIT_WORK      32
#define CPU_EMERGENCY_TOP  40
#define CPU_TEMPORARY      48
#define CPU_SYSCALL_COUNTS 1024

// x1 … x31 in their order, then what the trap left.
#define FRAME_X(number) (((number) - 1) * 8)
#define FRAME_PC        248
#define FRAME_STATUS    256
#define FRAME_CAUSE     264
#define FRAME_ADDRESS   272
#define FRAME_FIRST_A0  280
#define FRAME_SIZE      288

#define STACK_SIZE_SHIFT 14 // of KERNEL_STACK_SIZE

#define CAUSE_USER_CALL   8
#define PAGE_FAULT_CAUSES 0xb000 // a bit for each

// sstatus (Privileged Architecture 1.12, 4.1.1).
#define STATUS_INTERRUPTS  0x2
#define STATUS_FLOAT       0x6000
#define STATUS_USER_ACCESS 0x40000 // SUM
