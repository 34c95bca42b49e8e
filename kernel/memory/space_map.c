// SPDX-License-Identifier: MIT
// space_map.c: giving and taking address ranges: mmap, munmap, mprotect, brk and MADV_DONTNEED.
#include "space.h"

#include <arch/interrupt.h>
#include <arch/user.h>

#include <helix/frames.h>

// ---- room ----

// Looks for a gap that ends at or below `top`. *hole: grows to the largest gap passed over.
static bool gap_below(struct space *space, uint64_t top, uint64_t size, uint64_t *hole, uint64_t *at) MUST_HOLD(space->lock)
{
    uint64_t ceiling = top;
    struct region *region = region_floor(space, top - 1);
    for (;;) {
        uint64_t bottom = region ? MAX(region->end, SPACE_LOWEST) : SPACE_LOWEST;
        uint64_t gap = ceiling > bottom ? ceiling - bottom : 0;
        if (gap >= size) {
            *at = ceiling - size;
            return true;
        }
        *hole = MAX(*hole, gap);
        if (!region)
            return false;
        ceiling = MIN(ceiling, region_low(region));
        region = region_previous(region);
    }
}

bool space_find_gap(struct space *space, uint64_t size, uint64_t *at)
{
    if (size > space->map_hole && gap_below(space, space->map_cursor, size, &space->map_hole, at)) {
        space->map_cursor = *at;
        return true;
    }
    space->map_hole = 0;
    if (!gap_below(space, space->map_top, size, &space->map_hole, at))
        return false;
    space->map_cursor = *at;
    return true;
}

// Room appeared at [from, to): the next search must not start below it.
static void gap_appeared(struct space *space, uint64_t to) MUST_HOLD(space->lock)
{
    if (to <= space->map_cursor)
        return;
    struct region *above = region_after(space, to);
    space->map_cursor = MIN(above ? region_low(above) : space->map_top, space->map_top);
}

static bool range_free(struct space *space, uint64_t from, uint64_t to) MUST_HOLD(space->lock)
{
    struct region *above = region_after(space, from);
    return !above || region_low(above) >= to;
}

enum status space_may_grow(struct space *space, uint64_t added)
{
    if (added > space->limit_space || space->mapped > space->limit_space - added)
        return STATUS_NO_MEMORY;
    return frames_user_allowed() && space->region_count < SPACE_REGIONS_MAX ? STATUS_OK : STATUS_NO_MEMORY;
}

// Whether pages of such a region are promises that only RAM can keep.
static bool region_needs_promise(uint32_t access, uint32_t flags)
{
    return access & PAGE_WRITE && !(flags & (REGION_SHARED | REGION_NO_RESERVE));
}

// ---- mmap ----

static enum status map_choose_fixed(struct space *space, const struct map_request *request, uint64_t size, uint64_t *at)
    MUST_HOLD(space->lock)
{
    if (request->hint > arch_user_end() || size > arch_user_end() - request->hint)
        return STATUS_NO_MEMORY;
    if (request->hint < SPACE_LOWEST)
        return STATUS_NOT_PERMITTED;
    struct region *above = region_after(space, request->hint);
    if (request->flags & MAP_AT_FREE && above && above->start < request->hint + size)
        return STATUS_EXISTS;
    *at = request->hint;
    return STATUS_OK;
}

static enum status map_choose(struct space *space, const struct map_request *request, uint64_t size, uint64_t *at) MUST_HOLD(space->lock)
{
    if (request->flags & (MAP_AT | MAP_AT_FREE))
        return map_choose_fixed(space, request, size, at);
    bool reachable = request->hint >= SPACE_LOWEST && request->hint < arch_user_end() && size <= arch_user_end() - request->hint;
    if (reachable && range_free(space, request->hint, request->hint + size)) {
        *at = request->hint;
        return STATUS_OK;
    }
    return space_find_gap(space, size, at) ? STATUS_OK : STATUS_NO_MEMORY;
}

