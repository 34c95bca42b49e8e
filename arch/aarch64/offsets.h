// SPDX-License-Identifier: MIT
// offsets.h: struct arch_cpu and struct arch_frame as assembly sees them; static_asserts in impl/cpu.h, cpu.c and frame.c keep them true.
#pragma once

#define CPU_CURRENT       0
#define CPU_STACK_LIMIT   8
#define CPU_EXIT_WORK     24
#define CPU_VECTOR        28
#define CPU_SCRATCH       32
#define CPU_EMERGENCY     96
#define EMERGENCY_SIZE    8192
#define KERNEL_STACK_BITS 14

#define CPU_SYSCALL_COUNTS 9216

#define FRAME_X18      144
#define FRAME_X29      232
#define FRAME_X30      240
#define FRAME_SP       248
#define FRAME_PC       256
#define FRAME_ARGUMENT 272
#define FRAME_KIND     280
#define FRAME_SYNDROME 288
#define FRAME_SIZE     304

#define CLASS_SVC        0x15
#define CLASS_FETCH_USER 0x20
#define CLASS_DATA_USER  0x24
#define BOOT_STACK_SIZE  32768

#define VIRT_UART 0x09000000 // where QEMU's virt machine has its serial port: for what goes wrong before the tree is read
