// SPDX-License-Identifier: MIT
// map.c: giving and taking address ranges: mmap and munmap.
#include "space.h"

#include <arch/interrupt.h>
#include <arch/user.h>

#include <helix/frames.h>

enum status space_may_grow(struct space *space, uint64_t added, uint32_t access, uint32_t flags)
{
    if (added > space->limit_space || space->mapped > space->limit_space - added)
        return STATUS_NO_MEMORY;
    if (region_is_data(access, flags) && (added > space->limit_data || space->data > space->limit_data - added))
        return STATUS_NO_MEMORY;
    return frames_user_allowed() ? STATUS_OK : STATUS_NO_MEMORY;
}

// ---- mmap ----

// *replaced: how many bytes of regions lie there.
static enum status map_choose_fixed(struct space *space, const struct map_request *request, uint64_t size, struct room *room,
                                    uint64_t *replaced) MUST_HOLD(space->lock)
{
    uint64_t at = request->hint;
    if (at > arch_user_end() || size > arch_user_end() - at)
        return STATUS_NO_MEMORY;
    if (at < SPACE_LOWEST)
        return STATUS_NOT_PERMITTED;
    struct region *below = region_floor(space, at);
    struct region *above = below ? region_next(below) : region_of(tree_first(&space->regions));
    *room = (struct room){ at, below, above };
    if ((below && below->end > at) || (above && above->start < at + size)) {
        if (request->flags & MAP_AT_FREE)
            return STATUS_EXISTS;
        *replaced = region_overlap(space, at, at + size);
    }
    return STATUS_OK;
}

static enum status map_choose(struct space *space, const struct map_request *request, uint64_t size, struct room *room, uint64_t *replaced)
    MUST_HOLD(space->lock)
{
    if (request->flags & (MAP_AT | MAP_AT_FREE))
        return map_choose_fixed(space, request, size, room, replaced);
    uint64_t hint = request->hint;
    if (hint >= SPACE_LOWEST && hint < arch_user_end() && size <= arch_user_end() - hint && space_room_at(space, hint, hint + size, room))
        return STATUS_OK;
    bool found = request->source ? space_find_gap(space, size, room) : space_find_large_gap(space, size, room);
    return found ? STATUS_OK : STATUS_NO_MEMORY;
}

static uint32_t map_region_flags(uint32_t flags)
{
    return (flags & MAP_SHARED_PAGES ? REGION_SHARED : 0) | (flags & (MAP_STACK_REGION | MAP_GROWS_DOWN) ? REGION_GROWS_DOWN : 0) |
           (flags & MAP_STACK_REGION ? REGION_STACK : 0) | (flags & MAP_NO_WRITE ? REGION_NO_WRITE : 0) |
           (flags & MAP_NO_RESERVE ? REGION_NO_RESERVE : 0);
}

// The region is made first, since clearing what is there cannot be taken back.
static enum status map_over(struct space *space, const struct region *model) MUST_HOLD(space->lock)
{
    struct region *region = region_new(space, model);
    if (!region)
        return STATUS_NO_MEMORY;
    enum status outcome = space_clear(space, model->start, model->end);
    if (outcome != STATUS_OK) {
        region_free(space, region);
        return outcome;
    }
    region_place(space, region);
    return STATUS_OK;
}

static enum status map_locked(struct space *space, const struct map_request *request, struct region *model) MUST_HOLD(space->lock)
{
    UNCLEARED struct room room; // set by map_choose, or not looked at
    uint64_t size = model->end, replaced = 0;
    TRY(map_choose(space, request, size, &room, &replaced));
    TRY(space_may_grow(space, size - replaced, model->access, region_flags(model)));
    if (UNLIKELY(space->lock_future || request->flags & MAP_LOCK)) {
        TRY(space_may_lock(space, size));
        region_flags_change(model, 0, REGION_LOCKED);
    }
    model->start = room.at;
    model->end = room.at + size;
    return replaced ? map_over(space, model) : region_put(space, room.below, model, room.above);
}

static enum status map_check(const struct map_request *request, uint64_t size, uint32_t flags)
{
    if (!request->size || !is_aligned(request->hint | request->offset, PAGE_SIZE))
        return STATUS_BAD_ARGUMENT;
    if (size < request->size || size > arch_user_end())
        return STATUS_NO_MEMORY;
    if (request->offset + size < request->offset)
        return STATUS_OVERFLOW;
    bool shared_memory = flags & REGION_SHARED && !request->source;
    if ((shared_memory || region_needs_promise(request->access, flags)) && !frames_promise_allowed(size))
        return STATUS_NO_MEMORY;
    return STATUS_OK;
}

