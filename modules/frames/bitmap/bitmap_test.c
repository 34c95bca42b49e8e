// SPDX-License-Identifier: MIT
// bitmap_test.c: the policy, called as the framework calls it, on frames that exist only as numbers.
// Its state is put aside meanwhile, with preemption off, since it may be the one that this kernel runs on.

#include "bitmap.h"

#include <lib/bitmap.h>
#include <lib/string.h>

#include <helix/frame_policy.h>
#include <helix/module.h>
#include <helix/preempt.h>
#include <helix/test.h>

enum { FRAMES = 3 * 4096 }; // the first zone and twice as much of the second

static struct frame database[FRAMES];
static uint64_t own_memory[BITMAP_WORDS(FRAMES)];
static uint64_t taken[BITMAP_WORDS(FRAMES)]; // what the test holds

static struct bitmap aside;

static const struct frame_policy *policy_begin(void)
{
    const struct frame_policy *policy = module_find("frame_policy", "bitmap")->ops;
    preempt_disable();
    aside = bitmap;
    memset(database, 0, sizeof database);
    memset(own_memory, 0, sizeof own_memory);
    memset(taken, 0, sizeof taken);
    CHECK(policy->overhead(FRAMES) <= sizeof own_memory);
    CHECK(policy->attach(own_memory, database, FRAMES) == STATUS_OK);
    return policy;
}

static void policy_end(void)
{
    bitmap = aside;
    preempt_enable();
}

// With all frames but the first, in a run for each zone.
static const struct frame_policy *policy_begin_full(void)
{
    const struct frame_policy *policy = policy_begin();
    policy->add(1, ZONE_DMA_END - 1);
    policy->add(ZONE_DMA_END, FRAMES - ZONE_DMA_END);
    return policy;
}

// Notes the run as the test's; false if part of it was the test's already, or lies outside.
static bool hold(uint64_t first, uint64_t count)
{
    if (first + count > FRAMES || bitmap_find_set(taken, first + count, first) != first + count)
        return false;
    bitmap_set_run(taken, first, count);
    return true;
}

TEST(bitmap_frames, hands_out_every_frame_once_and_then_refuses)
{
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first, count = 0, twice = 0;
    while (policy->allocate(1, ZONE_NORMAL_END, &first) == STATUS_OK) {
        twice += !hold(first, 1);
        count++;
    }
    uint64_t free = policy->free_count(), largest = policy->largest_free();
    for (uint64_t number = 1; number < FRAMES; number++)
        policy->release(number, 1);
    uint64_t back = policy->free_count();
    policy_end();
    CHECK_EQUAL(count, FRAMES - 1);
    CHECK_EQUAL(twice, 0);
    CHECK(free == 0 && largest == 0);
    CHECK_EQUAL(back, FRAMES - 1);
}

TEST(bitmap_frames, takes_single_frames_in_batches_from_all_zones)
{
    const struct frame_policy *policy = policy_begin_full();
    uint32_t numbers[29], got;
    uint64_t count = 0, twice = 0;
    while ((got = policy->take(numbers, 29))) {
        for (uint32_t i = 0; i < got; i++)
            twice += !hold(numbers[i], 1);
        count += got;
    }
    uint64_t free = policy->free_count();
    policy_end();
    CHECK_EQUAL(count, FRAMES - 1);
    CHECK_EQUAL(twice, 0);
    CHECK_EQUAL(free, 0);
}

TEST(bitmap_frames, keeps_below_the_zone_asked_for)
{
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first = 0, high = 0, none = 77;
    bool low_enough = true;
    for (uint64_t i = 0; i < (ZONE_DMA_END - 1) / 64; i++)
        low_enough &= policy->allocate(64, ZONE_DMA_END, &first) == STATUS_OK && first + 64 <= ZONE_DMA_END && hold(first, 64);
    enum status refused = policy->allocate(64, ZONE_DMA_END, &none);
    uint64_t dma_free = policy->free_in_zone(ZONE_DMA);
    bool other = policy->allocate(64, ZONE_DMA32_END, &high) == STATUS_OK && high >= ZONE_DMA_END;
    policy_end();
    CHECK(low_enough && other);
    CHECK(refused == STATUS_NO_MEMORY && none == 77);
    CHECK_EQUAL(dma_free, 63);
}

