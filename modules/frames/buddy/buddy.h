// SPDX-License-Identifier: MIT
// buddy.h: all that the policy knows, in one struct, so that a test can put it aside and work on memory of its own.
#pragma once

#include <lib/types.h>

#include <helix/frame_policy.h>

enum { BUDDY_LISTS = BUDDY_MAX_ORDER + 1 };

struct buddy_zone {
    uint32_t heads[BUDDY_LISTS]; // first block of each order, UINT32_MAX: none
    uint32_t orders;             // bit n: heads[n] is a block
    uint64_t free;               // frames
};

struct buddy {
    struct buddy_zone zones[ZONE_NORMAL + 1];
    struct frame *database;
    uint64_t limit; // one past the highest frame number
};
extern struct buddy buddy;
