// SPDX-License-Identifier: MIT
// buddy.h: the state of the buddy policy, which its tests put aside.
#pragma once

#include <lib/bit_tree.h>

#include <helix/frame_policy.h>

enum { BUDDY_LISTS = BUDDY_MAX_ORDER + 1 };

struct buddy_zone {
    uint64_t start, end; // index of the zone's first frame, and one past its last
    uint64_t free;
    uint64_t blocks[BUDDY_LISTS]; // free blocks of each order
    uint32_t orders;              // a bit for each of them that is not 0
};

extern struct buddy {
    uint64_t base; // frame number of index 0
    struct bit_tree blocks[BUDDY_LISTS];
    struct buddy_zone zones[ZONE_NORMAL + 1];
} buddy;
