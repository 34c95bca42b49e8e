// SPDX-License-Identifier: MIT
// heap.c: brk: the region that a program moves one end of.
#include "space.h"

#include <arch/user.h>

#include <helix/frames.h>

static enum status heap_grow(struct space *space, uint64_t from, uint64_t to) MUST_HOLD(space->lock)
{
    struct room room;
    if (!space_room_at(space, from, to, &room) || !frames_promise_allowed(to - from))
        return STATUS_NO_MEMORY;
    const uint32_t flags = REGION_HEAP | (space->lock_future ? REGION_LOCKED : 0);
    const struct region model = { .start = from, .end = to, .access = PAGE_READ | PAGE_WRITE, .flags = flags };
    TRY(space_may_grow(space, to - from, model.access, flags));
    if (space->lock_future)
        TRY(space_may_lock(space, to - from));
    return region_put(space, room.below, &model, room.above);
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
    uint64_t old = space->heap_end;
    if (heap_resize_to(space, end) == STATUS_OK)
        space->heap_end = end;
    uint64_t in_force = space->heap_end;
    bool bring_in = space->lock_future && !space->lock_future_at_fault && in_force > old;
    rwlock_release(&space->lock);
    if (UNLIKELY(bring_in))
        (void)space_populate_regions(space, align_up(old, PAGE_SIZE), align_up(in_force, PAGE_SIZE) - align_up(old, PAGE_SIZE));
    return in_force;
}
