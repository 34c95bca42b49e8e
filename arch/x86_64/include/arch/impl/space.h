// SPDX-License-Identifier: MIT
// space.h: x86_64's address space: a four-level table.
#pragma once

struct arch_space {
    phys_t root;
    uint64_t loaded_on; // bit per CPU that has it loaded
};
