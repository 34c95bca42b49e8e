// SPDX-License-Identifier: MIT
// space_fault.c: delivers the page that a program touched, or says why not.
#include "space.h"

#include <lib/string.h>

#include <arch/interrupt.h>
#include <arch/user.h>

#include <helix/frames.h>

enum { FAULT_AROUND_PAGES = 16 };

// One fault while it is served.
struct fault {
    struct space *space;
    struct region *region;
    uint64_t page; // address
    bool write;
};

static uint32_t access_full(const struct region *region)
{
    return region->access | PAGE_USER;
}

static uint32_t access_without_write(const struct region *region)
{
    return (region->access & ~PAGE_WRITE) | PAGE_USER;
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

static enum status user_frame_alloc(uint32_t flags, phys_t *frame)
{
    if (UNLIKELY(!frames_user_allowed()))
        return STATUS_NO_MEMORY;
    return frame_alloc(1, flags, frame);
}

// ---- pages that are not there yet ----

// Maps a frame whose reference the caller gives away, also when it fails.
static enum status fault_map_new(const struct fault *fault, phys_t frame, uint32_t access)
{
    enum status outcome = arch_space_map(&fault->space->arch, (virt_t){ fault->page }, frame, access);
    if (UNLIKELY(outcome != STATUS_OK)) {
        frame_release(frame);
        return outcome;
    }
    space_count_pages(fault->space, 1);
    return STATUS_OK;
}

static enum status fault_zero(const struct fault *fault)
{
    phys_t frame;
    TRY(user_frame_alloc(FRAME_ZEROED, &frame));
    fault->region->flags |= REGION_ANONYMOUS_PAGES;
    return fault_map_new(fault, frame, access_full(fault->region));
}

static enum status fault_shared_write(const struct fault *fault)
{
    phys_t frame;
    TRY(source_get(fault, true, &frame));
    return fault_map_new(fault, frame, access_full(fault->region));
}

static enum status fault_private_write(const struct fault *fault)
{
    phys_t original, copy;
    TRY(source_get(fault, false, &original));
    enum status outcome = user_frame_alloc(0, &copy);
    if (outcome == STATUS_OK) {
        memcpy(direct_map(copy), direct_map(original), PAGE_SIZE);
        fault->region->flags |= REGION_ANONYMOUS_PAGES;
        fault->space->faults_copied++;
        outcome = fault_map_new(fault, copy, access_full(fault->region));
    }
    frame_release(original);
    return outcome;
}

static bool page_absent(const struct fault *fault, uint64_t page)
{
    return !arch_space_query(&fault->space->arch, (virt_t){ page }, nullptr, nullptr);
}

// The unmapped run round the faulting page, within its window of FAULT_AROUND_PAGES and its region.
static void around_bounds(const struct fault *fault, uint64_t *from, uint64_t *to)
{
    uint64_t window = align_down(fault->page, FAULT_AROUND_PAGES * PAGE_SIZE);
    uint64_t low = MAX(window, fault->region->start);
    uint64_t high = MIN(window + FAULT_AROUND_PAGES * PAGE_SIZE, fault->region->end);
    uint64_t start = fault->page, end = fault->page + PAGE_SIZE;
    while (start > low && page_absent(fault, start - PAGE_SIZE))
        start -= PAGE_SIZE;
    while (end < high && page_absent(fault, end))
        end += PAGE_SIZE;
    *from = start;
    *to = end;
}

// Maps what the source has in memory round the fault. *served: the faulting page is among it.
static enum status fault_around(const struct fault *fault, bool *served)
{
    struct page_source *source = fault->region->source;
    phys_t frames[FAULT_AROUND_PAGES];
    uint64_t from, to;
    around_bounds(fault, &from, &to);
    size_t count = source->ops->get_resident(source, source_index(fault->region, from), (to - from) >> PAGE_SHIFT, frames);
    size_t mapped = 0;
    *served = from + count * PAGE_SIZE > fault->page;
    if (!count)
        return STATUS_OK;
    enum status outcome =
        arch_space_map_run(&fault->space->arch, (virt_t){ from }, frames, count, access_without_write(fault->region), &mapped);
    space_count_pages(fault->space, (int64_t)mapped);
    for (size_t i = mapped; i < count; i++)
        frame_release(frames[i]);
    return outcome;
}

static enum status fault_source_read(const struct fault *fault)
{
    bool served;
    TRY(fault_around(fault, &served));
    if (served)
        return STATUS_OK;
    phys_t frame;
    TRY(source_get(fault, false, &frame));
    return fault_map_new(fault, frame, access_without_write(fault->region));
}

static enum status fault_absent(const struct fault *fault)
{
    fault->space->faults_minor++;
    if (!fault->region->source)
        return fault_zero(fault);
    if (!fault->write)
        return fault_source_read(fault);
    return fault->region->flags & REGION_SHARED ? fault_shared_write(fault) : fault_private_write(fault);
}

// ---- pages that are there, with too few rights ----

// The entry exists, so mapping over it needs no table and cannot fail.
static enum status fault_replace(const struct fault *fault, phys_t frame, uint32_t access)
{
    return arch_space_map(&fault->space->arch, (virt_t){ fault->page }, frame, access);
}

static enum status fault_copy(const struct fault *fault, phys_t original)
{
    phys_t copy;
    TRY(user_frame_alloc(0, &copy));
    memcpy(direct_map(copy), direct_map(original), PAGE_SIZE);
    fault->region->flags |= REGION_ANONYMOUS_PAGES;
    fault->space->faults_copied++;
    enum status outcome = fault_replace(fault, copy, access_full(fault->region));
    frame_release(outcome == STATUS_OK ? original : copy);
    return outcome;
}

static bool frame_is_ours(phys_t frame)
{
    struct frame *record = frame_of(frame);
    return record && atomic_load_explicit(&record->references, memory_order_acquire) == 1;
}

static enum status fault_write_present(const struct fault *fault, phys_t frame)
{
    if (fault->region->flags & REGION_SHARED) {
        phys_t writable;
        TRY(source_get(fault, true, &writable));
        enum status outcome = fault_replace(fault, writable, access_full(fault->region));
        frame_release(outcome == STATUS_OK ? frame : writable); // one reference per mapping, whether or not it is the same frame
        return outcome;
    }
    if (!frame_is_ours(frame))
        return fault_copy(fault, frame);
    fault->region->flags |= REGION_ANONYMOUS_PAGES;
    return fault_replace(fault, frame, access_full(fault->region));
}

static enum status fault_present(const struct fault *fault, phys_t frame, uint32_t access, uint32_t wanted)
{
    if (access & wanted)
        return STATUS_OK; // another thread was faster
    fault->space->faults_minor++;
    if (fault->write)
        return fault_write_present(fault, frame);
    return fault_replace(fault, frame, access_without_write(fault->region));
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
    if (below && below->access && start - below->end < STACK_GUARD_GAP)
        return nullptr;
    uint64_t added = region->start - start;
    if (added > space->limit_space || space->mapped > space->limit_space - added)
        return nullptr;
    region->start = start;
    space->mapped += added;
    return region;
}

enum status space_fault_locked(struct space *space, uint64_t address, uint32_t kind)
{
    struct region *region = space_find(space, address);
    if (UNLIKELY(!region)) {
        region = stack_grow(space, address);
        if (!region)
            return STATUS_NOT_MAPPED;
    }
    uint32_t wanted = kind & FAULT_WRITE ? PAGE_WRITE : kind & FAULT_EXECUTE ? PAGE_EXECUTE : PAGE_READ | PAGE_WRITE | PAGE_EXECUTE;
    if (!(region->access & wanted))
        return STATUS_DENIED;
    const struct fault fault = { space, region, align_down(address, PAGE_SIZE), kind & FAULT_WRITE };
    phys_t frame;
    uint32_t access;
    if (arch_space_query(&space->arch, (virt_t){ fault.page }, &frame, &access))
        return fault_present(&fault, frame, access, wanted);
    return fault_absent(&fault);
}

enum status space_fault(struct space *space, uint64_t address, uint32_t kind)
{
    if (UNLIKELY(address >= arch_user_end()))
        return STATUS_NOT_MAPPED;
    rwlock_acquire(&space->lock);
    enum status outcome = space_fault_locked(space, address, kind);
    rwlock_release(&space->lock);
    return outcome;
}
