// SPDX-License-Identifier: MIT
// tlsf.h: the state of the two-level segregated fit policy, which its tests put aside.
#pragma once

#include <helix/frame_policy.h>

enum {
    TLSF_STEP_BITS = 3, // each power of two of run sizes is divided into 8 lists; below 8 there is a list for every size
    TLSF_STEPS = 1 << TLSF_STEP_BITS,
    TLSF_LEVELS = 30,
};

struct tlsf_zone {
    uint64_t free;
    uint32_t levels;                         // a bit for every level with a list that is not empty
    uint8_t steps[TLSF_LEVELS];              // the same for the lists of a level
    uint32_t heads[TLSF_LEVELS][TLSF_STEPS]; // frame number of the first run
};

extern struct tlsf {
    struct frame *database;
    uint64_t *map; // a bit for each frame: free and with this policy
    struct frame_range range;
    struct tlsf_zone zones[ZONE_NORMAL + 1];
} tlsf;
