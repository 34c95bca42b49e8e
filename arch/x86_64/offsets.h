// SPDX-License-Identifier: MIT
// offsets.h: struct arch_cpu and struct arch_frame as assembly sees them; static_asserts in cpu.h, cpu.c and frame.c keep them true.
#pragma once

#define CPU_CURRENT        8
#define CPU_FRAME          16
#define CPU_USER_SP        24
#define CPU_PREEMPT        32
#define CPU_EXIT_WORK      36
#define CPU_SYSCALL_COUNTS 0x8400

#define FRAME_R15    0
#define FRAME_R14    8
#define FRAME_R13    16
#define FRAME_R12    24
#define FRAME_RBP    32
#define FRAME_RBX    40
#define FRAME_R11    48
#define FRAME_RAX    56
#define FRAME_RCX    64
#define FRAME_RDI    72
#define FRAME_RSI    80
#define FRAME_RDX    88
#define FRAME_R10    96
#define FRAME_R8     104
#define FRAME_R9     112
#define FRAME_VECTOR 120
#define FRAME_NUMBER 128
#define FRAME_RIP    136
#define FRAME_CS     144
#define FRAME_RFLAGS 152
#define FRAME_RSP    160
#define FRAME_SS     168
#define FRAME_SIZE   176

#define PAGE_FAULT_VECTOR 14
#define SYSCALL_VECTOR    0x100
#define USER_DATA         0x1b
#define USER_CODE         0x23
