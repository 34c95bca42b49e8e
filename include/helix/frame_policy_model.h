// SPDX-License-Identifier: MIT
// frame_policy_model.h: a frame policy against a naive model, an array that says who has each frame, by seeded random requests. Included
// by frame_policy_test.h, whose database and policy_begin_full() it uses.
#pragma once

enum { MODEL_OWNERS = 400 };

extern uint64_t frame_model_steps; // requests for each policy; ./unit reads it from the environment, for longer runs

static struct {
    uint16_t owner[FRAMES]; // 0: nobody; FRAMES_NOT_OURS: never the policy's
    struct {
        uint64_t first, count;
    } runs[MODEL_OWNERS + 1];
    uint64_t free[ZONES];
    uint64_t seed;
    uint64_t wrong;
} model;

enum : uint16_t { FRAMES_NOT_OURS = UINT16_MAX };

static inline uint64_t model_random(uint64_t below)
{
    model.seed = model.seed * 6'364'136'223'846'793'005ull + 1'442'695'040'888'963'407ull;
    return (model.seed >> 33) % below;
}

static inline void model_own(uint64_t first, uint64_t count, uint16_t owner)
{
    for (uint64_t number = first; number < first + count; number++) {
        bool taking = owner != 0;
        if (number >= FRAMES || (model.owner[number] != 0) == taking || model.owner[number] == FRAMES_NOT_OURS) {
            model.wrong++;
            return;
        }
        model.owner[number] = owner;
        model.free[frame_zone(number)] += taking ? -1ull : 1;
    }
}

// Whether there is a free block of 2^n frames at a multiple of its size, large enough for the request wherever that must begin.
static inline bool model_has(uint64_t count, uint64_t alignment, uint64_t below)
{
    uint64_t size = 1;
    while (size < count + alignment - 1)
        size *= 2;
    for (uint64_t block = 0; block + size <= MIN(below, (uint64_t)FRAMES); block += size) {
        uint64_t free = 0;
        while (free < size && !model.owner[block + free])
            free++;
        if (free == size)
            return true;
    }
    return false;
}

static inline void model_allocate(const struct frame_policy *policy, uint16_t owner)
{
    static const uint64_t most[] = { 1, 1, 4, 20, 64, 600, 1100 };
    uint64_t count = 1 + model_random(most[model_random(ARRAY_LENGTH(most))]), alignment = 1, first = UINT64_MAX;
    if (!model_random(4)) {
        alignment = 1ull << model_random(11);
        count = model_random(2) ? alignment : count;
    }
    uint64_t below = model_random(8) ? ZONE_NORMAL_END : ZONE_DMA_END;
    if (policy->allocate(count, alignment, below, &first) != STATUS_OK) {
        model.wrong += first != UINT64_MAX || (count + alignment <= 2048 && model_has(count, alignment, below));
        return;
    }
    model.wrong += first % alignment != 0 || first + count > below;
    model_own(first, count, owner);
    model.runs[owner].first = first;
    model.runs[owner].count = count;
}

static inline void model_take(const struct frame_policy *policy)
{
    uint32_t numbers[32], want = 1 + (uint32_t)model_random(32);
    uint64_t free = model.free[ZONE_DMA] + model.free[ZONE_DMA32];
    uint32_t got = policy->take(numbers, want);
    model.wrong += got != MIN(want, free);
    for (uint32_t i = 0; i < got; i++)
        model_own(numbers[i], 1, MODEL_OWNERS);
    uint32_t kept = (uint32_t)model_random(got + 1); // given back in another order
    for (uint32_t i = 0; i < got; i++) {
        if (i >= kept)
            model_own(numbers[i], 1, 0);
    }
    policy->give(numbers + kept, got - kept);
    for (uint32_t i = 0; i < kept; i++)
        model_own(numbers[i], 1, 0);
    policy->give(numbers, kept);
}

static inline void model_release(const struct frame_policy *policy, uint16_t owner)
{
    uint64_t first = model.runs[owner].first, count = model.runs[owner].count;
    uint64_t part = model_random(3) ? count : 1 + model_random(count); // from either end
    uint64_t at = model_random(2) ? first : first + count - part;
    model_own(at, part, 0);
    policy->release(at, part);
    model.runs[owner].first = at == first ? first + part : first;
    model.runs[owner].count = count - part;
}

static inline void model_compare(const struct frame_policy *policy)
{
    uint64_t free = 0;
    for (unsigned zone = 0; zone <= ZONE_NORMAL; zone++) {
        free += model.free[zone];
        model.wrong += *policy->free[zone] != model.free[zone];
    }
    model.wrong += frame_policy_free(policy) != free;
}

// Phases in which memory fills up and empties follow each other.
static inline void model_run(const struct frame_policy *policy, uint64_t steps)
{
    for (uint64_t step = 0; step < steps && !model.wrong; step++) {
        uint16_t owner = (uint16_t)(1 + model_random(MODEL_OWNERS - 1));
        bool filling = step / 512 % 2;
        if (!model_random(8))
            model_take(policy);
        else if (!model.runs[owner].count)
            model_allocate(policy, owner);
        else if (!filling || !model_random(4))
            model_release(policy, owner);
        model_compare(policy);
    }
    for (uint16_t owner = 1; owner < MODEL_OWNERS; owner++) {
        while (model.runs[owner].count)
            model_release(policy, owner);
    }
}

static inline void frame_policy_agrees_with_an_array_of_owners(void)
{
    uint64_t blocks = 0, first;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        const struct frame_policy *policy = policy_begin_full();
        memset(&model, 0, sizeof model);
        model.owner[0] = FRAMES_NOT_OURS;
        model.free[ZONE_DMA] = ZONE_DMA_END - 1;
        model.free[ZONE_DMA32] = FRAMES - ZONE_DMA_END;
        model.seed = seed;
        model_run(policy, frame_model_steps / 4);
        model_compare(policy);
        for (blocks = 0; policy->allocate(512, 512, ZONE_NORMAL_END, &first) == STATUS_OK; blocks++)
            ;
        policy_end();
        CHECK_EQUAL(model.wrong, 0);
        CHECK_EQUAL(blocks, FRAMES / 512 - 1); // every frame of 2 MiB is whole again
    }
}
