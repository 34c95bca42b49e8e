// SPDX-License-Identifier: MIT
// defects_test.c: mistakes that an earlier allocator is known to have made, each as a row that would fail on it.
#include <helix/frames.h>
#include <helix/test.h>

#include "../memory.h"
#include "parts.h"

enum { LARGEST = 1024 }; // pages: 4 MiB

static uint64_t free_now(void)
{
    struct frame_statistics statistics;
    frames_statistics(&statistics);
    return statistics.free;
}

// It took the next larger order even for exact powers of two, refused 1,024 pages for that, and freed a run as one frame.
TEST(frame_defects, runs_of_a_power_of_two_take_and_give_back_just_that)
{
    for (size_t pages = 1; pages <= LARGEST; pages *= 2) {
        phys_t first;
        uint64_t before = free_now();
        if (!CHECK(frame_alloc(pages, 0, &first) == STATUS_OK))
            return;
        CHECK_EQUAL(before - free_now(), pages);
        frame_free(first, pages);
        if (!frame_policy->never_reuses)
            CHECK_EQUAL(free_now(), before);
    }
}

// It ignored the zone.
TEST(frame_defects, zones_are_kept)
{
    phys_t first;
    if (frame_alloc(3, FRAME_DMA, &first) != STATUS_OK)
        return; // there is no such memory here
    CHECK(first.raw + 3 * PAGE_SIZE <= ZONE_DMA_END * PAGE_SIZE);
    frame_free(first, 3);
}

// It knew of no frame larger than 4 KiB.
TEST(frame_defects, large_frames_are_aligned)
{
    phys_t first;
    if (!CHECK(frame_alloc(FRAME_BLOCK, FRAME_ALIGNED, &first) == STATUS_OK))
        return;
    CHECK(is_aligned(first.raw, FRAME_BLOCK * PAGE_SIZE));
    frame_free(first, FRAME_BLOCK);
}