static enum status map_with_model(struct space *space, const struct map_request *request, struct region *model)
{
    rwlock_acquire(&space->lock);
    enum status outcome = map_locked(space, request, model);
    rwlock_release(&space->lock);
    return outcome;
}

// Memory that fork does not part has a source of its own, of which the region takes the second reference.
static enum status map_shared_memory(struct space *space, const struct map_request *request, struct region *model)
{
    TRY(shared_memory_create(model->end, &model->source));
    enum status outcome = map_with_model(space, request, model);
    model->source->ops->release(model->source);
    return outcome;
}

enum status space_map(struct space *space, const struct map_request *request, uint64_t *at)
{
    UNCLEARED struct region model; // what region_new reads of it is set here and in map_locked
    uint32_t flags = map_region_flags(request->flags);
    TRY(map_check(request, align_up(request->size, PAGE_SIZE), flags));
    model.end = align_up(request->size, PAGE_SIZE);
    model.access = request->access & REGION_RIGHTS;
    atomic_init(&model.flags, flags);
    model.source = request->source;
    model.offset = request->source ? request->offset : 0;
    bool shared_memory = flags & REGION_SHARED && !request->source;
    TRY(shared_memory ? map_shared_memory(space, request, &model) : map_with_model(space, request, &model));
    bool locked = region_flags(&model) & REGION_LOCKED && (request->flags & MAP_LOCK || !space->lock_future_at_fault);
    if (UNLIKELY(locked || request->flags & MAP_PREFAULT) && model.access)
        (void)space_populate_regions(space, model.start, model.end - model.start); // a wish: the program's own fault will say what is wrong
    *at = model.start;
    return STATUS_OK;
}

// ---- munmap ----

void space_drop_pages(struct space *space, uint64_t from, uint64_t to)
{
    arch_space_unmap(&space->arch, (virt_t){ from }, (virt_t){ to });
}

// The range lies strictly inside the region: the only clearing that needs memory.
static enum status clear_inside(struct space *space, struct region *region, uint64_t from, uint64_t to) MUST_HOLD(space->lock)
{
    struct region *upper = space->region_count < SPACE_REGIONS_MAX ? region_new(space, region) : nullptr;
    if (!upper)
        return STATUS_NO_MEMORY;
    enum status outcome = arch_space_own_edges(&space->arch, (virt_t){ from }, (virt_t){ to });
    if (outcome != STATUS_OK) {
        region_free(space, upper);
        return outcome;
    }
    if (region_holds_pages(region))
        space_drop_pages(space, from, to);
    region_split(space, region, to, upper);
    region_set_end(space, region, from);
    return STATUS_OK;
}

static void clear_part(struct space *space, struct region *region, uint64_t from, uint64_t to) MUST_HOLD(space->lock)
{
    if (region_holds_pages(region))
        space_drop_pages(space, MAX(from, region->start), MIN(to, region->end));
    if (region->start < from)
        region_set_end(space, region, from);
    else if (region->end > to)
        region_set_start(space, region, to);
    else
        region_drop(space, region);
}

// Pages are dropped region by region, so no shared table and no large page may cross their borders.
static enum status clear_prepare(struct space *space, struct region *region, uint64_t from, uint64_t to) MUST_HOLD(space->lock)
{
    for (; region && region->start < to; region = region_next(region))
        TRY(arch_space_own_edges(&space->arch, (virt_t){ MAX(from, region->start) }, (virt_t){ MIN(to, region->end) }));
    return STATUS_OK;
}

enum status space_clear_prepare(struct space *space, uint64_t from, uint64_t to)
{
    return UNLIKELY(space->arch.special) ? clear_prepare(space, region_after(space, from), from, to) : STATUS_OK;
}

enum status space_clear(struct space *space, uint64_t from, uint64_t to)
{
    struct region *region = region_after(space, from);
    space_note_fall(space, to - from);
    if (region && region->start < from && to < region->end)
        return clear_inside(space, region, from, to);
    if (UNLIKELY(space->arch.special))
        TRY(clear_prepare(space, region, from, to));
    while (region && region->start < to) {
        struct region *next = region->end < to ? region_next(region) : nullptr;
        clear_part(space, region, from, to);
        region = next;
    }
    return STATUS_OK;
}

enum status space_unmap(struct space *space, uint64_t at, uint64_t size)
{
    if (!size || !is_aligned(at, PAGE_SIZE) || !space_range(at, &size))
        return STATUS_BAD_ARGUMENT;
    rwlock_acquire(&space->lock);
    enum status outcome = space_clear(space, at, at + size);
    rwlock_release(&space->lock);
    return outcome;
}
