// SPDX-License-Identifier: MIT
// protect.c: mprotect and pkey_mprotect: parts of regions that change their access, with as few regions as that leaves.
//
// The usual range lies in one region. If it begins (or ends) where the region does and the neighbour there has the access already,
// the border between the two moves and nothing is allocated; toggling one page next to its like thus goes back and forth between the two.
#include "space.h"

#include <arch/keys.h>

#include <helix/frames.h>

struct protect {
    uint64_t from, to;
    uint32_t access;
    uint32_t kept; // of a region's own access: PAGE_KEYS or nothing
};

// What a region's part of the range is to become.
static inline uint32_t access_wanted(const struct protect *protect, const struct region *region)
{
    return protect->access | (region->access & protect->kept);
}

static enum status protect_check_region(struct space *space, const struct protect *protect, const struct region *region, uint64_t *data)
{
    uint32_t flags = region_flags(region);
    uint64_t size = MIN(region->end, protect->to) - MAX(region->start, protect->from);
    if (protect->access & PAGE_WRITE && flags & REGION_NO_WRITE)
        return STATUS_DENIED;
    if (!region_needs_promise(region->access, flags) && region_needs_promise(protect->access, flags) && !frames_promise_allowed(size))
        return STATUS_NO_MEMORY;
    if (!region_is_data(region->access, flags) && region_is_data(protect->access, flags)) {
        *data += size;
        if (*data > space->limit_data || space->data > space->limit_data - *data)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

// How far from its start the range can change: up to a hole or a region that refuses, for *refusal. What is asked about memory for
// splits is asked later. `region` is the first.
static uint64_t protect_reach(struct space *space, const struct protect *protect, const struct region *region, enum status *refusal)
    MUST_HOLD(space->lock)
{
    uint64_t reached = protect->from, data = 0;
    for (; reached < protect->to; region = region_next(region)) {
        *refusal = region && region->start <= reached ? protect_check_region(space, protect, region, &data) : STATUS_NO_MEMORY;
        if (*refusal != STATUS_OK)
            return reached;
        reached = region->end;
    }
    return protect->to;
}

// Pages lose the right to be written and get it back at their next write, which knows whether they are shared.
static void protect_pages(struct space *space, const struct region *region, uint64_t from, uint64_t to, uint32_t access)
    MUST_HOLD(space->lock)
{
    if (region_holds_pages(region))
        arch_space_protect(&space->arch, (virt_t){ from }, (virt_t){ to }, access_before_write(access));
}

static void protect_region(struct space *space, struct region *region, uint32_t access) MUST_HOLD(space->lock)
{
    if (region->access == access)
        return;
    protect_pages(space, region, region->start, region->end, access);
    space_account(space, region, -(int64_t)region_size(region));
    region->access = access;
    space_account(space, region, (int64_t)region_size(region));
}

// A range that the neighbour below takes over: it ends where the range starts, and is what the range is to become.
static bool protect_gives_down(const struct protect *protect, const struct region *region, uint32_t access, const struct region *below)
{
    if (!below || below->access != access || region->start != protect->from || region->end <= protect->to)
        return false;
    struct region part = { .start = protect->from, .end = protect->to, .access = access, .source = region->source };
    part.offset = region->offset;
    atomic_init(&part.flags, region_flags(region));
    return region_alike(below, &part);
}

static bool protect_gives_up(const struct protect *protect, const struct region *region, uint32_t access, const struct region *above)
{
    if (!above || above->access != access || region->end != protect->to || region->start >= protect->from)
        return false;
    struct region part = { .start = protect->from, .end = protect->to, .access = access, .source = region->source };
    part.offset = region->offset + (protect->from - region->start);
    atomic_init(&part.flags, region_flags(region));
    return region_alike(&part, above);
}

// Whether moving a border did all there is to do. The range lies in `region`.
static bool protect_move_border(struct space *space, const struct protect *protect, struct region *region, uint32_t access)
    MUST_HOLD(space->lock)
{
    if (region_flags(region) & (REGION_GROWS_DOWN | REGION_STACK))
        return false;
    bool starts = region->start == protect->from, ends = region->end == protect->to;
    if (starts == ends)
        return false; // all of it, or its middle
    struct region *below = starts ? region_previous(region) : nullptr, *above = ends ? region_next(region) : nullptr;
    if (protect_gives_down(protect, region, access, below)) {
        protect_pages(space, region, protect->from, protect->to, access);
        region_inherit(below, region);
        region_set_start(space, region, protect->to);
        region_set_end(space, below, protect->to);
        return true;
    }
    if (protect_gives_up(protect, region, access, above)) {
        protect_pages(space, region, protect->from, protect->to, access);
        region_inherit(above, region);
        region_set_end(space, region, protect->from);
        region_set_start(space, above, protect->from);
        return true;
    }
    return false;
}

// Nothing in the range refuses. STATUS_NO_MEMORY: nothing changed.
static enum status protect_range(struct space *space, const struct protect *protect, struct region *region) MUST_HOLD(space->lock)
{
    TRY(arch_space_own(&space->arch, (virt_t){ protect->from }, (virt_t){ protect->to }));
    uint32_t access = access_wanted(protect, region);
    if (region->end >= protect->to && (region->access == access || protect_move_border(space, protect, region, access)))
        return STATUS_OK;
    if (region->start == protect->from && region->end == protect->to) {
        protect_region(space, region, access);
        region_join_around(space, region);
        return STATUS_OK;
    }
    TRY(region_isolate(space, protect->from, protect->to));
    for (region = region_after(space, protect->from); region && region->start < protect->to; region = region_next(region))
        protect_region(space, region, access_wanted(protect, region));
    region_join(space, protect->from, protect->to);
    return STATUS_OK;
}

// As on Linux, what lies before the part that refuses changes.
static enum status protect_locked(struct space *space, const struct protect *protect) MUST_HOLD(space->lock)
{
    enum status refusal;
    struct region *region = region_after(space, protect->from);
    const struct protect willing = { protect->from, protect_reach(space, protect, region, &refusal), protect->access, protect->kept };
    if (willing.to > willing.from)
        TRY(protect_range(space, &willing, region));
    return refusal;
}

enum status space_protect_key(struct space *space, uint64_t at, uint64_t size, uint32_t access, uint32_t key)
{
    if (!is_aligned(at, PAGE_SIZE))
        return STATUS_BAD_ARGUMENT;
    if (!size)
        return STATUS_OK;
    if (!space_range(at, &size))
        return STATUS_NO_MEMORY;
    struct protect protect = { at, at + size, access, PAGE_KEYS };
    enum status outcome = STATUS_OK;
    rwlock_acquire(&space->lock);
    if (key != SPACE_KEY_KEPT) {
        protect.access |= key << PAGE_KEY_SHIFT;
        protect.kept = 0;
        if (key >= KEYS_MOST || !(space->keys >> key & 1))
            outcome = STATUS_BAD_ARGUMENT;
    }
    if (outcome == STATUS_OK)
        outcome = protect_locked(space, &protect);
    rwlock_release(&space->lock);
    return outcome;
}

enum status space_stack_start(struct space *space, uint64_t at, uint64_t size, uint64_t *start)
{
    enum status outcome = STATUS_NO_MEMORY;
    rwlock_acquire_shared(&space->lock);
    const struct region *region = region_after(space, at);
    if (region && (region->start <= at || region->start - at < size)) {
        *start = region->start;
        outcome = region_flags(region) & REGION_GROWS_DOWN ? STATUS_OK : STATUS_BAD_ARGUMENT;
    }
    rwlock_release_shared(&space->lock);
    return outcome;
}
