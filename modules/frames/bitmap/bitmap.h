// SPDX-License-Identifier: MIT
// bitmap.h: the state of the bitmap policy, which its tests put aside.
#pragma once

#include <lib/bit_tree.h>

#include <helix/frame_policy.h>

enum { BITMAP_CLASSES = 9 }; // of runs of 2, 4, … 512 frames

struct bitmap_zone {
    uint64_t start, end; // index of the zone's first frame, and one past its last
    uint64_t free;
};

extern struct bitmap {
    uint64_t base;         // frame number of index 0
    struct bit_tree free;  // of frames
    struct bit_tree whole; // of blocks all of whose frames are free
    uint16_t *block_free;  // free frames of each block
    // Blocks in which a free run of 2^(n+1) frames may begin; and for each block a bit for every tree that it is missing from.
    struct bit_tree promising[BITMAP_CLASSES];
    uint16_t *searched;
    struct bitmap_zone zones[ZONE_NORMAL + 1];
} bitmap;
