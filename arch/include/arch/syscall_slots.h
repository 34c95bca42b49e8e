// SPDX-License-Identifier: MIT
// syscall_slots.h: how many numbers the table of system calls has, for C and for assembly. A power of two, so that a number is clamped
// by a mask.
#pragma once

#define SYSCALL_SLOTS 512
