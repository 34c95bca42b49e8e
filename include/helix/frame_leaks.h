// SPDX-License-Identifier: MIT
// frame_leaks.h: which frames are in use, by who allocated them. There only in profiles with [debug] frame_checks.
#pragma once

#include <lib/types.h>

struct frame_leak {
    uint64_t by; // return address of the allocation
    uint64_t frames;
};

// A number that all later allocations are above.
uint64_t frame_leak_mark(void);

// Fills up to `count` rows with the frames in use that were allocated after `mark` (0: all); how many rows. Walks over all frames.
size_t frame_leaks(uint64_t mark, struct frame_leak *leaks, size_t count);
