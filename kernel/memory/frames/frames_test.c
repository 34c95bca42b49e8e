// SPDX-License-Identifier: MIT
// frames_test.c: frames as their users see them, with the profile's policy behind them.

#include <helix/frames.h>

#include <lib/string.h>

#include <helix/cpu.h>
#include <helix/frame_cache.h>
#include <helix/frame_policy.h>
#include <helix/memory.h>
#include <helix/test.h>

uint64_t frame_model_steps = 16'000; // of frame_policy_model.h

static bool balanced(const struct frame_statistics *statistics)
{
    uint64_t total = 0, free = 0;
    for (unsigned zone = 0; zone < ZONES; zone++) {
        total += statistics->zone[zone].total;
        free += statistics->zone[zone].free;
        if (statistics->zone[zone].free > statistics->zone[zone].total)
            return false;
    }
    return total == statistics->total && free == statistics->free;
}

static uint64_t free_now(void)
{
    struct frame_statistics statistics;
    frames_statistics(&statistics);
    CHECK(balanced(&statistics));
    return statistics.free;
}

REUSE_TEST(frames, are_counted_one_by_one)
{
    enum { COUNT = 150 }; // more than a CPU's cache
    static phys_t frames[COUNT];
    uint64_t before = free_now();
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(frame_alloc(1, 0, &frames[i]) == STATUS_OK);
        CHECK_EQUAL(free_now(), before - i - 1);
    }
    for (size_t i = 0; i < COUNT; i++)
        frame_free(frames[i], 1);
    CHECK_EQUAL(free_now(), before);
}

TEST(frames, are_handed_out_once)
{
    enum { COUNT = 100 };
    static phys_t frames[COUNT];
    size_t twice = 0;
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(frame_alloc(1, 0, &frames[i]) == STATUS_OK);
        for (size_t j = 0; j < i; j++)
            twice += frames[j].raw == frames[i].raw;
    }
    CHECK_EQUAL(twice, 0);
    for (size_t i = 0; i < COUNT; i++)
        frame_free(frames[i], 1);
}

TEST(frames, come_zeroed_when_asked)
{
    phys_t first;
    CHECK(frame_alloc(2, 0, &first) == STATUS_OK);
    memset(direct_map(first), 0xa5, 2 * PAGE_SIZE);
    frame_free(first, 2);
    CHECK(frame_alloc(2, FRAME_ZEROED, &first) == STATUS_OK);
    const uint64_t *words = direct_map(first);
    uint64_t any = 0;
    for (size_t i = 0; i < 2 * PAGE_SIZE / 8; i++)
        any |= words[i];
    CHECK_EQUAL(any, 0);
    frame_free(first, 2);
}

TEST(frames, are_cleared_ahead_when_idle)
{
    uint64_t before = free_now();
    struct frame_statistics start, filled, end;
    for (int i = 0; i < 1000 && frames_idle(); i++)
        ;
    CHECK(!frames_idle()); // the pool is bounded
    frames_statistics(&filled);
    CHECK(filled.zeroed_free > 0 && filled.zeroed_free <= 64 * 64);
    CHECK_EQUAL(free_now(), before);
    start = filled;
    phys_t frame;
    CHECK(frame_alloc(1, FRAME_ZEROED, &frame) == STATUS_OK);
    frames_statistics(&end);
    CHECK_EQUAL(end.zeroed_hits + end.zeroed_misses, start.zeroed_hits + start.zeroed_misses + !PROFILE_FRAME_CHECKS);
    uint64_t any = 0;
    for (size_t i = 0; i < PAGE_SIZE / 8; i++)
        any |= ((const uint64_t *)direct_map(frame))[i];
    CHECK_EQUAL(any, 0);
    memset(direct_map(frame), 0xff, PAGE_SIZE);
    frame_free(frame, 1);
    frames_trim();
    CHECK_EQUAL(free_now(), before);
}

