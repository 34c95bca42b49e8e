// SPDX-License-Identifier: MIT
// cache.c: the magazines behind each CPU's caches, and the depot where CPUs exchange them.
//
// Purpose     Most pairs of heap_alloc and heap_free touch nothing but their CPU's loaded magazine (heap.c). This is the rest.
// How         When the loaded magazine has run out (or over), the spare one takes its place; when that cannot help either, one is
//             exchanged with the class's depot under its lock; only when the depot has none (or enough) do objects come from (or go to)
//             the policy, a magazine at a time. A magazine itself is an object of the 128-byte class, straight from the policy.
// Invariants  A magazine's slot below its first object is null. At most DEPOT_FULL magazines of a class and one a CPU wait full in
//             the depot. A free object carries the heap's mark in its second word (heap.c).
// Locks       One per depot, RANK_HEAP_DEPOT, never held while the policy is called (RANK_HEAP, RANK_FRAMES). Preemption is off.
//             No object has a home CPU: what one CPU takes and another frees wanders through magazines, so that no list of remote
//             frees per slab is needed; slabs see whole magazines only.
// Cost        An exchange: some 60 instructions for 4 to 15 objects.

#include <helix/heap_cache.h>

#include <lib/string.h>

#include <helix/cpu.h>
#include <helix/heap_policy.h>
#include <helix/spinlock.h>

#include "../memory.h"

enum { DEPOT_FULL = 8, MAGAZINE_CLASS = 3 };
static_assert(MAGAZINE_BYTES == 1 << (MAGAZINE_CLASS + HEAP_SMALLEST_SHIFT));

// The slot of the null pointer: at most 8 KiB or fifteen objects lie above it.
static const uint8_t floors[HEAP_CLASSES] = { [6] = 7, [7] = 11 };

struct depot {
    struct spinlock lock;          // RANK_HEAP_DEPOT
    void **full GUARDED_BY(lock);  // magazines, linked through the slot of their null pointer
    void **empty GUARDED_BY(lock); // magazines, linked the same way
    uint32_t full_count GUARDED_BY(lock);
};

#define DEPOT { .lock = SPINLOCK(RANK_HEAP_DEPOT) }
static struct depot depots[HEAP_CLASSES] = { DEPOT, DEPOT, DEPOT, DEPOT, DEPOT, DEPOT, DEPOT, DEPOT };
static _Atomic uint64_t magazine_count;

// What a CPU without magazines has: empty and full at once.
static struct {
    alignas(MAGAZINE_BYTES) void *slots[MAGAZINE_SLOTS];
    void *end;
} none;
#define NONE (&none.slots[MAGAZINE_SLOTS])

void heap_caches_init(struct heap_caches *caches)
{
    *caches = (struct heap_caches){};
    for (unsigned row = 0; row <= HEAP_CLASSES; row++)
        caches->rows[row] = (struct heap_cache){ .top = NONE, .spare = NONE };
    for (unsigned class = 0; class < HEAP_CLASSES; class ++)
        caches->facts[class + 1].misaligned = heap_class_size(class) - 1;
}

static inline bool is_empty(void **top)
{
    return !top[-1];
}

static inline bool is_full(void **top)
{
    return !((uintptr_t)top % MAGAZINE_BYTES);
}

static inline void **base_of(void **top)
{
    return (void **)align_down((uintptr_t)(top - 1), MAGAZINE_BYTES);
}

static inline uint32_t rounds_of(void **top, unsigned class)
{
    return top == NONE ? 0 : (uint32_t)(top - base_of(top)) - floors[class] - 1u;
}

static inline uint32_t capacity_of(unsigned class)
{
    return MAGAZINE_SLOTS - 1u - floors[class];
}

// ---- magazines ----

// An empty one; NONE: no memory.
static void **magazine_make(unsigned class)
{
    void *made;
    if (!heap_policy->take(MAGAZINE_CLASS, &made, 1))
        return NONE;
    atomic_fetch_add_explicit(&magazine_count, 1, memory_order_relaxed);
    void **slots = made;
    memset(slots, 0, MAGAZINE_BYTES); // nothing in it looks like a freed block
    return slots + floors[class] + 1;
}

static void magazine_drop(void **top)
{
    if (top == NONE)
        return;
    void *base = base_of(top);
    atomic_fetch_sub_explicit(&magazine_count, 1, memory_order_relaxed);
    heap_policy->give(MAGAZINE_CLASS, &base, 1);
}

// Gives all its objects to the policy; the magazine, now empty.
static void **magazine_empty(void **top, unsigned class)
{
    if (top == NONE)
        return NONE;
    void **first = base_of(top) + floors[class] + 1;
    if (top > first)
        heap_policy->give(class, first, (uint32_t)(top - first));
    return first;
}

// ---- the depot: a list of magazines is linked through the word of the null pointer, which is null again once it is out ----

static void magazine_push(void ***list, void **top, unsigned class)
{
    void **base = base_of(top);
    base[floors[class]] = *list;
    *list = top;
}

static void **magazine_pop(void ***list, unsigned class)
{
    void **top = *list;
    if (!top)
        return NONE;
    void **link = &base_of(top)[floors[class]];
    *list = *link;
    *link = nullptr;
    return top;
}

