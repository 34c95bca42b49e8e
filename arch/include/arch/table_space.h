// SPDX-License-Identifier: MIT
// table_space.h: an address space of arch/common/space.c: impl/space.h of the ports that use it includes this.
#pragma once

struct arch_space {
    phys_t root;
    uint64_t loaded_on; // bit per CPU that has it loaded
    uint64_t tag;       // of its translations, the lower 16 bits; above them the generation in which it is valid
    bool special;       // there may be shared tables or large pages in it
};
