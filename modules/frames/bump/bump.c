// SPDX-License-Identifier: MIT
// bump.c: a frame policy that hands out memory from below and never takes it back.
//
// Purpose     The shortest allocator there is: for measuring what the others cost, and for systems that only ever start.
// How         Each piece of memory has a number below which everything has been handed out. What is released stays so: the framework
//             counts it as lost. Single frames come back all the same as long as they fit into a CPU's cache.
// Invariants  A zone's `free` is the sum of its runs. Runs lie in one zone each.
// Locks       None of its own: the frames lock is held around every call.
// Cost        A look at each of at most BUMP_RUNS runs. A request that leaves a gap for its alignment makes the gap a run of its own
//             while there is room for one in the table, and loses it otherwise.

#include <helix/frame_policy.h>
#include <helix/module.h>

#include "bump.h"

struct bump bump;

static uint64_t bump_overhead(struct frame_range range)
{
    return 0;
}

static enum status bump_attach(void *memory, struct frame *database, struct frame_range range)
{
    bump = (struct bump){};
    return STATUS_OK;
}

// An empty row, or a new one. nullptr: the table is full.
static struct bump_run *run_row(void)
{
    for (uint32_t i = 0; i < bump.run_count; i++) {
        if (bump.runs[i].next == bump.runs[i].end)
            return &bump.runs[i];
    }
    return bump.run_count < BUMP_RUNS ? &bump.runs[bump.run_count++] : nullptr;
}

static void bump_add(uint64_t first, uint64_t count)
{
    struct bump_run *run = count ? run_row() : nullptr;
    if (!run)
        return;
    *run = (struct bump_run){ first, first + count };
    bump.free[frame_zone(first)] += count;
}

static void bump_release(uint64_t first, uint64_t count)
{
}

static void bump_give(const uint32_t *numbers, uint32_t count)
{
}

// The rest of the run begins behind what was taken; what lies before it is a run again, if there is a row for it.
static void run_cut(struct bump_run *run, uint64_t first, uint64_t count)
{
    uint64_t gap_first = run->next, gap = first - gap_first;
    bump.free[frame_zone(first)] -= gap + count;
    run->next = first + count;
    bump_add(gap_first, gap);
}

static struct bump_run *run_with(uint64_t count, uint64_t alignment, enum memory_zone zone)
{
    for (uint32_t i = 0; i < bump.run_count; i++) {
        struct bump_run *run = &bump.runs[i];
        uint64_t first = align_up(run->next, alignment);
        if (run->next < run->end && first < run->end && run->end - first >= count && frame_zone(run->next) == zone)
            return run;
    }
    return nullptr;
}

static enum status bump_allocate(uint64_t count, uint64_t alignment, uint64_t below, uint64_t *first)
{
    for (int zone = frame_zone_below(below); zone >= ZONE_DMA; zone--) {
        struct bump_run *run = run_with(count, alignment, (enum memory_zone)zone);
        if (run) {
            *first = align_up(run->next, alignment);
            run_cut(run, *first, count);
            return STATUS_OK;
        }
    }
    return STATUS_NO_MEMORY;
}

static uint32_t bump_take(uint32_t *numbers, uint32_t count)
{
    uint32_t taken = 0;
    uint64_t first;
    while (taken < count && bump_allocate(1, 1, ZONE_NORMAL_END, &first) == STATUS_OK)
        numbers[taken++] = (uint32_t)first;
    return taken;
}

static void bump_count_runs(struct frame_runs *runs)
{
    for (uint32_t i = 0; i < bump.run_count; i++) {
        uint64_t count = bump.runs[i].end - bump.runs[i].next;
        if (!count)
            continue;
        runs->runs[frame_run_row(count)]++;
        runs->largest = MAX(runs->largest, count);
    }
}

static const struct frame_policy bump_policy = {
    .name = "bump",
    .never_reuses = true,
    .overhead = bump_overhead,
    .attach = bump_attach,
    .add = bump_add,
    .allocate = bump_allocate,
    .take = bump_take,
    .release = bump_release,
    .give = bump_give,
    .free = { &bump.free[ZONE_DMA], &bump.free[ZONE_DMA32], &bump.free[ZONE_NORMAL] },
    .count_runs = bump_count_runs,
};

MODULE(bump, .version = "1.0.0", .description = "frames that are handed out once", .provides = "frame_policy", .abi = FRAME_POLICY_ABI,
       .ops = &bump_policy);
