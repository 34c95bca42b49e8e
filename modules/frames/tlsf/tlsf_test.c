// SPDX-License-Identifier: MIT
// tlsf_test.c: what every frame policy must do, and what this one promises beyond that.

#include "tlsf.h"

#include <helix/frame_policy_test.h>

FRAME_POLICY_TESTS(tlsf, "tlsf", tlsf);

TEST(tlsf, cuts_runs_of_any_length_where_they_begin)
{
    tlsf_choose();
    const struct frame_policy *policy = policy_begin();
    policy->add(ZONE_DMA_END, 5000);
    uint64_t at[4] = {}, free, largest;
    bool got =
        policy->allocate(4097, 1, ZONE_NORMAL_END, &at[0]) == STATUS_OK && policy->allocate(3, 1, ZONE_NORMAL_END, &at[1]) == STATUS_OK;
    got = got && policy->allocate(900, 1, ZONE_NORMAL_END, &at[2]) == STATUS_OK; // exactly what is left
    free = frame_policy_free(policy);
    policy->release(at[1], 3);
    policy->release(at[0], 4097);
    largest = policy_largest(policy);
    policy_end();
    CHECK(got && at[0] == ZONE_DMA_END && at[1] == at[0] + 4097 && at[2] == at[1] + 3);
    CHECK_EQUAL(free, 0);
    CHECK_EQUAL(largest, 4100);
}

TEST(tlsf, joins_neighbours_of_one_two_and_more_frames)
{
    tlsf_choose();
    const struct frame_policy *policy = policy_begin();
    policy->add(ZONE_DMA_END, 64);
    size_t wrong = 0;
    uint64_t first;
    for (uint64_t before = 0; before < 6; before++) {
        for (uint64_t count = 1; count < 6; count++) {
            for (uint64_t behind = 0; behind < 6; behind++) {
                wrong += policy->allocate(64, 1, ZONE_NORMAL_END, &first) != STATUS_OK || first != ZONE_DMA_END;
                uint64_t at = first + 20;
                policy->release(at - before, before);
                policy->release(at + count, behind);
                policy->release(at, count);
                wrong += policy_largest(policy) != before + count + behind;
                policy->release(first, 20 - before);
                policy->release(at + count + behind, 44 - count - behind);
                wrong += policy_largest(policy) != 64;
            }
        }
    }
    policy_end();
    CHECK_EQUAL(wrong, 0);
}

TEST(tlsf, finds_the_aligned_part_of_a_run_that_has_no_more)
{
    tlsf_choose();
    const struct frame_policy *policy = policy_begin();
    policy->add(ZONE_DMA_END, 512);        // aligned, and nothing beside
    policy->add(ZONE_DMA_END + 1030, 900); // longer, and none of it aligned so
    uint64_t first = 0, none = 77;
    bool got = policy->allocate(512, 512, ZONE_NORMAL_END, &first) == STATUS_OK;
    enum status refused = policy->allocate(512, 512, ZONE_NORMAL_END, &none);
    uint64_t free = frame_policy_free(policy);
    policy_end();
    CHECK(got && first == ZONE_DMA_END);
    CHECK(refused == STATUS_NO_MEMORY && none == 77);
    CHECK_EQUAL(free, 900);
}
