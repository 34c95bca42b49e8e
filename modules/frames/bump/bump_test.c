// SPDX-License-Identifier: MIT
// bump_test.c: what this policy promises. It is none of those that take memory back, so their rows are not its.

#include "bump.h"

#include <helix/frame_policy_test.h>

static void bump_choose(void)
{
    subject.module = "bump";
    subject.state = &bump;
    subject.size = sizeof bump;
}

FRAME_POLICY_TEST(bump, keeps_below_the_zone_asked_for)
FRAME_POLICY_TEST(bump, spares_the_lowest_zone_while_there_is_another)
FRAME_POLICY_TEST(bump, takes_single_frames_in_batches_from_all_zones)

TEST(bump, hands_out_every_frame_once_and_takes_none_back)
{
    bump_choose();
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first, count = 0, twice = 0;
    while (policy->allocate(1, 1, ZONE_NORMAL_END, &first) == STATUS_OK) {
        twice += !hold(first, 1);
        policy->release(first, 1);
        count++;
    }
    uint64_t free = frame_policy_free(policy);
    policy_end();
    CHECK_EQUAL(count, FRAMES - 1);
    CHECK_EQUAL(twice, 0);
    CHECK_EQUAL(free, 0);
}

TEST(bump, loses_no_frame_before_an_aligned_run)
{
    bump_choose();
    const struct frame_policy *policy = policy_begin();
    policy->add(ZONE_DMA_END + 1, 2047);
    uint64_t first = 0, small = 0;
    bool got = policy->allocate(1024, 1024, ZONE_NORMAL_END, &first) == STATUS_OK;
    got = got && policy->allocate(1023, 1, ZONE_NORMAL_END, &small) == STATUS_OK;
    uint64_t free = frame_policy_free(policy);
    policy_end();
    CHECK(got && first == ZONE_DMA_END + 1024 && small == ZONE_DMA_END + 1);
    CHECK_EQUAL(free, 0);
}
