// SPDX-License-Identifier: MIT
// remap.c: mremap: a region that grows, shrinks or moves with its pages.
#include "space.h"

#include <abi/linux/mman.h>

#include <arch/user.h>

#include <helix/frames.h>

struct remap {
    uint64_t at, old_size, new_size; // in whole pages
    uint32_t flags;
    uint64_t new_at;
};

// In Linux's order: what is wrong by itself, then whether anything is mapped there, then the new place.
static enum status remap_check(const struct remap *remap)
{
    const uint32_t known = LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED | LINUX_MREMAP_DONTUNMAP;
    if (remap->flags & ~known || !is_aligned(remap->at, PAGE_SIZE) || !remap->new_size)
        return STATUS_BAD_ARGUMENT;
    if (remap->flags & LINUX_MREMAP_FIXED && !(remap->flags & LINUX_MREMAP_MAYMOVE))
        return STATUS_BAD_ARGUMENT;
    if (remap->flags & LINUX_MREMAP_DONTUNMAP && (!(remap->flags & LINUX_MREMAP_MAYMOVE) || remap->old_size != remap->new_size))
        return STATUS_BAD_ARGUMENT;
    if (remap->at > arch_user_end() || remap->old_size > arch_user_end() - remap->at)
        return STATUS_BAD_ADDRESS;
    return STATUS_OK;
}

static enum status remap_check_place(const struct remap *remap)
{
    if (!(remap->flags & LINUX_MREMAP_FIXED))
        return remap->new_size > arch_user_end() ? STATUS_NO_MEMORY : STATUS_OK;
    if (!is_aligned(remap->new_at, PAGE_SIZE) || remap->new_size > arch_user_end() || remap->new_at > arch_user_end() - remap->new_size)
        return STATUS_BAD_ARGUMENT;
    if (remap->at < remap->new_at + remap->new_size && remap->new_at < remap->at + remap->old_size)
        return STATUS_BAD_ARGUMENT;
    return remap->new_at < SPACE_LOWEST ? STATUS_NOT_PERMITTED : STATUS_OK;
}

// What is left where the pages were: nothing, or (MREMAP_DONTUNMAP) the region without them.
static enum status remap_leave(struct space *space, const struct remap *remap) MUST_HOLD(space->lock)
{
    uint64_t from = remap->at, to = remap->at + remap->old_size;
    if (!remap->old_size)
        return STATUS_OK;
    if (!(remap->flags & LINUX_MREMAP_DONTUNMAP))
        return space_clear(space, from, to);
    return region_flags_set(space, from, to, REGION_PAGES | REGION_LOCKED, 0);
}

// Has all at hand that moving to `to` takes: a region for the new place, one for what is above a hole there, two for the edges of the old.
static enum status remap_prepare(struct space *space, const struct remap *remap, uint64_t to, bool clears) MUST_HOLD(space->lock)
{
    if (!regions_reserve(space, SPARE_REGIONS))
        return STATUS_NO_MEMORY;
    TRY(space_clear_prepare(space, remap->at, remap->at + remap->old_size));
    if (!clears)
        return STATUS_OK;
    TRY(space_clear_prepare(space, to, to + remap->new_size));
    return arch_space_move_prepare(&space->arch, (virt_t){ remap->at }, (virt_t){ to }, MIN(remap->old_size, remap->new_size));
}

// Moves `old_size` bytes, of which the region at `at` holds all that is left at the end, to `to` as `new_size` bytes; what is there goes. Memory can be
// wanting after that was cleared only if another CPU is quick to take the page tables that it freed.
static enum status remap_move(struct space *space, const struct remap *remap, uint64_t to) MUST_HOLD(space->lock)
{
    const struct region *old = space_find(space, remap->at);
    struct region model = { .start = to, .end = to + remap->new_size, .access = old->access, .source = old->source };
    model.offset = old->source ? old->offset + (remap->at - old->start) : 0;
    region_flags_change(&model, 0, region_flags(old) & ~(REGION_HEAP | REGION_STACK));
    const struct region *there = region_after(space, to);
    bool clears = there && there->start < to + remap->new_size;
    TRY(remap_prepare(space, remap, to, clears));
    struct region *region = region_new(space, &model);
    enum status outcome = region ? STATUS_OK : STATUS_NO_MEMORY;
    if (outcome == STATUS_OK && clears)
        outcome = space_clear(space, to, to + remap->new_size);
    if (outcome == STATUS_OK)
        outcome = arch_space_move(&space->arch, (virt_t){ remap->at }, (virt_t){ to }, MIN(remap->old_size, remap->new_size));
    if (outcome == STATUS_OK)
        outcome = remap_leave(space, remap);
    if (outcome == STATUS_OK)
        region_place(space, region);
    else if (region)
        region_free(space, region);
    return outcome;
}

