// SPDX-License-Identifier: MIT
// offsets.h: struct arch_cpu and struct arch_frame as assembly sees them; static_asserts in cpu.h and entry.c keep them true.
#pragma once

#define CPU_CURRENT   8
#define CPU_STACK_TOP 16
#define CPU_USER_SP   24
#define CPU_PREEMPT   32
#define CPU_EXIT_WORK 36

#define FRAME_R11    48
#define FRAME_RAX    56
#define FRAME_RCX    64
#define FRAME_VECTOR 120
#define FRAME_RIP    136
#define FRAME_CS     144
#define FRAME_RFLAGS 152
#define FRAME_RSP    160
#define FRAME_SIZE   176

#define SYSCALL_VECTOR 0x100
#define USER_DATA      0x1b
#define USER_CODE      0x23
