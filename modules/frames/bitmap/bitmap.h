// SPDX-License-Identifier: MIT
// bitmap.h: the state of the bitmap policy, which its tests put aside.
#pragma once

#include <lib/bit_tree.h>

#include <helix/frame_policy.h>

struct bitmap_zone {
    uint64_t start, end; // index of the zone's first frame, and one past its last
    uint64_t free;
};

extern struct bitmap {
    uint64_t base;         // frame number of index 0
    struct bit_tree free;  // of frames
    struct bit_tree whole; // of blocks all of whose frames are free
    uint16_t *block_free;  // free frames of each block
    struct bitmap_zone zones[ZONE_NORMAL + 1];
} bitmap;
