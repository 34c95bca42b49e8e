// SPDX-License-Identifier: MIT
// space.h: what the files of the address space share among themselves.
#pragma once

#include <arch/user.h>

#include <helix/space.h>

enum : uint64_t {
    SPACE_LOWEST = 64 * KIB,   // below: never mapped, so that a null pointer with an offset faults
    STACK_GUARD_GAP = 1 * MIB, // kept free below regions that grow down
    GAP_COUNTED = 16 * GIB,    // free room counts as no more than this in the tree's sums
};

// What faults set in a region, and what does not part it from its neighbours.
enum : uint32_t { REGION_PAGES = REGION_ANONYMOUS_PAGES | REGION_TOUCHED };

enum : uint32_t { SPACE_KEYS_FIRST = 1 << 0 }; // that a new space has

enum {
    SPACE_REGIONS_MAX = 65'530, // Linux's vm.max_map_count
    SPARE_REGIONS = 4,          // that a space keeps
};

// ---- region.c: the ordered tree ----

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

static inline uint32_t region_flags(const struct region *region)
{
    return atomic_load_explicit(&region->flags, memory_order_relaxed);
}

// With the space's lock held exclusively. A fault sets REGION_ANONYMOUS_PAGES with the region's lock.
static inline void region_flags_change(struct region *region, uint32_t clear, uint32_t set)
{
    atomic_store_explicit(&region->flags, (region_flags(region) & ~clear) | set, memory_order_relaxed);
}

// Whether any page may be mapped in it.
static inline bool region_holds_pages(const struct region *region)
{
    return region->source || region_flags(region) & REGION_PAGES;
}

// What a page of a region with this access allows until its next write is served. Where a program may write it may read, too, whatever
// it asked for: no processor has pages for writing only.
static inline uint32_t access_before_write(uint32_t access)
{
    return (access & REGION_ACCESS & ~PAGE_WRITE) | (access & PAGE_WRITE ? PAGE_READ : 0) | PAGE_USER;
}

// Whether such a region counts as data (RLIMIT_DATA), as Linux has it.
static inline bool region_is_data(uint32_t access, uint32_t flags)
{
    return access & PAGE_WRITE && !(flags & (REGION_SHARED | REGION_GROWS_DOWN | REGION_STACK));
}

// `bytes` of such a region come (or go, when negative) in what the space counts.
static inline void space_account(struct space *space, const struct region *region, int64_t bytes)
{
    uint32_t flags = region_flags(region);
    space->mapped += (uint64_t)bytes;
    if (region_is_data(region->access, flags))
        space->data += (uint64_t)bytes;
    if (UNLIKELY(flags & REGION_LOCKED))
        space->locked += (uint64_t)bytes;
}

// `bytes` are about to be unmapped.
void space_note_fall(struct space *space, uint64_t bytes) MUST_HOLD(space->lock);

// The lowest address that belongs to the region, its guard gap included.
static inline uint64_t region_low(const struct region *region)
{
    if (!(region_flags(region) & REGION_GROWS_DOWN))
        return region->start;
    return region->start > STACK_GUARD_GAP ? region->start - STACK_GUARD_GAP : 0;
}

// The last region that starts at or below `address`; the first that ends above it.
struct region *region_floor(struct space *space, uint64_t address) MUST_SHARE(space->lock);
struct region *region_after(struct space *space, uint64_t address) MUST_SHARE(space->lock);

// Bytes of [from, to) that lie in regions.
uint64_t region_overlap(struct space *space, uint64_t from, uint64_t to) MUST_SHARE(space->lock);

// A region with the bounds, access, flags and source of `model` and a reference of its own on the source; in no tree yet. nullptr: no memory.
struct region *region_new(struct space *space, const struct region *model) MUST_HOLD(space->lock);

// Sees to it that the next `count` (at most SPARE_REGIONS) calls of region_new do not fail. False: no memory, or too many regions.
bool regions_reserve(struct space *space, uint32_t count) MUST_HOLD(space->lock);

// Gives back a region that is in no tree.
void region_free(struct space *space, struct region *region) MUST_HOLD(space->lock);

// Frees all regions, as the space ends. Their pages are the caller's business.
void regions_free_all(struct space *space) MUST_HOLD(space->lock);

// Whether the two, of which the first ends where the second starts, are one region that happens to be in two pieces.
bool region_alike(const struct region *low, const struct region *high);

// `region` takes pages of `other` over, so it may hold what that one may.
void region_inherit(struct region *region, const struct region *other);

// What `model` says becomes part of the space, between its neighbours (nullptr: none) with nothing in its range: by making one of
// them larger when they are alike, else by a region of its own. STATUS_NO_MEMORY: nothing changed.
enum status region_put(struct space *space, struct region *below, const struct region *model, struct region *above) MUST_HOLD(space->lock);

// As region_put for a region made before; cannot fail. `region` may be freed by it.
void region_place(struct space *space, struct region *region) MUST_HOLD(space->lock);

// Puts a region between its neighbours, joining nothing.
void region_insert(struct space *space, struct region *below, struct region *region, struct region *above) MUST_HOLD(space->lock);

// Regions in their order that are to become the tree of a space that has none yet.
struct region_chain {
    struct region *first, *last;
};

// Puts `region` behind all others of the chain, joining nothing. The space counts it from then on.
void region_append(struct space *space, struct region_chain *chain, struct region *region) MUST_HOLD(space->lock);

// Makes the chain the space's tree, which was empty: in one go, without searching or turning.
void regions_build(struct space *space, const struct region_chain *chain) MUST_HOLD(space->lock);

