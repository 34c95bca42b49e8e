// SPDX-License-Identifier: MIT
// space_region.c: the ordered tree of regions: finding, splitting and joining them.
#include "space.h"

#include <helix/heap.h>
#include <helix/thread.h>

static int region_compare(const struct tree_node *a, const struct tree_node *b)
{
    uint64_t first = container_of(a, struct region, node)->start, second = container_of(b, struct region, node)->start;
    return first < second ? -1 : first > second;
}

struct region *region_floor(struct space *space, uint64_t address)
{
    struct tree_node *node = space->regions.root;
    struct region *best = nullptr;
    while (node) {
        struct region *region = region_of(node);
        if (region->start <= address) {
            best = region;
            node = node->right;
        } else {
            node = node->left;
        }
    }
    return best;
}

struct region *region_after(struct space *space, uint64_t address)
{
    struct region *region = region_floor(space, address);
    if (!region)
        return region_of(tree_first(&space->regions));
    return region->end > address ? region : region_next(region);
}

struct region *space_find(struct space *space, uint64_t address)
{
    struct region *region = atomic_load_explicit(&space->recent, memory_order_relaxed);
    if (LIKELY(region && address - region->start < region_size(region)))
        return region;
    region = region_floor(space, address);
    if (!region || address >= region->end)
        return nullptr;
    atomic_store_explicit(&space->recent, region, memory_order_relaxed); // regions go with the lock held exclusively, and clear it
    return region;
}

void region_wait(struct space *space, struct region *region)
{
    struct waiter waiter;
    waiter_init(&waiter);
    for (;;) {
        wait_begin(&space->fault_waiters, &waiter);
        if (atomic_exchange_explicit(&region->lock.state, REGION_AWAITED, memory_order_acquire) == REGION_FREE)
            break; // AWAITED although perhaps nobody else waits: one wake-up for nothing
        (void)thread_block_uninterruptible(BLOCK_LOCK, UINT64_MAX);
    }
    wait_end(&waiter);
}

uint64_t region_overlap(struct space *space, uint64_t from, uint64_t to)
{
    uint64_t bytes = 0;
    for (struct region *region = region_after(space, from); region && region->start < to; region = region_next(region))
        bytes += MIN(region->end, to) - MAX(region->start, from);
    return bytes;
}

struct region *region_new(const struct region *model)
{
    struct region *region = heap_alloc(sizeof *region);
    if (!region)
        return nullptr;
    *region = *model;
    if (region->source)
        region->source->ops->retain(region->source);
    return region;
}

void region_free(struct region *region)
{
    if (region->source)
        region->source->ops->release(region->source);
    heap_free(region);
}

void region_drop(struct space *space, struct region *region)
{
    if (atomic_load_explicit(&space->recent, memory_order_relaxed) == region)
        atomic_store_explicit(&space->recent, nullptr, memory_order_relaxed);
    tree_remove(&space->regions, &region->node);
    space->region_count--;
    space->mapped -= region_size(region);
    region_free(region);
}

static void region_insert(struct space *space, struct region *region) MUST_HOLD(space->lock)
{
    tree_insert(&space->regions, &region->node, region_compare);
    space->region_count++;
    space->mapped += region_size(region);
}

// Whether `low` and `high` are one region that happens to be in two pieces.
static bool region_alike(const struct region *low, const struct region *high)
{
    return low->end == high->start && low->access == high->access && low->source == high->source &&
           !((low->flags ^ high->flags) & ~REGION_ANONYMOUS_PAGES) && !(low->flags & (REGION_GROWS_DOWN | REGION_STACK)) &&
           (!low->source || low->offset + region_size(low) == high->offset);
}

// `high` becomes part of `low`.
static void region_absorb(struct space *space, struct region *low, struct region *high) MUST_HOLD(space->lock)
{
    uint64_t size = region_size(high);
    low->flags |= high->flags & REGION_ANONYMOUS_PAGES;
    region_drop(space, high);
    low->end += size;
    space->mapped += size;
}

void region_place(struct space *space, struct region *region)
{
    struct region *low = region_floor(space, region->start);
    struct region *high = low ? region_next(low) : region_of(tree_first(&space->regions));
    if (low && region_alike(low, region)) {
        low->end = region->end;
        low->flags |= region->flags & REGION_ANONYMOUS_PAGES;
        space->mapped += region_size(region);
        region_free(region);
        if (high && region_alike(low, high))
            region_absorb(space, low, high);
        return;
    }
    if (high && region_alike(region, high)) {
        high->start = region->start;
        high->offset = region->offset;
        high->flags |= region->flags & REGION_ANONYMOUS_PAGES;
        space->mapped += region_size(region);
        region_free(region);
        return;
    }
    region_insert(space, region);
}

// The region that has `at` strictly inside, nullptr if none.
static struct region *region_crossing(struct space *space, uint64_t at) MUST_HOLD(space->lock)
{
    struct region *region = region_floor(space, at);
    return region && region->start < at && at < region->end ? region : nullptr;
}

// `upper`, a copy of the region that crosses `at`, becomes the part from there on.
static void region_split(struct space *space, uint64_t at, struct region *upper) MUST_HOLD(space->lock)
{
    struct region *lower = region_crossing(space, at);
    upper->flags = lower->flags;
    upper->start = at;
    upper->end = lower->end;
    upper->offset = lower->source ? lower->offset + (at - lower->start) : 0;
    lower->end = at;
    space->mapped -= region_size(upper);
    region_insert(space, upper);
}

enum status region_isolate(struct space *space, uint64_t from, uint64_t to)
{
    struct region *at_from = region_crossing(space, from), *at_to = region_crossing(space, to);
    if (!at_from && !at_to)
        return STATUS_OK;
    if (space->region_count + 2 > SPACE_REGIONS_MAX)
        return STATUS_NO_MEMORY;
    struct region *spare_from = at_from ? region_new(at_from) : nullptr;
    struct region *spare_to = at_to ? region_new(at_to) : nullptr;
    if ((at_from && !spare_from) || (at_to && !spare_to)) {
        if (spare_from)
            region_free(spare_from);
        if (spare_to)
            region_free(spare_to);
        return STATUS_NO_MEMORY;
    }
    if (spare_from)
        region_split(space, from, spare_from);
    if (spare_to)
        region_split(space, to, spare_to);
    return STATUS_OK;
}

void region_join(struct space *space, uint64_t from, uint64_t to)
{
    struct region *region = region_after(space, from - 1);
    while (region && region->start < to) {
        struct region *next = region_next(region);
        if (next && region_alike(region, next))
            region_absorb(space, region, next);
        else
            region = next;
    }
}
