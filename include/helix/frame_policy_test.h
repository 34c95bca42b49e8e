// SPDX-License-Identifier: MIT
// frame_policy_test.h: what every frame policy must do, as test rows: the policy called as the framework calls it, on frames that
// exist only as numbers. Its state is put aside meanwhile, with preemption off, since it may be the one that this kernel runs on.
#pragma once

#include <lib/bitmap.h>
#include <lib/string.h>

#include <helix/frame_policy.h>
#include <helix/module.h>
#include <helix/preempt.h>
#include <helix/test.h>

enum { FRAMES = 3 * 4096 }; // the first zone and twice as much of the second

static struct frame database[FRAMES];
static uint64_t own_memory[1024];
static uint64_t taken[BITMAP_WORDS(FRAMES)]; // what the test holds

// The policy under test, and its state while the test has it.
static struct {
    const char *module;
    void *state;
    size_t size;
    char aside[4096];
} subject;

static inline const struct frame_policy *policy_begin(void)
{
    const struct frame_policy *policy = module_find("frame_policy", subject.module)->ops;
    preempt_disable();
    CHECK(subject.size <= sizeof subject.aside);
    memcpy(subject.aside, subject.state, subject.size);
    memset(database, 0xa5, sizeof database); // the framework promises nothing about it
    memset(own_memory, 0, sizeof own_memory);
    memset(taken, 0, sizeof taken);
    struct frame_range range = { 0, FRAMES };
    CHECK(policy->overhead(range) <= sizeof own_memory);
    CHECK(policy->attach(own_memory, database, range) == STATUS_OK);
    return policy;
}

static inline void policy_end(void)
{
    memcpy(subject.state, subject.aside, subject.size);
    preempt_enable();
}

// With all frames but the first, in a run for each zone.
static inline const struct frame_policy *policy_begin_full(void)
{
    const struct frame_policy *policy = policy_begin();
    policy->add(1, ZONE_DMA_END - 1);
    policy->add(ZONE_DMA_END, FRAMES - ZONE_DMA_END);
    return policy;
}

static inline uint64_t policy_largest(const struct frame_policy *policy)
{
    struct frame_runs runs = {};
    policy->count_runs(&runs);
    return runs.largest;
}

// Notes the run as the test's; false if part of it was the test's already, or lies outside.
static inline bool hold(uint64_t first, uint64_t count)
{
    if (first + count > FRAMES || bitmap_find_set(taken, first + count, first) != first + count)
        return false;
    bitmap_set_run(taken, first, count);
    return true;
}

static inline void frame_policy_hands_out_every_frame_once_and_then_refuses(void)
{
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first, count = 0, twice = 0;
    while (policy->allocate(1, 1, ZONE_NORMAL_END, &first) == STATUS_OK) {
        twice += !hold(first, 1);
        count++;
    }
    uint64_t free = frame_policy_free(policy), largest = policy_largest(policy);
    for (uint64_t number = 1; number < FRAMES; number++)
        policy->release(number, 1);
    uint64_t back = frame_policy_free(policy);
    policy_end();
    CHECK_EQUAL(count, FRAMES - 1);
    CHECK_EQUAL(twice, 0);
    CHECK(free == 0 && largest == 0);
    CHECK_EQUAL(back, FRAMES - 1);
}

static inline void frame_policy_takes_single_frames_in_batches_from_all_zones(void)
{
    const struct frame_policy *policy = policy_begin_full();
    uint32_t numbers[29], got;
    uint64_t count = 0, twice = 0;
    while ((got = policy->take(numbers, 29))) {
        for (uint32_t i = 0; i < got; i++)
            twice += !hold(numbers[i], 1);
        count += got;
    }
    uint64_t free = frame_policy_free(policy);
    policy_end();
    CHECK_EQUAL(count, FRAMES - 1);
    CHECK_EQUAL(twice, 0);
    CHECK_EQUAL(free, 0);
}

static inline void frame_policy_keeps_below_the_zone_asked_for(void)
{
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first = 0, high = 0, none = 77;
    bool low_enough = true;
    for (uint64_t i = 0; i < (ZONE_DMA_END - 1) / 64; i++)
        low_enough &= policy->allocate(64, 1, ZONE_DMA_END, &first) == STATUS_OK && first + 64 <= ZONE_DMA_END && hold(first, 64);
    enum status refused = policy->allocate(64, 1, ZONE_DMA_END, &none);
    uint64_t dma_free = *policy->free[ZONE_DMA];
    bool other = policy->allocate(64, 1, ZONE_DMA32_END, &high) == STATUS_OK && high >= ZONE_DMA_END;
    policy_end();
    CHECK(low_enough && other);
    CHECK(refused == STATUS_NO_MEMORY && none == 77);
    CHECK_EQUAL(dma_free, 63);
}

static inline void frame_policy_spares_the_lowest_zone_while_there_is_another(void)
{
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first;
    uint32_t numbers[8];
    bool spared = policy->allocate(5, 1, ZONE_NORMAL_END, &first) == STATUS_OK && first >= ZONE_DMA_END;
    uint32_t got = policy->take(numbers, 8);
    for (uint32_t i = 0; i < got; i++)
        spared &= numbers[i] >= ZONE_DMA_END;
    policy_end();
    CHECK(spared && got == 8);
}

