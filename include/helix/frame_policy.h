// SPDX-License-Identifier: MIT
// frame_policy.h: what a frame allocator is, for those who write one. Everybody else includes frames.h.
//
// The framework (kernel/memory/frames/frames.c) owns the frame database, the per-CPU caches, reference counts and statistics; the policy
// answers where free memory is. Double frees and foreign addresses are caught by the framework before the policy sees them.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <helix/frames.h>

enum { FRAME_POLICY_ABI = 4, BUDDY_MAX_ORDER = 11 };           // orders 0…11: 4 KiB … 8 MiB
enum : uint64_t { FRAME_ALIGNMENT_MAX = 1 * GIB / PAGE_SIZE }; // of a run

// Frame numbers that a policy manages: [first, limit). `first` is a multiple of the largest block of a buddy.
struct frame_range {
    uint64_t first, limit;
};

struct frame_policy {
    const char *name;
    bool concurrent;   // needs no lock around its functions: they may run on several CPUs at once
    bool never_reuses; // what is released is never handed out again

    // Once, thread context: memory that the policy needs for itself, in bytes.
    uint64_t (*overhead)(struct frame_range range);

    // Once: `memory` has overhead() zeroed bytes; database[n] is the struct frame of number n, of which the policy may use `link`
    // and `count` while the frame is its own. Nothing has initialised them.
    enum status (*attach)(void *memory, struct frame *database, struct frame_range range);

    // Preemption is off, and the frames lock is held unless `concurrent`; so it is where `free` is read. Must not allocate or sleep.
    void (*add)(uint64_t first, uint64_t count); // a free run: all in one zone

    // `count` >= 1 consecutive frames, the first a multiple of `alignment` (a power of two up to FRAME_ALIGNMENT_MAX). `below` is where a zone ends
    // (ZONE_DMA_END, ZONE_DMA32_END, ZONE_NORMAL_END): the answer lies below it, and as high among the zones as there is room.
    enum status (*allocate)(uint64_t count, uint64_t alignment, uint64_t below, uint64_t *first);
    uint32_t (*take)(uint32_t *numbers, uint32_t count);   // up to `count` single frames of any zone; how many
    void (*release)(uint64_t first, uint64_t count);       // any part of what was allocated or taken, all in one zone
    void (*give)(const uint32_t *numbers, uint32_t count); // the same for single frames

    const uint64_t *free[ZONE_NORMAL + 1];       // where it counts the free frames of each zone
    void (*count_runs)(struct frame_runs *runs); // fills all but `policy`; it is zeroed
};

static inline uint64_t frame_policy_free(const struct frame_policy *policy)
{
    return *policy->free[ZONE_DMA] + *policy->free[ZONE_DMA32] + *policy->free[ZONE_NORMAL];
}

// For policies that work with indices in place of numbers: index 0, so that both have the same alignment.
static inline uint64_t frame_range_base(struct frame_range range)
{
    return align_down(range.first, FRAME_ALIGNMENT_MAX);
}

// The part of the range that is in the zone, which may be empty.
static inline struct frame_range frame_range_in_zone(struct frame_range range, enum memory_zone zone)
{
    static const uint64_t bounds[] = { 0, ZONE_DMA_END, ZONE_DMA32_END, ZONE_NORMAL_END };
    return (struct frame_range){ MIN(MAX(bounds[zone], range.first), range.limit), MAX(MIN(bounds[zone + 1], range.limit), range.first) };
}

// The zone of a frame number below ZONE_NORMAL_END.
static inline enum memory_zone frame_zone(uint64_t number)
{
    return number < ZONE_DMA_END ? ZONE_DMA : number < ZONE_DMA32_END ? ZONE_DMA32 : ZONE_NORMAL;
}

// The uppermost zone that ends at or below `below`.
static inline enum memory_zone frame_zone_below(uint64_t below)
{
    return below <= ZONE_DMA_END ? ZONE_DMA : below <= ZONE_DMA32_END ? ZONE_DMA32 : ZONE_NORMAL;
}

// The row of frame_runs for a run of `count` >= 1 frames.
static inline unsigned frame_run_row(uint64_t count)
{
    return MIN(63 - (unsigned)__builtin_clzll(count), FRAME_ORDERS - 1u);
}