static uint32_t map_region_flags(uint32_t flags)
{
    return (flags & MAP_SHARED_PAGES ? REGION_SHARED : 0) | (flags & (MAP_STACK_REGION | MAP_GROWS_DOWN) ? REGION_GROWS_DOWN : 0) |
           (flags & MAP_STACK_REGION ? REGION_STACK : 0) | (flags & MAP_NO_WRITE ? REGION_NO_WRITE : 0) |
           (flags & MAP_NO_RESERVE ? REGION_NO_RESERVE : 0);
}

static enum status map_locked(struct space *space, const struct map_request *request, struct region *model) MUST_HOLD(space->lock)
{
    uint64_t size = model->end, at = 0;
    TRY(map_choose(space, request, size, &at));
    uint64_t replaced = request->flags & MAP_AT ? region_overlap(space, at, at + size) : 0;
    TRY(space_may_grow(space, size - replaced));
    model->start = at;
    model->end = at + size;
    struct region *region = region_new(model);
    if (!region)
        return STATUS_NO_MEMORY;
    enum status outcome = replaced ? space_clear(space, at, at + size) : STATUS_OK;
    if (outcome != STATUS_OK) {
        region_free(region);
        return outcome;
    }
    region_place(space, region);
    return STATUS_OK;
}

static void map_prefault(struct space *space, uint64_t from, uint64_t to, uint32_t access)
{
    uint32_t kind = FAULT_USER | (access & PAGE_WRITE ? FAULT_WRITE : 0);
    for (uint64_t at = from; at < to; at += PAGE_SIZE) {
        if (space_fault(space, at, kind) != STATUS_OK)
            return; // a wish: the program's own fault will say what is wrong
    }
}

