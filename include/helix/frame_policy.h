// SPDX-License-Identifier: MIT
// frame_policy.h: what a frame allocator is, for those who write one. Everybody else includes frames.h.
//
// The framework (kernel/memory/frames.c) owns the frame database, the per-CPU cache, reference counts and statistics; the policy
// answers where free memory is. Double frees and foreign addresses are caught by the framework before the policy sees them.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <helix/frames.h>

enum { FRAME_POLICY_ABI = 2, BUDDY_MAX_ORDER = 11 }; // orders 0…11: 4 KiB … 8 MiB

struct frame_policy {
    const char *name;

    // Once, thread context: memory that the policy may need for itself, in bytes, to manage physical frames [0, frames).
    uint64_t (*overhead)(uint64_t frames);

    // Once: `memory` has overhead() zeroed bytes; `database` has one struct frame per frame number.
    enum status (*attach)(void *memory, struct frame *database, uint64_t frames);

    // The frames lock is held, preemption off. Must not allocate or sleep. `below` is where a zone ends (ZONE_DMA_END,
    // ZONE_DMA32_END, ZONE_NORMAL_END): the answer lies below it, and as high among the zones as there is room.
    void (*add)(uint64_t first, uint64_t count); // a free run: all in one zone
    // `count` >= 1 consecutive frames, the first a multiple of `alignment` (a power of two).
    enum status (*allocate)(uint64_t count, uint64_t alignment, uint64_t below, uint64_t *first);
    uint32_t (*take)(uint32_t *numbers, uint32_t count); // up to `count` single frames of any zone; how many
    void (*release)(uint64_t first, uint64_t count);     // any part of what was allocated or taken
    uint64_t (*free_count)(void);
    uint64_t (*free_in_zone)(enum memory_zone zone);
    uint64_t (*largest_free)(void); // largest count that allocate() can serve
};
