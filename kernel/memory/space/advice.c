// SPDX-License-Identifier: MIT
// advice.c: madvise: what a program says it will do with a range, and the pages it gives up.
//
// Advice is served region by region. Parts of the range that are not mapped do not stop it: the rest is served and STATUS_NO_MEMORY
// returned at the end, as Linux does; a region that the advice makes no sense for does stop it.
#include "space.h"

#include <abi/linux/mman.h>

#include <arch/interrupt.h>

#include <helix/frames.h>

enum status region_flags_set(struct space *space, uint64_t from, uint64_t to, uint32_t clear, uint32_t set)
{
    TRY(region_isolate(space, from, to));
    for (struct region *region = region_after(space, from); region && region->start < to; region = region_next(region)) {
        int64_t size = (int64_t)region_size(region);
        space_account(space, region, -size);
        region_flags_change(region, clear, set);
        space_account(space, region, size);
    }
    region_join(space, from, to);
    return STATUS_OK;
}

// ---- which regions an advice fits ----

static bool fits_unlocked(const struct region *region)
{
    return !(region_flags(region) & REGION_LOCKED);
}

static bool fits_anonymous(const struct region *region)
{
    return !region->source && !(region_flags(region) & REGION_SHARED);
}

static bool fits_free(const struct region *region)
{
    return fits_anonymous(region) && fits_unlocked(region);
}

// What each advice needs and does. MADV_FREE takes the pages back at once, which Linux allows itself from the call on: a program that
// reads one of them before it writes it must expect zeros. Nothing is done ahead or behind for the others without an effect: files are in
// memory whole, there is no swap, and core files are never written.
struct advice {
    bool known;
    bool drops; // pages
    uint32_t clear, set;
    bool (*fits)(const struct region *region); // nullptr: every region
};

static const struct advice advices[] = {
    [LINUX_MADV_NORMAL] = { .known = true },
    [LINUX_MADV_RANDOM] = { .known = true },
    [LINUX_MADV_SEQUENTIAL] = { .known = true },
    [LINUX_MADV_WILLNEED] = { .known = true },
    [LINUX_MADV_DONTNEED] = { .known = true, .drops = true, .fits = fits_unlocked },
    [LINUX_MADV_DONTNEED_LOCKED] = { .known = true, .drops = true },
    [LINUX_MADV_FREE] = { .known = true, .drops = true, .fits = fits_free },
    [LINUX_MADV_DONTFORK] = { .known = true, .set = REGION_DONT_FORK },
    [LINUX_MADV_DOFORK] = { .known = true, .clear = REGION_DONT_FORK },
    [LINUX_MADV_HUGEPAGE] = { .known = true, .clear = REGION_NO_HUGE, .set = REGION_HUGE },
    [LINUX_MADV_NOHUGEPAGE] = { .known = true, .clear = REGION_HUGE, .set = REGION_NO_HUGE },
    [LINUX_MADV_DONTDUMP] = { .known = true },
    [LINUX_MADV_DODUMP] = { .known = true },
    [LINUX_MADV_WIPEONFORK] = { .known = true, .set = REGION_WIPE_ON_FORK, .fits = fits_anonymous },
    [LINUX_MADV_KEEPONFORK] = { .known = true, .clear = REGION_WIPE_ON_FORK },
    [LINUX_MADV_COLD] = { .known = true, .fits = fits_unlocked },
    [LINUX_MADV_PAGEOUT] = { .known = true, .fits = fits_unlocked },
};

bool space_advice_known(uint32_t advice)
{
    return advice < sizeof advices / sizeof *advices && advices[advice].known;
}

static bool advice_fits(const struct advice *advice, const struct region *region)
{
    return !advice->fits || advice->fits(region);
}

// How far the advice can go before a region that it does not fit, or `to`; *whole: all of that is mapped.
static uint64_t advice_reach(struct space *space, uint64_t from, uint64_t to, const struct advice *advice, bool *whole)
    MUST_HOLD(space->lock)
{
    uint64_t reached = from;
    *whole = true;
    for (const struct region *region = region_after(space, from); region && region->start < to; region = region_next(region)) {
        *whole &= region->start <= reached;
        if (!advice_fits(advice, region))
            return MAX(region->start, from);
        reached = region->end;
    }
    *whole &= reached >= to;
    return to;
}