TEST(bitmap_frames, spares_the_lowest_zone_while_there_is_another)
{
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first;
    uint32_t numbers[8];
    bool spared = policy->allocate(5, ZONE_NORMAL_END, &first) == STATUS_OK && first >= ZONE_DMA_END;
    uint32_t got = policy->take(numbers, 8);
    for (uint32_t i = 0; i < got; i++)
        spared &= numbers[i] >= ZONE_DMA_END;
    policy_end();
    CHECK(spared && got == 8);
}

TEST(bitmap_frames, refuses_a_run_when_memory_is_in_fragments)
{
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first;
    while (policy->allocate(1, ZONE_NORMAL_END, &first) == STATUS_OK)
        ;
    for (uint64_t number = 2; number < FRAMES; number += 2)
        policy->release(number, 1);
    uint64_t free = policy->free_count(), largest = policy->largest_free();
    enum status two = policy->allocate(2, ZONE_NORMAL_END, &first);
    for (uint64_t number = 1; number < FRAMES; number += 2)
        policy->release(number, 1);
    enum status large = policy->allocate(2048, ZONE_NORMAL_END, &first);
    policy_end();
    CHECK_EQUAL(free, FRAMES / 2 - 1);
    CHECK_EQUAL(largest, 1);
    CHECK(two == STATUS_NO_MEMORY);
    CHECK(large == STATUS_OK); // the fragments have come together again
}

TEST(bitmap_frames, accounts_exactly_through_random_requests)
{
    const struct frame_policy *policy = policy_begin_full();
    struct {
        uint64_t first, count;
    } held[64] = {};
    uint32_t seed = 7;
    uint64_t used = 0, wrong = 0;
    for (int step = 0; step < 5000; step++) {
        seed = seed * 1'664'525 + 1'013'904'223;
        size_t slot = seed >> 26;
        uint64_t want = 1 + (seed >> 8) % ((seed & 7) ? 20 : 600);
        if (held[slot].count) {
            policy->release(held[slot].first, held[slot].count);
            bitmap_clear_run(taken, held[slot].first, held[slot].count);
            used -= held[slot].count;
            held[slot].count = 0;
        } else if (policy->allocate(want, ZONE_NORMAL_END, &held[slot].first) == STATUS_OK) {
            wrong += !hold(held[slot].first, want);
            held[slot].count = want;
            used += want;
        }
        wrong += policy->free_count() != FRAMES - 1 - used;
        wrong += policy->free_in_zone(ZONE_DMA) + policy->free_in_zone(ZONE_DMA32) != policy->free_count();
    }
    for (size_t slot = 0; slot < ARRAY_LENGTH(held); slot++) {
        if (held[slot].count)
            policy->release(held[slot].first, held[slot].count);
    }
    uint64_t end = policy->free_count();
    uint64_t first = 0;
    enum status whole = policy->allocate(2048, ZONE_DMA_END, &first);
    policy_end();
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(end, FRAMES - 1);
    CHECK(whole == STATUS_OK);
}

TEST(bitmap_frames, takes_back_any_part_of_a_run)
{
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first = 0, free = 0;
    bool got = policy->allocate(100, ZONE_NORMAL_END, &first) == STATUS_OK;
    policy->release(first + 33, 50);
    free = policy->free_count();
    policy->release(first, 33);
    policy->release(first + 83, 17);
    uint64_t end = policy->free_count();
    policy_end();
    CHECK(got);
    CHECK_EQUAL(free, FRAMES - 1 - 50);
    CHECK_EQUAL(end, FRAMES - 1);
}

TEST(bitmap_frames, hands_out_runs_larger_than_any_power_of_two_block)
{
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first = 0;
    uint64_t largest = policy->largest_free();
    bool got = policy->allocate(5000, ZONE_NORMAL_END, &first) == STATUS_OK;
    policy_end();
    CHECK_EQUAL(largest, FRAMES - ZONE_DMA_END);
    CHECK(got && first == ZONE_DMA_END);
}