static enum status map_check(const struct map_request *request, uint64_t size, uint32_t flags)
{
    if (!request->size || !is_aligned(request->hint, PAGE_SIZE) || !is_aligned(request->offset, PAGE_SIZE))
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

enum status space_map(struct space *space, const struct map_request *request, uint64_t *at)
{
    struct region model = { .end = align_up(request->size, PAGE_SIZE),
                            .access = request->access & (PAGE_READ | PAGE_WRITE | PAGE_EXECUTE),
                            .flags = map_region_flags(request->flags),
                            .source = request->source,
                            .offset = request->source ? request->offset : 0 };
    TRY(map_check(request, model.end, model.flags));
    bool shared_memory = model.flags & REGION_SHARED && !model.source;
    if (shared_memory)
        TRY(shared_memory_create(model.end, &model.source));
    rwlock_acquire(&space->lock);
    enum status outcome = map_locked(space, request, &model);
    rwlock_release(&space->lock);
    if (shared_memory)
        model.source->ops->release(model.source); // the region has its own reference
    if (outcome != STATUS_OK)
        return outcome;
    if (request->flags & MAP_PREFAULT && model.access)
        map_prefault(space, model.start, model.end, model.access);
    *at = model.start;
    return STATUS_OK;
}

// ---- munmap, MADV_DONTNEED ----

void space_drop_pages(struct space *space, uint64_t from, uint64_t to)
{
    arch_space_unmap(&space->arch, (virt_t){ from }, (virt_t){ to });
}

enum status space_clear(struct space *space, uint64_t from, uint64_t to)
{
    struct region *region = region_after(space, from);
    if (!region || region->start >= to)
        return STATUS_OK;
    TRY(region_isolate(space, from, to));
    space_drop_pages(space, from, to);
    region = region_after(space, from);
    while (region && region->start < to) {
        struct region *next = region_next(region);
        region_drop(space, region);
        region = next;
    }
    gap_appeared(space, to);
    return STATUS_OK;
}

// The range in whole pages; false: it is no range of the user half.
static bool range_check(uint64_t at, uint64_t *size)
{
    uint64_t whole = align_up(*size, PAGE_SIZE);
    if (whole < *size || at > arch_user_end() || whole > arch_user_end() - at)
        return false;
    *size = whole;
    return true;
}

enum status space_unmap(struct space *space, uint64_t at, uint64_t size)
{
    if (!size || !is_aligned(at, PAGE_SIZE) || !range_check(at, &size))
        return STATUS_BAD_ARGUMENT;
    rwlock_acquire(&space->lock);
    enum status outcome = space_clear(space, at, at + size);
    rwlock_release(&space->lock);
    return outcome;
}

enum status space_discard(struct space *space, uint64_t at, uint64_t size)
{
    if (!is_aligned(at, PAGE_SIZE))
        return STATUS_BAD_ARGUMENT;
    if (!range_check(at, &size))
        return STATUS_NO_MEMORY;
    rwlock_acquire(&space->lock);
    bool whole = region_overlap(space, at, at + size) == size;
    space_drop_pages(space, at, at + size);
    rwlock_release(&space->lock);
    return whole ? STATUS_OK : STATUS_NO_MEMORY;
}

// ---- mprotect ----

static enum status protect_check(struct space *space, uint64_t from, uint64_t to, uint32_t access) MUST_HOLD(space->lock)
{
    if (region_overlap(space, from, to) != to - from)
        return STATUS_NO_MEMORY;
    for (struct region *region = region_after(space, from); region && region->start < to; region = region_next(region)) {
        if (access & PAGE_WRITE && region->flags & REGION_NO_WRITE)
            return STATUS_DENIED;
        bool promised = region_needs_promise(region->access, region->flags);
        if (!promised && region_needs_promise(access, region->flags) &&
            !frames_promise_allowed(MIN(region->end, to) - MAX(region->start, from)))
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

// Pages lose the right to be written and get it back at their next write, which knows whether they are shared.
static void protect_region(struct space *space, struct region *region, uint32_t access) MUST_HOLD(space->lock)
{
    if (region->access == access)
        return;
    region->access = access;
    arch_space_protect(&space->arch, (virt_t){ region->start }, (virt_t){ region->end }, (access & ~PAGE_WRITE) | PAGE_USER);
}

static enum status protect_locked(struct space *space, uint64_t from, uint64_t to, uint32_t access) MUST_HOLD(space->lock)
{
    TRY(protect_check(space, from, to, access));
    TRY(region_isolate(space, from, to));
    for (struct region *region = region_after(space, from); region && region->start < to; region = region_next(region))
        protect_region(space, region, access);
    region_join(space, from, to);
    return STATUS_OK;
}

enum status space_protect(struct space *space, uint64_t at, uint64_t size, uint32_t access)
{
    if (!is_aligned(at, PAGE_SIZE))
        return STATUS_BAD_ARGUMENT;
    if (!size)
        return STATUS_OK;
    if (!range_check(at, &size))
        return STATUS_NO_MEMORY;
    rwlock_acquire(&space->lock);
    enum status outcome = protect_locked(space, at, at + size, access & (PAGE_READ | PAGE_WRITE | PAGE_EXECUTE));
    rwlock_release(&space->lock);
    return outcome;
}

// ---- brk ----

static enum status heap_grow(struct space *space, uint64_t from, uint64_t to) MUST_HOLD(space->lock)
{
    if (!range_free(space, from, to) || !frames_promise_allowed(to - from))
        return STATUS_NO_MEMORY;
    TRY(space_may_grow(space, to - from));
    const struct region model = { .start = from, .end = to, .access = PAGE_READ | PAGE_WRITE, .flags = REGION_HEAP };
    struct region *region = region_new(&model);
    if (!region)
        return STATUS_NO_MEMORY;
    region_place(space, region);
    return STATUS_OK;
}

static enum status heap_resize_to(struct space *space, uint64_t end) MUST_HOLD(space->lock)
{
    if (!space->heap_start || end < space->heap_start || end > arch_user_end() || end - space->heap_start > space->limit_data)
        return STATUS_NO_MEMORY;
    uint64_t old = align_up(space->heap_end, PAGE_SIZE), new = align_up(end, PAGE_SIZE);
    if (new > old)
        return heap_grow(space, old, new);
    return new < old ? space_clear(space, new, old) : STATUS_OK;
}

uint64_t space_brk(struct space *space, uint64_t end)
{
    rwlock_acquire(&space->lock);
    if (heap_resize_to(space, end) == STATUS_OK)
        space->heap_end = end;
    uint64_t in_force = space->heap_end;
    rwlock_release(&space->lock);
    return in_force;
}
