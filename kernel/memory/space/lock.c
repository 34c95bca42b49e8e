// SPDX-License-Identifier: MIT
// lock.c: memory that stays: mlock, mlockall and what they promise. Nothing takes a page of a REGION_LOCKED region back; there
// is no swap, so what locking does beside that is to bring the pages in and to count their bytes against RLIMIT_MEMLOCK.
#include "space.h"

#include <arch/user.h>

// Bytes of [from, to) that lie in regions which are not locked yet; *reach: where the first hole is, or `to`.
static uint64_t unlocked_bytes(struct space *space, uint64_t from, uint64_t to, uint64_t *reach) MUST_HOLD(space->lock)
{
    uint64_t bytes = 0, reached = from;
    for (const struct region *region = region_after(space, from); region && region->start < to; region = region_next(region)) {
        bytes += region_flags(region) & REGION_LOCKED ? 0 : MIN(region->end, to) - MAX(region->start, from);
        if (region->start <= reached)
            reached = region->end;
    }
    *reach = MIN(reached, to);
    return bytes;
}

static bool lock_allowed(const struct space *space, uint64_t bytes)
{
    return bytes <= space->limit_locked && space->locked <= space->limit_locked - bytes;
}

// As on Linux, what lies before a hole is locked (or unlocked) before that is told.
static enum status lock_locked(struct space *space, uint64_t from, uint64_t to, bool lock) MUST_HOLD(space->lock)
{
    uint64_t reach;
    uint64_t bytes = unlocked_bytes(space, from, to, &reach);
    if (lock && !lock_allowed(space, bytes))
        return STATUS_NO_MEMORY;
    if (reach > from)
        TRY(region_flags_set(space, from, reach, lock ? 0 : REGION_LOCKED, lock ? REGION_LOCKED : 0));
    return reach < to ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status space_lock(struct space *space, uint64_t at, uint64_t size, bool now)
{
    if (!space_range(at, &size))
        return STATUS_NO_MEMORY;
    rwlock_acquire(&space->lock);
    enum status outcome = size ? lock_locked(space, at, at + size, true) : STATUS_OK;
    rwlock_release(&space->lock);
    if (outcome != STATUS_OK || !now)
        return outcome;
    outcome = space_populate_regions(space, at, size);
    return outcome == STATUS_OK ? outcome : outcome == STATUS_NO_MEMORY ? STATUS_AGAIN : STATUS_NO_MEMORY; // POSIX's names for the two
}

enum status space_unlock(struct space *space, uint64_t at, uint64_t size)
{
    if (!space_range(at, &size))
        return STATUS_NO_MEMORY;
    rwlock_acquire(&space->lock);
    enum status outcome = size ? lock_locked(space, at, at + size, false) : STATUS_OK;
    rwlock_release(&space->lock);
    return outcome;
}

static enum status lock_all_locked(struct space *space, uint32_t what) MUST_HOLD(space->lock)
{
    if (what & SPACE_LOCK_PRESENT && space->mapped > space->limit_locked)
        return STATUS_NO_MEMORY;
    if (what & SPACE_LOCK_PRESENT)
        TRY(region_flags_set(space, 0, arch_user_end(), 0, REGION_LOCKED));
    space->lock_future = what & SPACE_LOCK_FUTURE;
    space->lock_future_at_fault = what & SPACE_LOCK_AT_FAULT;
    return STATUS_OK;
}

enum status space_lock_all(struct space *space, uint32_t what)
{
    rwlock_acquire(&space->lock);
    enum status outcome = lock_all_locked(space, what);
    rwlock_release(&space->lock);
    if (outcome == STATUS_OK && what & SPACE_LOCK_PRESENT && !(what & SPACE_LOCK_AT_FAULT))
        (void)space_populate_regions(space, 0, arch_user_end()); // a region that cannot be brought in does not keep others out
    return outcome;
}

enum status space_unlock_all(struct space *space)
{
    rwlock_acquire(&space->lock);
    space->lock_future = false;
    enum status outcome = region_flags_set(space, 0, arch_user_end(), REGION_LOCKED, 0);
    rwlock_release(&space->lock);
    return outcome;
}

enum status space_may_lock(struct space *space, uint64_t bytes)
{
    return lock_allowed(space, bytes) ? STATUS_OK : STATUS_AGAIN;
}