TEST(frames, go_back_zeroed_to_who_asks_for_zeros)
{
    uint64_t before = free_now();
    struct frame_statistics start, end;
    phys_t frame, again;
    frames_trim();
    CHECK(frame_alloc(1, FRAME_ZEROED, &frame) == STATUS_OK);
    frames_statistics(&start);
    frame_free_zeroed(frame);
    frames_statistics(&end);
    CHECK_EQUAL(end.zeroed_free, start.zeroed_free + !PROFILE_FRAME_CHECKS);
    CHECK_EQUAL(end.frees, start.frees + 1);
    CHECK_EQUAL(free_now(), before);
    CHECK(frame_alloc(1, FRAME_ZEROED, &again) == STATUS_OK);
    frames_statistics(&end);
    CHECK_EQUAL(end.zeroed_hits, start.zeroed_hits + !PROFILE_FRAME_CHECKS);
    CHECK(PROFILE_FRAME_CHECKS || again.raw == frame.raw);
    frame_free(again, 1);
    frames_trim();
    CHECK_EQUAL(free_now(), before);
}

// More of them than the pool holds: the rest are free like any others.
REUSE_TEST(frames, go_back_zeroed_beside_a_full_pool)
{
    enum { COUNT = FRAME_POOL_CAPACITY + 3 };
    static phys_t frames[COUNT];
    uint64_t before = free_now();
    struct frame_statistics statistics;
    for (int i = 0; i < COUNT; i++)
        CHECK(frame_alloc(1, FRAME_ZEROED, &frames[i]) == STATUS_OK);
    for (int i = 0; i < COUNT; i++)
        frame_free_zeroed(frames[i]);
    frames_statistics(&statistics);
    CHECK(statistics.zeroed_free <= (uint64_t)FRAME_POOL_CAPACITY * cpu_count());
    CHECK_EQUAL(free_now(), before);
    frames_trim();
    CHECK_EQUAL(free_now(), before);
}

REUSE_TEST(frames, come_aligned_to_their_size_when_asked)
{
    uint64_t before = free_now();
    phys_t first = { 42 };
    for (size_t pages = 1; pages <= 512; pages *= 2) {
        CHECK(frame_alloc(pages, FRAME_ALIGNED, &first) == STATUS_OK);
        CHECK_EQUAL(first.raw % (pages * PAGE_SIZE), 0);
        frame_free(first, pages);
    }
    first.raw = 42;
    CHECK(frame_alloc(3, FRAME_ALIGNED, &first) == STATUS_NO_MEMORY); // no power of two
    CHECK_EQUAL(first.raw, 42);
    CHECK_EQUAL(free_now(), before);
}

TEST(frames, of_tables_and_large_pages_are_in_use)
{
    uint64_t before = free_now();
    static const enum frame_state states[] = { FRAME_SLAB, FRAME_HEAP, FRAME_TABLE, FRAME_LARGE };
    for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
        phys_t frame;
        CHECK(frame_alloc(1, 0, &frame) == STATUS_OK);
        frame_of(frame)->state = states[i];
        if (i % 2)
            frame_free(frame, 1);
        else
            frame_release(frame);
        CHECK(frame_of(frame)->state == FRAME_FREE);
    }
    CHECK_EQUAL(free_now(), before);
}

REUSE_TEST(frames, come_in_runs_that_can_be_freed_in_parts)
{
    uint64_t before = free_now();
    phys_t first;
    CHECK(frame_alloc(13, 0, &first) == STATUS_OK);
    CHECK_EQUAL(free_now(), before - 13);
    for (size_t i = 0; i < 13; i++)
        CHECK(frame_of((phys_t){ first.raw + i * PAGE_SIZE })->state == FRAME_USED);
    frame_free(first, 5);
    frame_free((phys_t){ first.raw + 5 * PAGE_SIZE }, 1);
    frame_free((phys_t){ first.raw + 6 * PAGE_SIZE }, 7);
    CHECK_EQUAL(free_now(), before);
}

REUSE_TEST(frames, respect_the_zone_asked_for)
{
    phys_t low, low32;
    uint64_t before = free_now();
    struct frame_statistics statistics;
    frames_statistics(&statistics);
    if (statistics.zone[ZONE_DMA].total) {
        CHECK(frame_alloc(1, FRAME_DMA, &low) == STATUS_OK && low.raw < 16 * MIB);
        frame_free(low, 1);
    } else { // this machine's RAM begins above
        CHECK(frame_alloc(1, FRAME_DMA, &low) == STATUS_NO_MEMORY);
    }
    CHECK(frame_alloc(4, FRAME_DMA32, &low32) == STATUS_OK && low32.raw + 4 * PAGE_SIZE <= 4 * GIB);
    frame_free(low32, 4);
    CHECK_EQUAL(free_now(), before);
}

