// SPDX-License-Identifier: MIT
// region.c: the ordered tree of regions: finding, placing, cutting and joining them.
//
// Every region knows the free room right below it (`gap`) and the largest such room in its subtree, so that the highest room that is large
// enough is found in O(log n) (gap.c). Rooms of GAP_COUNTED and more count as that: most programs have a few that are
// enormous, and a mapping made in one of those changes no sum. Bounds and places change by the functions of this file alone, which keep these sums,
// and what the space counts (space_account), true.
#include "space.h"

#include <helix/heap.h>
#include <helix/thread.h>

// ---- finding ----

struct region *region_floor(struct space *space, uint64_t address)
{
    struct tree_node *node = space->regions.root;
    struct region *best = nullptr;
    while (node) {
        struct region *region = region_of(node);
        bool at_or_below = region->start <= address;
        best = at_or_below ? region : best;
        node = at_or_below ? node->right : node->left;
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

uint64_t region_overlap(struct space *space, uint64_t from, uint64_t to)
{
    uint64_t bytes = 0;
    for (struct region *region = region_after(space, from); region && region->start < to; region = region_next(region))
        bytes += MIN(region->end, to) - MAX(region->start, from);
    return bytes;
}

// ---- a region's own lock ----

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

// ---- life ----

// A space keeps a few regions that were freed for those it will make: mapping and unmapping, or protecting a page to and fro, then
// allocates nothing. They hang together by node.parent.
static struct region *spare_take(struct space *space) MUST_HOLD(space->lock)
{
    struct region *region = space->spare_regions;
    if (!region)
        return heap_alloc(sizeof *region);
    space->spare_regions = region_of(region->node.parent);
    space->spare_count--;
    return region;
}

bool regions_reserve(struct space *space, uint32_t count)
{
    if (space->region_count + count > SPACE_REGIONS_MAX)
        return false;
    while (UNLIKELY(space->spare_count < count)) {
        struct region *region = heap_alloc(sizeof *region);
        if (!region)
            return false;
        region->source = nullptr;
        region_free(space, region);
    }
    return true;
}

struct region *region_new(struct space *space, const struct region *model)
{
    struct region *region = spare_take(space);
    if (UNLIKELY(!region))
        return nullptr;
    region->start = model->start;
    region->end = model->end;
    region->access = model->access;
    atomic_init(&region->flags, region_flags(model));
    atomic_init(&region->lock.state, REGION_FREE);
    region->source = model->source;
    region->offset = model->offset;
    if (region->source) {
        region->source->ops->retain(region->source);
        atomic_fetch_add(&region->source->regions, 1);
    }
    return region;
}

void region_free(struct space *space, struct region *region)
{
    if (region->source) {
        atomic_fetch_sub_explicit(&region->source->regions, 1, memory_order_relaxed);
        region->source->ops->release(region->source);
    }
    if (space->spare_count >= SPARE_REGIONS) {
        heap_free(region);
        return;
    }
    region->node.parent = space->spare_regions ? &space->spare_regions->node : nullptr;
    space->spare_regions = region;
    space->spare_count++;
}

// Everything in the space ends at once, so the tree is taken apart without keeping its balance.
static void regions_free(struct space *space, struct tree_node *node) MUST_HOLD(space->lock)
{
    while (node) {
        struct tree_node *right = node->right;
        regions_free(space, node->left); // as deep as the tree is high
        region_free(space, region_of(node));
        node = right;
    }
}

void regions_free_all(struct space *space)
{
    regions_free(space, space->regions.root);
    space->regions.root = nullptr;
    while (space->spare_regions)
        heap_free(spare_take(space));
}

// ---- gaps ----

static uint64_t largest_below(const struct tree_node *node)
{
    return node ? container_of(node, struct region, node)->largest_gap : 0;
}

static bool region_sum_up(struct tree_node *node)
{
    struct region *region = region_of(node);
    uint64_t left = largest_below(node->left), right = largest_below(node->right);
    uint64_t largest = MAX(MIN(region->gap, GAP_COUNTED), MAX(left, right));
    bool changed = largest != region->largest_gap;
    region->largest_gap = largest;
    return changed;
}

// No region begins below SPACE_LOWEST, so none ends there.
static uint64_t gap_above(const struct region *below, const struct region *region)
{
    uint64_t bottom = below ? below->end : SPACE_LOWEST;
    if (LIKELY(!(region_flags(region) & REGION_GROWS_DOWN)))
        return region->start - bottom;
    return region_low(region) > bottom ? region_low(region) - bottom : 0;
}

// The room below `region`, which may be nullptr, has changed; `below` is the region there.
static void gap_renew(struct region *region, const struct region *below)
{
    if (!region)
        return;
    uint64_t before = region->gap;
    region->gap = gap_above(below, region);
    if (MIN(before, GAP_COUNTED) != MIN(region->gap, GAP_COUNTED))
        tree_updated(&region->node, region_sum_up);
}

// `region`, right below `above`, goes: the room below `above` grows by what the region took. Where a guard gap takes part, room that is
// not there is not counted, so that has to be looked at.
static void gap_widen(struct region *above, const struct region *region)
{
    if (!above)
        return;
    if (UNLIKELY(region_flags(region) & REGION_GROWS_DOWN || !above->gap)) {
        gap_renew(above, region_previous(region));
        return;
    }
    uint64_t before = above->gap;
    above->gap = before + region_size(region) + region->gap;
    if (before < GAP_COUNTED)
        tree_updated(&above->node, region_sum_up);
}

// The opposite: `region` has come right below `above`, with all the room that is left below it.
static void gap_narrow(struct region *above, const struct region *region)
{
    if (!above)
        return;
    if (UNLIKELY(region_flags(region) & REGION_GROWS_DOWN || !above->gap)) {
        gap_renew(above, region);
        return;
    }
    above->gap -= region_size(region) + region->gap;
    if (above->gap < GAP_COUNTED)
        tree_updated(&above->node, region_sum_up);
}

// ---- placing and cutting ----

// The room below the region above it is the caller's business.
static void region_link(struct space *space, struct region *below, struct region *region) MUST_HOLD(space->lock)
{
    region->gap = gap_above(below, region);
    region->largest_gap = MIN(region->gap, GAP_COUNTED);
    tree_insert_after(&space->regions, below ? &below->node : nullptr, &region->node, region_sum_up);
    space->region_count++;
    space_account(space, region, (int64_t)region_size(region));
}

void region_append(struct space *space, struct region_chain *chain, struct region *region)
{
    region->gap = gap_above(chain->last, region);
    region->largest_gap = 0;
    region->node.right = nullptr;
    if (chain->last)
        chain->last->node.right = &region->node;
    else
        chain->first = region;
    chain->last = region;
    space->region_count++;
    space_account(space, region, (int64_t)region_size(region));
}

void regions_build(struct space *space, const struct region_chain *chain)
{
    tree_build(&space->regions, chain->first ? &chain->first->node : nullptr, space->region_count, region_sum_up);
}

void region_insert(struct space *space, struct region *below, struct region *region, struct region *above)
{
    region_link(space, below, region);
    gap_narrow(above, region);
}

static void region_take_out(struct space *space, struct region *region) MUST_HOLD(space->lock)
{
    if (atomic_load_explicit(&space->recent, memory_order_relaxed) == region)
        atomic_store_explicit(&space->recent, nullptr, memory_order_relaxed);
    gap_widen(region_next(region), region); // first: what is free anyway then stays the largest in most subtrees
    tree_remove_updating(&space->regions, &region->node, region_sum_up);
    space->region_count--;
    space_account(space, region, -(int64_t)region_size(region));
}

void region_drop(struct space *space, struct region *region)
{
    region_take_out(space, region);
    region_free(space, region);
}

void region_set_start(struct space *space, struct region *region, uint64_t start)
{
    space_account(space, region, (int64_t)(region->start - start));
    region->offset = region->source ? region->offset + (start - region->start) : 0;
    region->start = start;
    gap_renew(region, region_previous(region));
}

void region_set_end(struct space *space, struct region *region, uint64_t end)
{
    space_account(space, region, (int64_t)(end - region->end));
    region->end = end;
    gap_renew(region_next(region), region);
}

// ---- joining ----

bool region_alike(const struct region *low, const struct region *high)
{
    return low->end == high->start && low->access == high->access && low->source == high->source &&
           !((region_flags(low) ^ region_flags(high)) & ~REGION_PAGES) && !(region_flags(low) & (REGION_GROWS_DOWN | REGION_STACK)) &&
           (!low->source || low->offset + region_size(low) == high->offset);
}

void region_inherit(struct region *region, const struct region *other)
{
    region_flags_change(region, 0, region_flags(other) & REGION_PAGES);
}

// `high` becomes part of `low`.
static void region_absorb(struct space *space, struct region *low, struct region *high) MUST_HOLD(space->lock)
{
    uint64_t end = high->end;
    region_inherit(low, high);
    region_drop(space, high);
    region_set_end(space, low, end);
}

// Whether neighbours took what `region`, which is in no tree, describes.
[[gnu::always_inline]] static inline bool region_merge(struct space *space, struct region *below, const struct region *region,
                                                       struct region *above) MUST_HOLD(space->lock)
{
    if (below && region_alike(below, region)) {
        region_inherit(below, region);
        region_set_end(space, below, region->end);
        if (above && region_alike(below, above))
            region_absorb(space, below, above);
        return true;
    }
    if (above && region_alike(region, above)) {
        region_inherit(above, region);
        region_set_start(space, above, region->start);
        return true;
    }
    return false;
}

enum status region_put(struct space *space, struct region *below, const struct region *model, struct region *above)
{
    if (region_merge(space, below, model, above))
        return STATUS_OK;
    struct region *region = space->region_count < SPACE_REGIONS_MAX ? region_new(space, model) : nullptr;
    if (!region)
        return STATUS_NO_MEMORY;
    region_insert(space, below, region, above);
    return STATUS_OK;
}

void region_place(struct space *space, struct region *region)
{
    struct region *below = region_floor(space, region->start);
    struct region *above = below ? region_next(below) : region_of(tree_first(&space->regions));
    if (region_merge(space, below, region, above))
        region_free(space, region);
    else
        region_insert(space, below, region, above);
}

// The region that has `at` strictly inside, nullptr if none.
static struct region *region_crossing(struct space *space, uint64_t at) MUST_HOLD(space->lock)
{
    struct region *region = region_floor(space, at);
    return region && region->start < at && at < region->end ? region : nullptr;
}

struct region *region_split(struct space *space, struct region *lower, uint64_t at, struct region *upper)
{
    upper->start = at;
    upper->end = lower->end;
    upper->offset = lower->source ? lower->offset + (at - lower->start) : 0;
    space_account(space, lower, -(int64_t)region_size(upper));
    lower->end = at;
    region_link(space, lower, upper);
    return upper;
}

enum status region_isolate(struct space *space, uint64_t from, uint64_t to)
{
    struct region *at_from = region_crossing(space, from), *at_to = region_crossing(space, to);
    if (!at_from && !at_to)
        return STATUS_OK;
    if (space->region_count + 2 > SPACE_REGIONS_MAX)
        return STATUS_NO_MEMORY;
    struct region *spare_from = at_from ? region_new(space, at_from) : nullptr;
    struct region *spare_to = at_to ? region_new(space, at_to) : nullptr;
    if ((at_from && !spare_from) || (at_to && !spare_to)) {
        if (spare_from)
            region_free(space, spare_from);
        if (spare_to)
            region_free(space, spare_to);
        return STATUS_NO_MEMORY;
    }
    struct region *upper = spare_from ? region_split(space, at_from, from, spare_from) : nullptr;
    if (spare_to)
        region_split(space, at_to == at_from && upper ? upper : at_to, to, spare_to);
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

void region_join_around(struct space *space, struct region *region)
{
    struct region *below = region_previous(region), *above = region_next(region);
    if (above && region_alike(region, above))
        region_absorb(space, region, above);
    if (below && region_alike(below, region))
        region_absorb(space, below, region);
}
