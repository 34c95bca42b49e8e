// SPDX-License-Identifier: MIT
// cpu_here.h: the CPU block is reached through its address.
#pragma once

#define ARCH_CPU_HERE