TEST(frames, live_as_long_as_somebody_shares_them)
{
    phys_t frame;
    uint64_t before = free_now();
    CHECK(frame_alloc(1, 0, &frame) == STATUS_OK);
    frame_retain(frame);
    frame_retain(frame);
    CHECK_EQUAL(frame_of(frame)->references, 3);
    frame_release(frame);
    frame_release(frame);
    CHECK_EQUAL(free_now(), before - 1);
    CHECK(frame_of(frame)->state == FRAME_USED);
    frame_release(frame);
    CHECK_EQUAL(free_now(), before);
    CHECK(frame_of(frame)->state == FRAME_FREE);
}

TEST(frames, are_published_as_code_until_somebody_writes_them)
{
    phys_t frame;
    CHECK(frame_alloc(1, 0, &frame) == STATUS_OK);
    struct frame *record = frame_of(frame);
    CHECK(!record->published);
    record->published = true;
    frame_written(frame);
    CHECK(!record->published && record->state == FRAME_USED && record->references == 1);
    frame_written(frame);
    CHECK(!record->published);
    record->published = true;
    frame_free(frame, 1);
    phys_t again;
    CHECK(frame_alloc(1, 0, &again) == STATUS_OK && !frame_of(again)->published);
    frame_free(again, 1);
    frame_written((phys_t){ UINT64_MAX & ~PAGE_MASK }); // no RAM: nothing to note
}

TEST(frames, refuse_what_is_too_much_or_nothing)
{
    struct frame_statistics before, after;
    phys_t untouched = { 42 };
    frames_statistics(&before);
    CHECK(frame_alloc(0, 0, &untouched) == STATUS_NO_MEMORY);
    CHECK(frame_alloc(before.total + 1, 0, &untouched) == STATUS_NO_MEMORY);
    CHECK(frame_alloc(SIZE_MAX, 0, &untouched) == STATUS_NO_MEMORY);
    CHECK(frame_alloc(17 * MIB / PAGE_SIZE, FRAME_DMA, &untouched) == STATUS_NO_MEMORY);
    CHECK_EQUAL(untouched.raw, 42);
    frames_statistics(&after);
    CHECK_EQUAL(after.free, before.free);
    CHECK_EQUAL(after.failures, before.failures + 4);
}

// Takes all that `flags` gets, in a chain through the frames themselves. Returns how many.
static uint64_t take_all(uint32_t flags, phys_t *chain)
{
    uint64_t count = 0;
    phys_t frame;
    while (frame_alloc(1, flags, &frame) == STATUS_OK) {
        *(phys_t *)direct_map(frame) = *chain;
        *chain = frame;
        count++;
    }
    return count;
}

static void give_all(phys_t chain)
{
    while (chain.raw) {
        phys_t next = *(phys_t *)direct_map(chain);
        frame_free(chain, 1);
        chain = next;
    }
}

REUSE_TEST(frames, keep_a_reserve_that_programs_cannot_take)
{
    phys_t programs = {}, kernel = {};
    memory_trim(); // or it would come back in the middle, as the pressure is told
    uint64_t before = free_now();
    take_all(FRAME_USER, &programs);
    CHECK(free_now() >= MIN(before / 128, 512));
    CHECK(frames_pressure() == PRESSURE_OUT_OF_MEMORY);
    CHECK(frame_alloc(2, FRAME_USER, &(phys_t){}) == STATUS_NO_MEMORY);
    uint64_t left = free_now();
    CHECK_EQUAL(take_all(0, &kernel), left);
    CHECK_EQUAL(free_now(), 0);
    give_all(kernel);
    give_all(programs);
    CHECK_EQUAL(free_now(), before);
    CHECK(frames_pressure() == PRESSURE_NORMAL);
}

TEST(frames, know_no_frame_beyond_memory)
{
    phys_t held;
    CHECK(frame_of((phys_t){ UINT64_MAX }) == nullptr);
    CHECK(frame_of((phys_t){ frame_map.limit * PAGE_SIZE }) == nullptr);
    if (!CHECK_EQUAL(frame_alloc(1, 0, &held), STATUS_OK))
        return;
    CHECK(frame_of(held) != nullptr);
    frame_free(held, 1);
}
