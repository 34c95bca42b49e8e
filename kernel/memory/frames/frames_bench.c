// SPDX-License-Identifier: MIT
// frames_bench.c: what single frames cost beyond a CPU's cache, in an almost empty and an almost full memory of fragments.

#include <helix/bench.h>

#include <helix/frames.h>
#include <helix/heap.h>

enum { FRAMES = 256, RUNS = 20 };

// All that is held hangs on a chain through `count` of the struct frames, which is its owner's.
struct fill {
    uint64_t held; // number of the first, 0: none
    phys_t frames[FRAMES];
    bool failed;
};

static void held_add(struct fill *fill, phys_t frame)
{
    frame_of(frame)->count = fill->held;
    fill->held = frame.raw >> PAGE_SHIFT;
}

static void held_free(struct fill *fill)
{
    while (fill->held) {
        phys_t frame = { fill->held << PAGE_SHIFT };
        fill->held = frame_of(frame)->count;
        frame_free(frame, 1);
    }
}

// Takes `most` of 100 frames, of which it gives all but `least` back, at random: what is free then lies in fragments.
static enum status fill_prepare(void **state, uint32_t most, uint32_t least)
{
    uint64_t total, free, seed = 1;
    struct fill *fill = heap_alloc_zeroed(1, sizeof *fill), given_back = {};
    if (!fill)
        return STATUS_NO_MEMORY;
    frames_count(&total, &free);
    phys_t frame;
    for (uint64_t left = total / 100 * most; left && frame_alloc(1, 0, &frame) == STATUS_OK; left--) {
        seed = seed * 6'364'136'223'846'793'005ull + 1'442'695'040'888'963'407ull;
        held_add((seed >> 33) % most < least ? fill : &given_back, frame);
    }
    held_free(&given_back);
    *state = fill;
    return STATUS_OK;
}

static enum status fill_5(void **state)
{
    return fill_prepare(state, 10, 5);
}

static enum status fill_95(void **state)
{
    return fill_prepare(state, 98, 95);
}

static enum status fill_finish(void *state)
{
    struct fill *fill = state;
    bool failed = fill->failed;
    held_free(fill);
    heap_free(fill);
    return failed ? STATUS_NO_MEMORY : STATUS_OK;
}

// A pair is two operations far apart: all are taken, then all are given back, every other one first.
static void far_pairs(void *state, uint32_t operations)
{
    struct fill *fill = state;
    uint32_t got = 0;
    while (got < operations && frame_alloc(1, 0, &fill->frames[got]) == STATUS_OK)
        got++;
    fill->failed |= got < operations;
    for (uint32_t i = 0; i < got; i += 2)
        frame_free(fill->frames[i], 1);
    for (uint32_t i = 1; i < got; i += 2)
        frame_free(fill->frames[i], 1);
}

static void run_pairs(void *state, uint32_t operations)
{
    struct fill *fill = state;
    phys_t first;
    while (operations--) {
        if (frame_alloc(4, 0, &first) == STATUS_OK)
            frame_free(first, 4);
        else
            fill->failed = true;
    }
}

#define FILLED(identifier_, name_, prepare_, batch_, run_)                                                                \
    BENCHMARK(identifier_, name_, .category = "memory", .rounds = 100, .batch = batch_, .prepare = prepare_, .run = run_, \
              .finish = fill_finish)
FILLED(far_5, "allocator.frame_far_pair_5_percent_full", fill_5, FRAMES, far_pairs);
FILLED(far_95, "allocator.frame_far_pair_95_percent_full", fill_95, FRAMES, far_pairs);
FILLED(run_5, "allocator.frame_run_4_pair_5_percent_full", fill_5, RUNS, run_pairs);
FILLED(run_95, "allocator.frame_run_4_pair_95_percent_full", fill_95, RUNS, run_pairs);