static inline void frame_policy_aligns_runs_to_what_is_asked(void)
{
    const struct frame_policy *policy = policy_begin_full();
    size_t wrong = 0;
    for (uint64_t alignment = 1; alignment <= 4096; alignment *= 2) {
        static const uint64_t counts[] = { 1, 7, 64, 512 };
        for (size_t i = 0; i < ARRAY_LENGTH(counts) && wrong < 10; i++) {
            uint64_t first = 1, one;
            wrong += policy->allocate(1, 1, ZONE_NORMAL_END, &one) != STATUS_OK || !hold(one, 1); // so that nothing is aligned by itself
            bool got = policy->allocate(counts[i], alignment, ZONE_NORMAL_END, &first) == STATUS_OK;
            wrong += !got || first % alignment != 0 || !hold(first, counts[i]);
            if (got) {
                bitmap_clear_run(taken, first, counts[i]);
                policy->release(first, counts[i]);
            }
        }
    }
    uint64_t none = 77; // 0 is no frame of the policy's, and FRAMES is beyond
    enum status refused = policy->allocate(1, 16'384, ZONE_NORMAL_END, &none);
    policy_end();
    CHECK_EQUAL(wrong, 0);
    CHECK(refused == STATUS_NO_MEMORY && none == 77);
}

static inline void frame_policy_refuses_a_run_when_memory_is_in_fragments(void)
{
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first;
    while (policy->allocate(1, 1, ZONE_NORMAL_END, &first) == STATUS_OK)
        ;
    for (uint64_t number = 2; number < FRAMES; number += 2)
        policy->release(number, 1);
    uint64_t free = frame_policy_free(policy), largest = policy_largest(policy);
    enum status two = policy->allocate(2, 1, ZONE_NORMAL_END, &first);
    for (uint64_t number = 1; number < FRAMES; number += 2)
        policy->release(number, 1);
    enum status large = policy->allocate(2048, 1, ZONE_NORMAL_END, &first);
    policy_end();
    CHECK_EQUAL(free, FRAMES / 2 - 1);
    CHECK_EQUAL(largest, 1);
    CHECK(two == STATUS_NO_MEMORY);
    CHECK(large == STATUS_OK); // the fragments have come together again
}

static inline void frame_policy_accounts_exactly_through_random_requests(void)
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
        } else if (policy->allocate(want, 1, ZONE_NORMAL_END, &held[slot].first) == STATUS_OK) {
            wrong += !hold(held[slot].first, want);
            held[slot].count = want;
            used += want;
        }
        wrong += frame_policy_free(policy) != FRAMES - 1 - used;
        wrong += *policy->free[ZONE_DMA] + *policy->free[ZONE_DMA32] != frame_policy_free(policy);
    }
    for (size_t slot = 0; slot < ARRAY_LENGTH(held); slot++) {
        if (held[slot].count)
            policy->release(held[slot].first, held[slot].count);
    }
    uint64_t end = frame_policy_free(policy);
    uint64_t first = 0;
    enum status whole = policy->allocate(2048, 1, ZONE_DMA_END, &first);
    policy_end();
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(end, FRAMES - 1);
    CHECK(whole == STATUS_OK);
}

static inline void frame_policy_takes_back_any_part_of_a_run(void)
{
    const struct frame_policy *policy = policy_begin_full();
    uint64_t first = 0, free = 0;
    bool got = policy->allocate(100, 1, ZONE_NORMAL_END, &first) == STATUS_OK;
    policy->release(first + 33, 50);
    free = frame_policy_free(policy);
    policy->release(first, 33);
    policy->release(first + 83, 17);
    uint64_t end = frame_policy_free(policy);
    policy_end();
    CHECK(got);
    CHECK_EQUAL(free, FRAMES - 1 - 50);
    CHECK_EQUAL(end, FRAMES - 1);
}

#include <helix/frame_policy_model.h>

#define FRAME_POLICY_TEST(subject_, name_) \
    TEST(subject_, name_)                  \
    {                                      \
        subject_##_choose();               \
        frame_policy_##name_();            \
    }

// The rows that every policy has to pass: `subject_` names them, `state_` is all that the module keeps.
#define FRAME_POLICY_TESTS(subject_, module_, state_)                          \
    static void subject_##_choose(void)                                        \
    {                                                                          \
        subject.module = module_;                                              \
        subject.state = &(state_);                                             \
        subject.size = sizeof(state_);                                         \
    }                                                                          \
    FRAME_POLICY_TEST(subject_, hands_out_every_frame_once_and_then_refuses)   \
    FRAME_POLICY_TEST(subject_, takes_single_frames_in_batches_from_all_zones) \
    FRAME_POLICY_TEST(subject_, keeps_below_the_zone_asked_for)                \
    FRAME_POLICY_TEST(subject_, spares_the_lowest_zone_while_there_is_another) \
    FRAME_POLICY_TEST(subject_, aligns_runs_to_what_is_asked)                  \
    FRAME_POLICY_TEST(subject_, refuses_a_run_when_memory_is_in_fragments)     \
    FRAME_POLICY_TEST(subject_, accounts_exactly_through_random_requests)      \
    FRAME_POLICY_TEST(subject_, agrees_with_an_array_of_owners)                \
    FRAME_POLICY_TEST(subject_, takes_back_any_part_of_a_run)                  \
    static_assert(sizeof(state_) <= sizeof subject.aside)
