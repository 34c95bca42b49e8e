// SPDX-License-Identifier: MIT
// bump.h: the state of the bump policy, which its tests put aside.
#pragma once

#include <helix/frame_policy.h>

enum { BUMP_RUNS = 64 };

extern struct bump {
    struct bump_run {
        uint64_t next, end; // frame numbers; never handed out
    } runs[BUMP_RUNS];
    uint32_t run_count;
    uint64_t free[ZONE_NORMAL + 1];
} bump;
