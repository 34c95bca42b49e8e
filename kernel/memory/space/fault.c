// SPDX-License-Identifier: MIT
// fault.c: delivers the page that a program touched, or says why not.
//
// One walk finds the page's last-level entry and makes the tables on the way; what is there decides, and is set through the same pointer.
#include "space.h"

#include <lib/string.h>

#include <arch/interrupt.h>
#include <arch/table_walk.h>
#include <arch/user.h>

#include <helix/frames.h>

enum { FAULT_AROUND_PAGES = 16 };

// One fault while it is served.
struct fault {
    struct space *space;
    struct region *region;
    uint64_t page; // address
    struct table_entry *leaf;
    bool write;
};

static uint32_t access_full(const struct region *region)
{
    return (region->access & REGION_ACCESS) | PAGE_USER;
}

static uint32_t access_without_write(const struct region *region)
{
    return access_before_write(region->access);
}

static uint64_t source_index(const struct region *region, uint64_t page)
{
    return (page - region->start + region->offset) >> PAGE_SHIFT;
}

// What a failing source means to the program: beyond its end, no memory, or else an error of the device.
static enum status source_get(const struct fault *fault, bool for_write, phys_t *frame)
{
    struct page_source *source = fault->region->source;
    enum status outcome = source->ops->get(source, source_index(fault->region, fault->page), for_write, frame);
    if (outcome == STATUS_OK || outcome == STATUS_OUT_OF_RANGE || outcome == STATUS_NO_MEMORY)
        return outcome;
    return STATUS_IO_ERROR;
}

static inline enum status user_frame_alloc(uint32_t flags, phys_t *frame)
{
    if (UNLIKELY(!frames_user_allowed()))
        return STATUS_NO_MEMORY;
    return frame_alloc(1, flags, frame);
}

