// SPDX-License-Identifier: MIT
// bitmap_test.c: what every frame policy must do, and what this one promises beyond that.

#include "bitmap.h"

#include <helix/frame_policy_test.h>

FRAME_POLICY_TESTS(bitmap_frames, "bitmap", bitmap);

TEST(bitmap_frames, hands_out_runs_larger_than_any_power_of_two_block)
{
    bitmap_frames_choose();
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first = 0;
    uint64_t largest = policy_largest(policy);
    bool got = policy->allocate(5000, 1, ZONE_NORMAL_END, &first) == STATUS_OK;
    policy_end();
    CHECK_EQUAL(largest, FRAMES - ZONE_DMA_END);
    CHECK(got && first == ZONE_DMA_END);
}
