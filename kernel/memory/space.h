// SPDX-License-Identifier: MIT
// space.h: what the files of the address space share among themselves.
#pragma once

#include <helix/space.h>

enum : uint64_t {
    SPACE_LOWEST = 64 * KIB,   // below: never mapped, so that a null pointer with an offset faults
    STACK_GUARD_GAP = 1 * MIB, // kept free below regions that grow down
};

enum { SPACE_REGIONS_MAX = 65'530 }; // Linux's vm.max_map_count

// ---- space_region.c: the ordered tree ----

static inline uint64_t region_size(const struct region *region)
{
    return region->end - region->start;
}

static inline struct region *region_of(struct tree_node *node)
{
    return node ? container_of(node, struct region, node) : nullptr;
}

static inline struct region *region_next(const struct region *region)
{
    return region_of(tree_next(&region->node));
}

static inline struct region *region_previous(const struct region *region)
{
    return region_of(tree_previous(&region->node));
}

// The lowest address that belongs to the region, its guard gap included.
static inline uint64_t region_low(const struct region *region)
{
    if (!(region->flags & REGION_GROWS_DOWN))
        return region->start;
    return region->start > STACK_GUARD_GAP ? region->start - STACK_GUARD_GAP : 0;
}

// The last region that starts at or below `address`; the first that ends above it.
struct region *region_floor(struct space *space, uint64_t address) MUST_SHARE(space->lock);
struct region *region_after(struct space *space, uint64_t address) MUST_SHARE(space->lock);

// Bytes of [from, to) that lie in regions.
uint64_t region_overlap(struct space *space, uint64_t from, uint64_t to) MUST_SHARE(space->lock);

// A copy of `model` that holds a reference of its own on the source; in no tree yet. nullptr: no memory.
struct region *region_new(const struct region *model);

// Gives back a region that is in no tree.
void region_free(struct region *region);

// Puts a region where nothing is, joining it with its neighbours when they are alike. `region` may be freed by that.
void region_place(struct space *space, struct region *region) MUST_HOLD(space->lock);

// Takes a region out of the tree and frees it; its pages are the caller's business.
void region_drop(struct space *space, struct region *region) MUST_HOLD(space->lock);

// Splits regions so that none crosses `from` or `to`. STATUS_NO_MEMORY: nothing changed.
enum status region_isolate(struct space *space, uint64_t from, uint64_t to) MUST_HOLD(space->lock);

// Joins neighbours that are alike, from the one before `from` to the one behind `to`.
void region_join(struct space *space, uint64_t from, uint64_t to) MUST_HOLD(space->lock);

// ---- a region's own lock ----
//
// Taken with the space's lock shared, which keeps the region where it is. Whoever has the space's lock exclusively has all of them.

enum region_lock_state : uint32_t { REGION_FREE, REGION_TAKEN, REGION_AWAITED };

// Sleeps until nobody else has it. Called by region_acquire alone.
void region_wait(struct space *space, struct region *region);

// Not analysed inside: the analysis has no word for what makes these a lock.
NO_LOCK_ANALYSIS static inline void region_acquire(struct space *space, struct region *region) ACQUIRES(region->lock)
    MUST_SHARE(space->lock)
{
    uint32_t free = REGION_FREE;
    if (UNLIKELY(
            !atomic_compare_exchange_strong_explicit(&region->lock.state, &free, REGION_TAKEN, memory_order_acquire, memory_order_relaxed)))
        region_wait(space, region);
}

NO_LOCK_ANALYSIS static inline void region_release(struct space *space, struct region *region) RELEASES(region->lock)
    MUST_SHARE(space->lock)
{
    if (UNLIKELY(atomic_exchange_explicit(&region->lock.state, REGION_FREE, memory_order_acq_rel) == REGION_AWAITED))
        wait_wake_all(&space->fault_waiters); // of all regions: few wait, and each looks again
}

// ---- space_map.c ----

// Where `size` bytes are free, top down; false: nowhere.
bool space_find_gap(struct space *space, uint64_t size, uint64_t *at) MUST_HOLD(space->lock);

// Whether a region of `added` more bytes breaks a limit or the reserve.
enum status space_may_grow(struct space *space, uint64_t added) MUST_HOLD(space->lock);

// Unmaps [from, to), page-aligned. STATUS_NO_MEMORY: nothing changed.
enum status space_clear(struct space *space, uint64_t from, uint64_t to) MUST_HOLD(space->lock);

// Drops the pages of [from, to); regions stay.
void space_drop_pages(struct space *space, uint64_t from, uint64_t to) MUST_HOLD(space->lock);

// ---- space_fault.c ----

enum status space_fault_locked(struct space *space, uint64_t address, uint32_t kind) MUST_HOLD(space->lock);

// ---- space_shared.c: anonymous memory that survives fork as one ----

// A source of `size` bytes of zeros, with one reference.
enum status shared_memory_create(uint64_t size, struct page_source **source);
