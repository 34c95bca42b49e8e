// SPDX-License-Identifier: MIT
// bitmap.h: all that the policy knows, in one struct, so that a test can put it aside and work on memory of its own.
#pragma once

#include <lib/types.h>

#include <helix/frames.h>

struct bitmap_zone {
    uint64_t start, end; // frame numbers
    uint64_t hint;
    uint64_t free;
};

struct bitmap {
    uint64_t *map; // bit set: not free
    struct bitmap_zone zones[ZONE_NORMAL + 1];
};
extern struct bitmap bitmap;
