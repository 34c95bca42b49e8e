// SPDX-License-Identifier: MIT
// space.h: the host's address space: a tree of pages.
#pragma once

#include <lib/tree.h>

struct arch_space {
    struct tree pages; // struct host_page, by address
};
