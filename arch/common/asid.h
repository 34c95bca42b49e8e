// SPDX-License-Identifier: MIT
// asid.h: which tag the cached translations of an address space carry.
#pragma once

#include <arch/page_table.h>

uint16_t asid_assign(struct arch_space *space);

// The tag that this CPU is to load `space` with; 0 where the CPU has no tags, and for the kernel's space. Interrupts off;
// cpu.space names the space already.
static inline uint16_t asid_take(struct arch_space *space)
{
    return translation_tags() ? asid_assign(space) : 0;
}
