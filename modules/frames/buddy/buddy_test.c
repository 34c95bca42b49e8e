// SPDX-License-Identifier: MIT
// buddy_test.c: what every frame policy must do, and what this one promises beyond that.

#include "buddy.h"

#include <helix/frame_policy_test.h>

FRAME_POLICY_TESTS(buddy, "buddy", buddy);

TEST(buddy, aligns_blocks_to_their_size)
{
    buddy_choose();
    const struct frame_policy *policy = policy_begin_full();
    size_t wrong = 0;
    for (uint64_t size = 1; size <= 4096; size *= 2) { // beyond 8 MiB: blocks that lie side by side
        uint64_t first = 1;
        wrong += policy->allocate(size, size, ZONE_NORMAL_END, &first) != STATUS_OK || first % size != 0;
        policy->release(first, size);
    }
    uint64_t first, largest = policy_largest(policy);
    enum status refused = policy->allocate(8193, 1, ZONE_NORMAL_END, &first);
    enum status aligned = policy->allocate(16, 16384, ZONE_NORMAL_END, &first);
    policy_end();
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(largest, 8192);
    CHECK(refused == STATUS_NO_MEMORY && aligned == STATUS_NO_MEMORY);
}

TEST(buddy, gives_back_what_a_request_leaves_of_its_block)
{
    buddy_choose();
    const struct frame_policy *policy = policy_begin();
    policy->add(ZONE_DMA_END, 16);
    uint64_t first = 0, rest = 0;
    bool got = policy->allocate(9, 1, ZONE_NORMAL_END, &first) == STATUS_OK && policy->allocate(4, 1, ZONE_NORMAL_END, &rest) == STATUS_OK;
    uint64_t free = frame_policy_free(policy);
    uint64_t largest = policy_largest(policy);
    policy_end();
    CHECK(got && first == ZONE_DMA_END && rest == ZONE_DMA_END + 12);
    CHECK_EQUAL(free, 3);
    CHECK_EQUAL(largest, 2);
}
