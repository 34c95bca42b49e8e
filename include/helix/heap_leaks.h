// SPDX-License-Identifier: MIT
// heap_leaks.h: which heap blocks live, by who allocated them. There only in profiles with [debug] heap_checks.
#pragma once

#include <lib/types.h>

// Blocks that one place in the code allocated and nobody freed.
struct leak_site {
    uint64_t by; // return address of the allocation
    uint64_t blocks, bytes;
    uint64_t oldest_ns; // time_ns() of the oldest one's allocation
};

// A number that all later allocations are above.
uint64_t heap_leak_mark(void);

// Fills up to `count` rows with what lives of the allocations after `mark` (0: all), youngest place first; returns how many rows there
// are. `blocks` and `bytes` count everything, also what found no row. Thread context.
size_t heap_leaks(uint64_t mark, struct leak_site *rows, size_t count, uint64_t *blocks, uint64_t *bytes);