// Takes a region out of the tree and frees it; its pages are the caller's business.
void region_drop(struct space *space, struct region *region) MUST_HOLD(space->lock);

// Moves one end of a region, without crossing a neighbour or the other end. The source's offset goes along. Pages are the caller's business.
void region_set_start(struct space *space, struct region *region, uint64_t start) MUST_HOLD(space->lock);
void region_set_end(struct space *space, struct region *region, uint64_t end) MUST_HOLD(space->lock);

// Cuts `lower` in two at `at`, strictly inside; `upper`, made by region_new from it, becomes the upper part. Returns that.
struct region *region_split(struct space *space, struct region *lower, uint64_t at, struct region *upper) MUST_HOLD(space->lock);

// Splits regions so that none crosses `from` or `to`. STATUS_NO_MEMORY: nothing changed.
enum status region_isolate(struct space *space, uint64_t from, uint64_t to) MUST_HOLD(space->lock);

// Joins neighbours that are alike, from the one before `from` to the one behind `to`.
void region_join(struct space *space, uint64_t from, uint64_t to) MUST_HOLD(space->lock);

// Joins a region with its neighbours where they are alike; `region` may be freed by that.
void region_join_around(struct space *space, struct region *region) MUST_HOLD(space->lock);

// ---- gap.c ----

// An address at which something can be put, and the regions next to it (nullptr: none).
struct room {
    uint64_t at;
    struct region *below, *above;
};

// The highest place where `size` bytes are free; false: nowhere. The second prefers one that large pages and tables can begin at.
bool space_find_gap(struct space *space, uint64_t size, struct room *room) MUST_SHARE(space->lock);
bool space_find_large_gap(struct space *space, uint64_t size, struct room *room) MUST_SHARE(space->lock);

// Whether [from, to) is free, guard gaps included.
bool space_room_at(struct space *space, uint64_t from, uint64_t to, struct room *room) MUST_SHARE(space->lock);

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
    lock_check_sleeping(&region->lock, RANK_REGION, LOCK_ALONE);
    uint32_t free = REGION_FREE;
    if (UNLIKELY(
            !atomic_compare_exchange_strong_explicit(&region->lock.state, &free, REGION_TAKEN, memory_order_acquire, memory_order_relaxed)))
        region_wait(space, region);
}

NO_LOCK_ANALYSIS static inline void region_release(struct space *space, struct region *region) RELEASES(region->lock)
    MUST_SHARE(space->lock)
{
    lock_check_sleeping_end(&region->lock);
    if (UNLIKELY(atomic_exchange_explicit(&region->lock.state, REGION_FREE, memory_order_acq_rel) == REGION_AWAITED))
        wait_wake_all(&space->fault_waiters); // of all regions: few wait, and each looks again
}

// ---- map.c ----

// Whether `added` more bytes of a region of such access and flags break a limit or the reserve.
enum status space_may_grow(struct space *space, uint64_t added, uint32_t access, uint32_t flags) MUST_HOLD(space->lock);

// The range in whole pages; false: it is no range of the user half.
static inline bool space_range(uint64_t at, uint64_t *size)
{
    uint64_t whole = align_up(*size, PAGE_SIZE);
    if (whole < *size || at > arch_user_end() || whole > arch_user_end() - at)
        return false;
    *size = whole;
    return true;
}

// Whether pages of such a region are promises that only RAM can keep.
static inline bool region_needs_promise(uint32_t access, uint32_t flags)
{
    return access & PAGE_WRITE && !(flags & (REGION_SHARED | REGION_NO_RESERVE));
}

// Unmaps [from, to), page-aligned. STATUS_NO_MEMORY: nothing changed; never after space_clear_prepare with a region in reserve.
enum status space_clear(struct space *space, uint64_t from, uint64_t to) MUST_HOLD(space->lock);

// Makes all that unmapping [from, to) needs of page tables. STATUS_NO_MEMORY: no page or right has changed.
enum status space_clear_prepare(struct space *space, uint64_t from, uint64_t to) MUST_HOLD(space->lock);

// Drops the pages of [from, to); regions stay.
void space_drop_pages(struct space *space, uint64_t from, uint64_t to) MUST_HOLD(space->lock);

// ---- advice.c, lock.c ----

// Clears and sets flags of what is mapped in [from, to). STATUS_NO_MEMORY: nothing changed.
enum status region_flags_set(struct space *space, uint64_t from, uint64_t to, uint32_t clear, uint32_t set) MUST_HOLD(space->lock);

// Whether so many more bytes may be locked: STATUS_AGAIN if not.
enum status space_may_lock(struct space *space, uint64_t bytes) MUST_SHARE(space->lock);

// ---- source.c: all spaces, for who looks for the mappings of a source ----

// As space_create, but not among all spaces until it is published. Who shares pages of another space publishes before it gives that one's
// lock up, so that who has been there comes here too.
enum status space_make(struct space **space);
void space_publish(struct space *space);
void space_withdraw(struct space *space);

// ---- fault.c ----

enum status space_fault_locked(struct space *space, uint64_t address, uint32_t kind) MUST_HOLD(space->lock);

// ---- large.c ----

// Serves a write fault of anonymous memory, whose page's table is not there, with a large page if that is wise. The region's lock is held,
// or the space's exclusively.
bool space_fault_large(struct space *space, struct region *region, uint64_t page, uint32_t kind) MUST_SHARE(space->lock);

// ---- shared.c: anonymous memory that survives fork as one ----

// A source of `size` bytes of zeros, with one reference.
enum status shared_memory_create(uint64_t size, struct page_source **source);