// Whether `added` more bytes of the region break a limit.
static enum status remap_may_grow(struct space *space, const struct region *region, uint64_t added) MUST_HOLD(space->lock)
{
    uint32_t flags = region_flags(region);
    TRY(space_may_grow(space, added, region->access, flags));
    if (flags & REGION_LOCKED)
        TRY(space_may_lock(space, added));
    return region_needs_promise(region->access, flags) && !frames_promise_allowed(added) ? STATUS_NO_MEMORY : STATUS_OK;
}

static bool remap_extends(struct space *space, const struct remap *remap, const struct region *region) MUST_HOLD(space->lock)
{
    const struct region *next = region_next(region);
    uint64_t end = remap->at + remap->new_size;
    return region->end == remap->at + remap->old_size && end <= arch_user_end() && end > remap->at && (!next || region_low(next) >= end);
}

static enum status remap_grow(struct space *space, const struct remap *remap, uint64_t *result) MUST_HOLD(space->lock)
{
    struct region *region = space_find(space, remap->at);
    uint64_t added = remap->new_size - remap->old_size;
    bool twice = remap->flags & LINUX_MREMAP_DONTUNMAP;
    TRY(remap_may_grow(space, region, twice ? remap->new_size : added));
    *result = remap->at;
    if (!twice && remap_extends(space, remap, region)) {
        region_set_end(space, region, region->end + added);
        region_join(space, region->start, region->end);
        return STATUS_OK;
    }
    struct room room;
    if (!(remap->flags & LINUX_MREMAP_MAYMOVE) || !space_find_gap(space, remap->new_size, &room))
        return STATUS_NO_MEMORY;
    *result = room.at;
    return remap_move(space, remap, room.at);
}

static enum status remap_fixed(struct space *space, const struct remap *remap, uint64_t *result) MUST_HOLD(space->lock)
{
    const struct region *region = space_find(space, remap->at);
    bool twice = remap->flags & LINUX_MREMAP_DONTUNMAP;
    if (twice || remap->new_size > remap->old_size)
        TRY(remap_may_grow(space, region, twice ? remap->new_size : remap->new_size - remap->old_size));
    *result = remap->new_at;
    return remap_move(space, remap, remap->new_at);
}

static enum status remap_locked(struct space *space, const struct remap *remap, uint64_t *result) MUST_HOLD(space->lock)
{
    const struct region *region = space_find(space, remap->at);
    if (!region)
        return STATUS_BAD_ADDRESS;
    TRY(remap_check_place(remap));
    *result = remap->at;
    bool stays = !(remap->flags & (LINUX_MREMAP_FIXED | LINUX_MREMAP_DONTUNMAP)) && remap->new_size <= remap->old_size;
    if (stays && remap->new_size == remap->old_size)
        return STATUS_OK;
    if (stays)
        return space_clear(space, remap->at + remap->new_size, remap->at + remap->old_size); // whatever lies there
    if (MIN(remap->old_size, remap->new_size) > region->end - remap->at)
        return STATUS_BAD_ADDRESS;
    if (!remap->old_size && !(region->flags & REGION_SHARED))
        return STATUS_BAD_ARGUMENT; // only shared memory can be mapped a second time
    if (region->source && region->offset + (remap->at - region->start) + remap->new_size < remap->new_size)
        return STATUS_BAD_ARGUMENT;
    if (remap->flags & LINUX_MREMAP_FIXED)
        return remap_fixed(space, remap, result);
    return remap_grow(space, remap, result);
}

enum status space_remap(struct space *space, uint64_t at, uint64_t old_size, uint64_t new_size, uint32_t flags, uint64_t new_at,
                        uint64_t *result)
{
    if (old_size > arch_user_end() || new_size > arch_user_end())
        return STATUS_BAD_ARGUMENT;
    const struct remap remap = { at, align_up(old_size, PAGE_SIZE), align_up(new_size, PAGE_SIZE), flags, new_at };
    TRY(remap_check(&remap));
    uint64_t where = 0;
    rwlock_acquire(&space->lock);
    enum status outcome = remap_locked(space, &remap, &where);
    bool bring_in = outcome == STATUS_OK && remap.new_size > remap.old_size && region_flags(space_find(space, where)) & REGION_LOCKED;
    rwlock_release(&space->lock);
    if (outcome != STATUS_OK)
        return outcome;
    if (bring_in)
        (void)space_populate_regions(space, where + remap.old_size, remap.new_size - remap.old_size);
    *result = where;
    return STATUS_OK;
}