static void counter_add(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

// What the region holds: REGION_ANONYMOUS_PAGES, pages that its source does not know, so that fork must share its tables; or
// REGION_TOUCHED.
static void region_has(struct region *region, uint32_t flag)
{
    if (UNLIKELY(!(region_flags(region) & flag)))
        atomic_fetch_or_explicit(&region->flags, flag, memory_order_relaxed);
}

// ---- pages that are not there yet ----

// The frame that every page of anonymous memory shows before it is first written. It is never freed, and mappings borrow it: no CPU
// writes to its record.
static phys_t zero_frame; // [const] after space_init

void space_init(void)
{
    zero_frame = frame_alloc_boot(1);
}

static enum status fault_zero_read(const struct fault *fault)
{
    region_has(fault->region, REGION_TOUCHED);
    arch_leaf_set(fault->leaf, zero_frame, access_without_write(fault->region) | PAGE_BORROWED);
    return STATUS_OK;
}

// The first write to a page of private anonymous memory: what programs fault at most.
static inline enum status fault_zero_write(struct space *space, struct region *region, struct table_entry *leaf)
{
    phys_t frame;
    TRY(user_frame_alloc(FRAME_ZEROED, &frame));
    region_has(region, REGION_ANONYMOUS_PAGES);
    counter_add(&space->faults_minor);
    arch_leaf_set(leaf, frame, access_full(region));
    return STATUS_OK;
}

static enum status fault_shared_write(const struct fault *fault)
{
    phys_t frame;
    TRY(source_get(fault, true, &frame));
    arch_leaf_set(fault->leaf, frame, access_full(fault->region));
    return STATUS_OK;
}

// A frame of the program's own with what `original` holds.
static enum status fault_copy_of(const struct fault *fault, phys_t original, phys_t *copy)
{
    TRY(user_frame_alloc(0, copy));
    memcpy(direct_map(*copy), direct_map(original), PAGE_SIZE);
    region_has(fault->region, REGION_ANONYMOUS_PAGES);
    counter_add(&fault->space->faults_copied);
    return STATUS_OK;
}

static enum status fault_private_write(const struct fault *fault)
{
    phys_t original, copy;
    TRY(source_get(fault, false, &original));
    enum status outcome = fault_copy_of(fault, original, &copy);
    if (outcome == STATUS_OK)
        arch_leaf_set(fault->leaf, copy, access_full(fault->region));
    frame_release(original);
    return outcome;
}

// How many unmapped pages lie right before the faulting one, and from it on, within its window of FAULT_AROUND_PAGES and its region.
// The window lies in one table.
static void around_bounds(const struct fault *fault, size_t *before, size_t *from_here)
{
    uint64_t window = align_down(fault->page, FAULT_AROUND_PAGES * PAGE_SIZE);
    uint64_t low = MAX(window, fault->region->start), high = MIN(window + FAULT_AROUND_PAGES * PAGE_SIZE, fault->region->end);
    size_t most_before = (fault->page - low) >> PAGE_SHIFT, most = (high - fault->page) >> PAGE_SHIFT;
    size_t down = 0, up = 1;
    while (down < most_before && !entry_read(fault->leaf - down - 1))
        down++;
    while (up < most && !entry_read(fault->leaf + up))
        up++;
    *before = down;
    *from_here = up;
}

// Maps what the source has in memory round the fault. True: the faulting page is among it.
static bool fault_around(const struct fault *fault)
{
    struct page_source *source = fault->region->source;
    phys_t frames[FAULT_AROUND_PAGES] __attribute__((uninitialized));
    size_t before, from_here;
    around_bounds(fault, &before, &from_here);
    uint64_t first = source_index(fault->region, fault->page) - before;
    size_t count = source->ops->get_resident(source, first, before + from_here, frames);
    uint32_t access = access_without_write(fault->region);
    if (count)
        arch_leaf_set_run(fault->leaf - before, frames, count, access);
    return count > before;
}

static enum status fault_source_read(const struct fault *fault)
{
    if (fault_around(fault))
        return STATUS_OK;
    phys_t frame;
    TRY(source_get(fault, false, &frame));
    arch_leaf_set(fault->leaf, frame, access_without_write(fault->region));
    return STATUS_OK;
}

static enum status fault_absent(const struct fault *fault)
{
    if (!fault->region->source && fault->write)
        return fault_zero_write(fault->space, fault->region, fault->leaf);
    counter_add(&fault->space->faults_minor);
    if (!fault->region->source)
        return fault_zero_read(fault);
    if (!fault->write)
        return fault_source_read(fault);
    return fault->region->flags & REGION_SHARED ? fault_shared_write(fault) : fault_private_write(fault);
}

// ---- pages that are there, with too few rights ----

static void fault_replace(const struct fault *fault, phys_t frame, uint32_t access)
{
    arch_leaf_replace(&fault->space->arch, fault->page, fault->leaf, frame, access);
}

static bool frame_is_ours(phys_t frame)
{
    struct frame *record = frame_of(frame);
    return record && atomic_load_explicit(&record->references, memory_order_acquire) == 1;
}

// The first write to a page that has shown zeros so far.
static enum status fault_write_zero(const struct fault *fault)
{
    phys_t frame;
    TRY(user_frame_alloc(FRAME_ZEROED, &frame));
    region_has(fault->region, REGION_ANONYMOUS_PAGES);
    fault_replace(fault, frame, access_full(fault->region));
    return STATUS_OK;
}

static enum status fault_write_shared(const struct fault *fault, phys_t frame)
{
    phys_t writable;
    TRY(source_get(fault, true, &writable));
    fault_replace(fault, writable, access_full(fault->region));
    frame_release(frame); // one reference per mapping, whether or not it is the same frame
    return STATUS_OK;
}

static enum status fault_write_present(const struct fault *fault, uint64_t entry)
{
    phys_t frame = page_entry_frame(entry), copy;
    if (fault->region->flags & REGION_SHARED)
        return fault_write_shared(fault, frame);
    if (page_entry_borrowed(entry))
        return fault_write_zero(fault);
    if (frame_is_ours(frame)) {
        region_has(fault->region, REGION_ANONYMOUS_PAGES);
        fault_replace(fault, frame, access_full(fault->region));
        return STATUS_OK;
    }
    TRY(fault_copy_of(fault, frame, &copy));
    fault_replace(fault, copy, access_full(fault->region));
    frame_release(frame);
    return STATUS_OK;
}

static enum status fault_present(const struct fault *fault, uint64_t entry, uint32_t wanted)
{
    if (page_entry_access(entry) & wanted & REGION_RIGHTS) { // another thread was faster, or this CPU remembers what was before
        arch_space_flush_way(&fault->space->arch, fault->page);
        return STATUS_OK;
    }
    counter_add(&fault->space->faults_minor);
    if (fault->write)
        return fault_write_present(fault, entry);
    uint32_t borrowed = page_entry_borrowed(entry) ? PAGE_BORROWED : 0;
    fault_replace(fault, page_entry_frame(entry), access_without_write(fault->region) | borrowed);
    return STATUS_OK;
}

// ---- stacks ----

// The region above `address`, extended down to it if it is one that grows and may; else nullptr.
static struct region *stack_grow(struct space *space, uint64_t address) MUST_HOLD(space->lock)
{
    struct region *region = region_after(space, address);
    uint64_t start = align_down(address, PAGE_SIZE);
    if (!region || !(region->flags & REGION_GROWS_DOWN) || start < SPACE_LOWEST || region->end - start > space->limit_stack)
        return nullptr;
    struct region *below = region_previous(region);
    if (below && below->access & REGION_RIGHTS && start - below->end < STACK_GUARD_GAP)
        return nullptr;
    uint64_t added = region->start - start;
    if (added > space->limit_space || space->mapped > space->limit_space - added)
        return nullptr;
    if (region_flags(region) & REGION_LOCKED && space_may_lock(space, added) != STATUS_OK)
        return nullptr;
    region_set_start(space, region, start);
    return region;
}

// ---- the two ways of a fault ----

static uint32_t access_wanted(uint32_t kind)
{
    return kind & FAULT_WRITE ? PAGE_WRITE : kind & FAULT_EXECUTE ? PAGE_EXECUTE : PAGE_READ | PAGE_WRITE | PAGE_EXECUTE;
}

// With the entry found.
static enum status fault_serve(const struct fault *fault, uint32_t wanted)
{
    uint64_t entry = entry_read(fault->leaf);
    return entry ? fault_present(fault, entry, wanted) : fault_absent(fault);
}

// As fault_in_region, of what does not go without saying.
[[gnu::noinline]] static enum status fault_in_region_any(struct space *space, struct region *region, struct table_entry *leaf,
                                                         uint64_t address, uint32_t kind) MUST_SHARE(space->lock)
{
    struct fault fault = { space, region, align_down(address, PAGE_SIZE), leaf, kind & FAULT_WRITE };
    if (UNLIKELY(!leaf)) {
        if (space_fault_large(space, region, fault.page, kind))
            return STATUS_OK;
        TRY(arch_leaf_make(&space->arch, fault.page, &fault.leaf));
    }
    return fault_serve(&fault, access_wanted(kind));
}

// The space's lock and the region's are held. STATUS_BUSY: it takes the whole space.
static inline enum status fault_in_region(struct space *space, struct region *region, uint64_t address, uint32_t kind)
    MUST_SHARE(space->lock)
{
    struct table_entry *leaf = arch_leaf_find(&space->arch, address);
    if (LIKELY(leaf && !entry_read(leaf) && kind & FAULT_WRITE && !region->source))
        return fault_zero_write(space, region, leaf);
    return fault_in_region_any(space, region, leaf, address, kind);
}

enum status space_fault_locked(struct space *space, uint64_t address, uint32_t kind)
{
    struct region *region = space_find(space, address);
    if (!region)
        region = stack_grow(space, address);
    if (!region)
        return STATUS_NOT_MAPPED;
    if (!(region->access & access_wanted(kind)))
        return STATUS_DENIED;
    struct fault fault = { space, region, align_down(address, PAGE_SIZE), nullptr, kind & FAULT_WRITE };
    if (fault.write && !(region->flags & REGION_SHARED) && arch_large_reuse(&space->arch, fault.page, access_full(region)))
        return STATUS_OK;
    if (space_fault_large(space, region, fault.page, kind))
        return STATUS_OK;
    TRY(arch_leaf_own(&space->arch, fault.page, &fault.leaf));
    return fault_serve(&fault, access_wanted(kind));
}

// Most faults find their region and tables of the space's own. STATUS_BUSY: this one does not.
static inline enum status fault_shared(struct space *space, uint64_t address, uint32_t kind) MUST_SHARE(space->lock)
{
    struct region *region = atomic_load_explicit(&space->recent, memory_order_relaxed);
    if (UNLIKELY(!region || address - region->start >= region_size(region)))
        region = space_find(space, address);
    if (UNLIKELY(!region)) {
        region = region_after(space, address);
        return region && region->flags & REGION_GROWS_DOWN ? STATUS_BUSY : STATUS_NOT_MAPPED;
    }
    if (UNLIKELY(!(region->access & access_wanted(kind))))
        return STATUS_DENIED;
    region_acquire(space, region);
    enum status outcome = fault_in_region(space, region, address, kind);
    region_release(space, region);
    return outcome;
}

enum status space_fault(struct space *space, uint64_t address, uint32_t kind)
{
    if (UNLIKELY(address >= arch_user_end()))
        return STATUS_NOT_MAPPED;
    rwlock_acquire_shared(&space->lock);
    enum status outcome = fault_shared(space, address, kind);
    rwlock_release_shared(&space->lock);
    if (LIKELY(outcome != STATUS_BUSY))
        return outcome;
    rwlock_acquire(&space->lock);
    outcome = space_fault_locked(space, address, kind);
    rwlock_release(&space->lock);
    return outcome;
}
