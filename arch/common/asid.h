// SPDX-License-Identifier: MIT
// asid.h: which tag the cached translations of an address space carry.
#pragma once

#include <stdatomic.h>

#include <arch/cpu.h>
#include <arch/page_table.h>

#include <helix/cpu.h>

enum { ASID_BITS = 16 };

extern _Atomic uint64_t asid_generation;

// The way of asid_take() when the space has no tag of this generation or the CPU has not begun it.
uint16_t asid_assign(struct arch_space *space);

// The space, which no CPU has loaded any more, is about to go: nobody who begins a generation looks at it after this.
void asid_drop(struct arch_space *space);

// The tag that this CPU is to load `space` with; 0 where the CPU has no tags, and for the kernel's space. Interrupts off;
// cpu.space names the space already.
static inline uint16_t asid_take(struct arch_space *space)
{
    if (!translation_tags())
        return 0;
    atomic_thread_fence(memory_order_seq_cst); // cpu.space before the generation: see asid.c
    uint64_t generation = atomic_load_explicit(&asid_generation, memory_order_relaxed);
    uint64_t tag = space_tag(space);
    if (LIKELY(tag >> ASID_BITS == generation && cpu_local()->arch.tag_generation == generation))
        return (uint16_t)tag;
    return asid_assign(space);
}