// A full magazine for an empty one (or NONE). NONE: the depot has none and has taken nothing.
static void **depot_take_full(struct depot *depot, unsigned class, void **empty)
{
    spinlock_acquire(&depot->lock);
    void **full = magazine_pop(&depot->full, class);
    if (full != NONE) {
        depot->full_count--;
        if (empty != NONE)
            magazine_push(&depot->empty, empty, class);
    }
    spinlock_release(&depot->lock);
    return full;
}

static bool depot_has_enough(struct depot *depot)
{
    spinlock_acquire(&depot->lock);
    bool enough = depot->full_count >= DEPOT_FULL;
    spinlock_release(&depot->lock);
    return enough;
}

static void depot_give_full(struct depot *depot, unsigned class, void **full)
{
    spinlock_acquire(&depot->lock);
    magazine_push(&depot->full, full, class);
    depot->full_count++;
    spinlock_release(&depot->lock);
}

static void **depot_take_empty(struct depot *depot, unsigned class)
{
    spinlock_acquire(&depot->lock);
    void **empty = magazine_pop(&depot->empty, class);
    spinlock_release(&depot->lock);
    return empty;
}

static void depot_trim(unsigned class)
{
    struct depot *depot = &depots[class];
    spinlock_acquire(&depot->lock);
    void **full = depot->full, **empty = depot->empty;
    depot->full = depot->empty = nullptr;
    depot->full_count = 0;
    spinlock_release(&depot->lock);
    while (full)
        magazine_drop(magazine_empty(magazine_pop(&full, class), class));
    while (empty)
        magazine_drop(magazine_pop(&empty, class));
}

// ---- when the loaded magazine does not do ----

static void cache_swap(struct heap_cache *cache)
{
    void **loaded = cache->top;
    cache->top = cache->spare;
    cache->spare = loaded;
}

void *heap_cache_refill(struct heap_cache *cache, unsigned class)
{
    if (!is_empty(cache->spare)) {
        cache_swap(cache);
        return *--cache->top;
    }
    void **full = depot_take_full(&depots[class], class, cache->top);
    if (full != NONE) {
        cache->top = full;
        return *--cache->top;
    }
    if (cache->top == NONE)
        cache->top = magazine_make(class);
    void *object;
    if (cache->top == NONE)
        return heap_policy->take(class, &object, 1) ? object : nullptr;
    uint32_t got = heap_policy->take(class, cache->top, capacity_of(class));
    cache->top += got;
    return got ? *--cache->top : nullptr;
}

static void **magazine_find(struct depot *depot, unsigned class)
{
    void **empty = depot_take_empty(depot, class);
    return empty != NONE ? empty : magazine_make(class);
}

// Makes the loaded magazine one with room. False: there is none, and no memory for one.
static bool cache_make_room(struct heap_cache *cache, unsigned class)
{
    struct depot *depot = &depots[class];
    if (!is_full(cache->spare)) {
        cache_swap(cache);
        return true;
    }
    bool both = cache->top != NONE && cache->spare != NONE;
    void **empty = both && depot_has_enough(depot) ? NONE : magazine_find(depot, class);
    if (empty == NONE) {
        cache->top = magazine_empty(cache->top, class);
        return cache->top != NONE;
    }
    if (both)
        depot_give_full(depot, class, cache->top);
    else if (cache->top != NONE)
        cache->spare = cache->top;
    cache->top = empty;
    return true;
}

void heap_cache_overflow(struct heap_cache *cache, unsigned class, void *object)
{
    if (cache_make_room(cache, class))
        *cache->top++ = object;
    else
        heap_policy->give(class, &object, 1);
}

// ---- giving back, and figures ----

static void cache_trim(struct heap_cache *cache, unsigned class)
{
    preempt_disable();
    void **loaded = cache->top, **spare = cache->spare;
    cache->top = cache->spare = NONE;
    magazine_drop(magazine_empty(loaded, class));
    magazine_drop(magazine_empty(spare, class));
    preempt_enable();
}

void heap_cache_trim(void)
{
    preempt_disable();
    for (unsigned class = 0; class < HEAP_CLASSES; class ++) {
        depot_trim(class);
        cache_trim(&cpu_local()->heap.rows[class + 1], class);
    }
    preempt_enable();
}

// Another CPU may change its magazines meanwhile: its figures are then those of a moment ago.
NO_RACE_CHECK static uint64_t cpu_count_cached(const struct heap_caches *caches, unsigned class, uint64_t *allocations)
{
    *allocations += caches->facts[class + 1].allocations;
    return rounds_of(caches->rows[class + 1].top, class) + rounds_of(caches->rows[class + 1].spare, class);
}

void heap_cache_count(uint64_t waiting[HEAP_CLASSES], uint64_t *allocations, uint64_t *magazines)
{
    for (unsigned class = 0; class < HEAP_CLASSES; class ++) {
        struct depot *depot = &depots[class];
        spinlock_acquire(&depot->lock);
        waiting[class] = (uint64_t)depot->full_count * capacity_of(class);
        spinlock_release(&depot->lock);
        for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
            waiting[class] += cpu_count_cached(&cpu_by_id(cpu)->heap, class, allocations);
    }
    *magazines = atomic_load_explicit(&magazine_count, memory_order_relaxed);
}