static enum status advise_locked(struct space *space, uint64_t from, uint64_t to, const struct advice *advice) MUST_HOLD(space->lock)
{
    bool whole;
    uint64_t reach = advice_reach(space, from, to, advice, &whole);
    if (advice->drops && reach > from) {
        TRY(arch_space_own_edges(&space->arch, (virt_t){ from }, (virt_t){ reach }));
        space_note_fall(space, reach - from);
        space_drop_pages(space, from, reach);
    }
    if ((advice->clear | advice->set) && reach > from)
        TRY(region_flags_set(space, from, reach, advice->clear, advice->set));
    if (reach < to)
        return STATUS_BAD_ARGUMENT;
    return whole ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status space_advise(struct space *space, uint64_t at, uint64_t size, uint32_t advice)
{
    if (!space_advice_known(advice) || !is_aligned(at, PAGE_SIZE))
        return STATUS_BAD_ARGUMENT;
    if (!space_range(at, &size))
        return align_up(size, PAGE_SIZE) < size || at + align_up(size, PAGE_SIZE) < at ? STATUS_BAD_ARGUMENT : STATUS_NO_MEMORY;
    if (!size)
        return STATUS_OK;
    rwlock_acquire(&space->lock);
    enum status outcome = advise_locked(space, at, at + size, &advices[advice]);
    rwlock_release(&space->lock);
    return outcome;
}

// What the region at `at` gives up of [at, to): *source with a reference.
struct removal {
    struct page_source *source;
    uint64_t first, end; // pages of the source
};

static enum status removal_find(struct space *space, uint64_t at, uint64_t to, struct removal *removal) MUST_SHARE(space->lock)
{
    const struct region *region = space_find(space, at);
    if (!region)
        return STATUS_NO_MEMORY;
    uint32_t flags = region_flags(region);
    if (!region->source || flags & REGION_LOCKED || !region->source->ops->remove)
        return STATUS_BAD_ARGUMENT;
    if (!(flags & REGION_SHARED) || flags & REGION_NO_WRITE)
        return STATUS_DENIED;
    region->source->ops->retain(region->source);
    uint64_t first = (at - region->start + region->offset) >> PAGE_SHIFT;
    *removal = (struct removal){ region->source, first, first + ((MIN(to, region->end) - at) >> PAGE_SHIFT) };
    return STATUS_OK;
}

enum status space_remove(struct space *space, uint64_t at, uint64_t size)
{
    for (uint64_t to = at + size; at < to;) {
        struct removal removal;
        rwlock_acquire_shared(&space->lock);
        enum status status = removal_find(space, at, to, &removal);
        rwlock_release_shared(&space->lock);
        TRY(status);
        status = removal.source->ops->remove(removal.source, removal.first, removal.end);
        removal.source->ops->release(removal.source);
        TRY(status);
        at += (removal.end - removal.first) << PAGE_SHIFT;
    }
    return STATUS_OK;
}

enum status space_discard(struct space *space, uint64_t at, uint64_t size)
{
    return space_advise(space, at, size, LINUX_MADV_DONTNEED);
}

// ---- bringing pages in ----

enum status space_populate(struct space *space, uint64_t at, uint64_t size, bool write)
{
    uint32_t kind = FAULT_USER | (write ? FAULT_WRITE : 0);
    for (uint64_t page = at; page < at + size; page += PAGE_SIZE)
        TRY(space_fault(space, page, kind));
    return STATUS_OK;
}

// The first part of [at, to) that is mapped, and how its access allows to bring it in: for writing if it may be written and that does not part it from its source for nothing.
static bool populate_part(struct space *space, uint64_t at, uint64_t to, uint64_t *start, uint64_t *end, bool *write)
{
    rwlock_acquire_shared(&space->lock);
    const struct region *region = region_after(space, at);
    bool found = region && region->start < to;
    if (found) {
        *start = MAX(region->start, at);
        *end = MIN(region->end, to);
        *write = region->access & PAGE_WRITE && !(region_flags(region) & REGION_SHARED);
    }
    rwlock_release_shared(&space->lock);
    return found;
}

enum status space_populate_regions(struct space *space, uint64_t at, uint64_t size)
{
    uint64_t end;
    bool write;
    enum status outcome = STATUS_OK;
    for (uint64_t from = at; from < at + size && populate_part(space, from, at + size, &from, &end, &write); from = end) {
        enum status part = space_populate(space, from, end - from, write);
        outcome = outcome == STATUS_OK ? part : outcome;
    }
    return outcome;
}

// ---- what is in memory ----

static bool page_resident(struct space *space, const struct region *region, uint64_t at) MUST_SHARE(space->lock)
{
    if (region_holds_pages(region) && arch_space_query(&space->arch, (virt_t){ at }, nullptr, nullptr))
        return true;
    phys_t frame;
    if (!region->source ||
        !region->source->ops->get_resident(region->source, (at - region->start + region->offset) >> PAGE_SHIFT, 1, &frame))
        return false;
    frame_release(frame);
    return true;
}

enum status space_residency(struct space *space, uint64_t at, size_t pages, uint8_t *resident)
{
    enum status outcome = STATUS_OK;
    rwlock_acquire_shared(&space->lock);
    for (size_t i = 0; i < pages && outcome == STATUS_OK; i++) {
        const struct region *region = space_find(space, at + i * PAGE_SIZE);
        if (region)
            resident[i] = page_resident(space, region, at + i * PAGE_SIZE);
        else
            outcome = STATUS_NO_MEMORY;
    }
    rwlock_release_shared(&space->lock);
    return outcome;
}
