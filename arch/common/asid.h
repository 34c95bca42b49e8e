// SPDX-License-Identifier: MIT
// asid.h: which tag the cached translations of an address space carry.
#pragma once

#include <arch/space.h>

// The tag that this CPU is to load `space` with; 0 where the CPU has no tags, and for the kernel's space. Interrupts off;
// cpu.space names the space already.
uint16_t asid_take(struct arch_space *space);
