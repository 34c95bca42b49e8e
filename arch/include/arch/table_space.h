// SPDX-License-Identifier: MIT
// table_space.h: an address space of arch/common/space.c: impl/space.h of the ports that use it includes this.
#pragma once

#include <stdatomic.h>

struct arch_space {
    phys_t root;
    _Atomic uint64_t loaded_on; // bit per CPU that has it loaded
    _Atomic uint64_t seen_on;   // bit per CPU that may remember translations of it: those, and with tags all that ever had it loaded
    _Atomic uint64_t stale_on;  // bit per CPU that has to forget what it remembers before it goes on in it
    _Atomic uint64_t tag;       // of its translations, the lower 16 bits; above them the generation in which it is valid
    bool special;               // there may be shared tables or large pages in it
};

static inline uint64_t space_tag(const struct arch_space *space)
{
    return atomic_load_explicit(&space->tag, memory_order_relaxed);
}

static inline void space_tag_set(struct arch_space *space, uint64_t tag)
{
    atomic_store_explicit(&space->tag, tag, memory_order_relaxed);
}
