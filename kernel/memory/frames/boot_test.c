// SPDX-License-Identifier: MIT
// boot_test.c: which memory boot code gets, and what is left for the frame policy.
// Nothing here touches the memory it talks about, so it is safe in a running kernel, whose own pieces are long retired.

#include <helix/boot_info.h>
#include <helix/frame_policy.h>
#include <helix/test.h>

#include "../memory.h"

static struct boot_info machine;

static void machine_begin(void)
{
    machine = (struct boot_info){
        .memory_count = 4,
        .memory       = {
            { { 0x1000 }, 0x9e000, MEMORY_USABLE },
            { { 1 * MIB }, 31 * MIB, MEMORY_USABLE },
            { { 32 * MIB }, 1 * MIB, MEMORY_RESERVED },
            { { 4 * GIB - 1 * MIB }, 2 * MIB, MEMORY_USABLE },
        },
    };
}

struct left {
    uint64_t frames, runs, zones, last_end;
    bool ascending, split;
};

static void left_add(void *context, uint64_t first, uint64_t count)
{
    struct left *left = context;
    left->frames += count;
    left->runs++;
    left->zones |= 1u << frame_zone(first);
    left->ascending &= first >= left->last_end;
    left->split |= frame_zone(first) != frame_zone(first + count - 1);
    left->last_end = first + count;
}

static struct left retire(void)
{
    struct left left = { .ascending = true };
    boot_frames_retire(left_add, &left);
    return left;
}

TEST(boot_frames, prefer_memory_that_old_devices_cannot_reach)
{
    machine_begin();
    boot_frames_init(&machine, 0);
    phys_t first = {}, second = {};
    CHECK(boot_frames_take(1, &first) && boot_frames_take(2, &second));
    CHECK_EQUAL(first.raw, 16 * MIB);
    CHECK_EQUAL(second.raw, 16 * MIB + PAGE_SIZE);
    (void)retire();
}

TEST(boot_frames, fall_back_to_dma_then_low_memory_and_then_refuse)
{
    machine_begin();
    machine.memory_count = 2;
    boot_frames_init(&machine, 0);
    phys_t at = {};
    CHECK(boot_frames_take(16 * MIB / PAGE_SIZE, &at) && at.raw == 16 * MIB);
    CHECK(boot_frames_take(15 * MIB / PAGE_SIZE, &at) && at.raw == 1 * MIB);
    CHECK(boot_frames_take(0x9e, &at) && at.raw == 0x1000);
    CHECK(!boot_frames_take(1, &at));
    CHECK_EQUAL(at.raw, 0x1000);
    CHECK_EQUAL(retire().frames, 0);
}

TEST(boot_frames, leave_everything_else_in_runs_of_one_zone)
{
    machine_begin();
    boot_frames_init(&machine, 0);
    phys_t at;
    CHECK(boot_frames_take(3, &at));
    uint64_t first, end;
    boot_frames_extent(&first, &end);
    CHECK_EQUAL(first, 1);
    CHECK_EQUAL(end, (4 * GIB + 1 * MIB) / PAGE_SIZE);
    struct left left = retire();
    CHECK_EQUAL(left.frames, 0x9e + (31 + 2) * MIB / PAGE_SIZE - 3);
    CHECK_EQUAL(left.runs, 5);
    CHECK_EQUAL(left.zones, 1 << ZONE_DMA | 1 << ZONE_DMA32 | 1 << ZONE_NORMAL);
    CHECK(left.ascending && !left.split);
}

TEST(boot_frames, leave_out_what_lies_too_far_away)
{
    machine_begin();
    boot_frames_init(&machine, 0);
    uint64_t first, end, far_first, far_end;
    boot_frames_extent(&first, &end);
    machine.memory[machine.memory_count++] = (struct memory_range){ .start = { 1ull << 39 }, .size = MIB, .kind = MEMORY_USABLE };
    boot_frames_init(&machine, 0);
    boot_frames_extent(&far_first, &far_end);
    CHECK_EQUAL(far_first, first);
    CHECK_EQUAL(far_end, end);
    machine.memory_count--;
}

TEST(boot_frames, honour_the_limit_of_the_profile)
{
    machine_begin();
    boot_frames_init(&machine, 8 * MIB);
    CHECK_EQUAL(retire().frames, 8 * MIB / PAGE_SIZE);
    uint64_t first, end;
    boot_frames_extent(&first, &end);
    CHECK(end <= 9 * MIB / PAGE_SIZE);
}

TEST(boot_frames, hand_out_nothing_after_they_are_retired)
{
    machine_begin();
    boot_frames_init(&machine, 0);
    (void)retire();
    phys_t at = { 7 };
    CHECK(!boot_frames_take(1, &at));
    CHECK_EQUAL(at.raw, 7);
}
