// SPDX-License-Identifier: MIT
// cpu_here.h: the CPU block is what GS-relative addresses mean.
#pragma once

#define ARCH_CPU_HERE __seg_gs
