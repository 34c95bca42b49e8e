// SPDX-License-Identifier: MIT
// frames.c: physical memory: the way of a frame from the profile's policy to who asks for it, and back.
//
// Purpose     Hands out frames of 4 KiB, counts who shares them, takes them back, and knows at any time where every frame is.
// How         One struct frame per frame number (database.c). A request for one frame is served from the CPU's cache
//             (cache.c); runs of frames, and frames of a given zone, come from the policy, as does a refill of the cache.
// Invariants  A frame is FREE (in the policy or in exactly one cache), in use with at least one reference, or RESERVED. Per zone,
//             total = used + free, a cached frame being free. A frame that is not in use cannot be freed: that is a panic.
//             The last `frame_reserve` frames go to the kernel only, so that a program that eats all memory cannot stop the kernel.
// Locks       RANK_FRAMES around the policy, unless the policy needs none. A cache has a lock that is only ever tried: who does
//             not get it asks the policy. Caches are locked before RANK_FRAMES and never two of them but by trying.
// Cost        One frame from or to the cache: some 25 instructions, and 512 stores where zeros are asked for. Every 32nd time a
//             batch of 32 goes between cache and policy.
// Not here    Which frame is best (frame_policy.h); memory before frames_init (boot.c).

#include <helix/frames.h>

#include <lib/string.h>

#include <helix/panic.h>

#include "parts.h"
#include "../memory.h"

struct frame_counters frame_counters;

static const uint32_t ZONED = FRAME_DMA | FRAME_DMA32;

static inline void count_add(_Atomic uint64_t *counter, uint64_t by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

// ---- from FREE to USED and back ----

[[noreturn, gnu::noinline, gnu::cold]] static void frame_state_panic(uint64_t number)
{
    if (number < frame_map.first || number >= frame_map.limit)
        panic("freeing %#lx, which is no frame of RAM", (unsigned long)(number * PAGE_SIZE));
    enum frame_block block = atomic_load_explicit(&frame_map.blocks[number / FRAME_BLOCK], memory_order_relaxed);
    enum frame_state state = block == BLOCK_READY ? frame_map.database[number].state : block == BLOCK_FREE ? FRAME_FREE : FRAME_RESERVED;
    if (state == FRAME_FREE)
        panic("double free of frame %#lx", (unsigned long)number);
    if (state == FRAME_RESERVED)
        panic("freeing reserved frame %#lx", (unsigned long)number);
    panic("frame %#lx was free and in use at once", (unsigned long)number);
}

static inline void frame_mark_used(uint64_t number)
{
    struct frame *frame = &frame_map.database[number];
    if (UNLIKELY(frame->head != 0))
        frame_state_panic(number);
    frame->head = frame_map.head_used;
}

static void frame_check_used(uint64_t number)
{
    static_assert(FRAME_FREE == 0 && FRAME_RESERVED == FRAME_LARGE + 1);
    if (!frame_known(number) || (uint8_t)(frame_map.database[number].state - FRAME_USED) >= FRAME_RESERVED - FRAME_USED)
        frame_state_panic(number);
}

// ---- between the caches and the policy ----

bool frames_may_take_last(uint32_t flags)
{
    if (!(flags & FRAME_USER))
        return true;
    uint64_t total, free;
    frames_count(&total, &free);
    return free > atomic_load_explicit(&frame_reserve, memory_order_relaxed);
}

uint32_t frames_supply(uint32_t *numbers, uint32_t count, uint32_t flags)
{
    frame_policy_enter();
    bool scarce = frame_policy_free(frame_policy) <= atomic_load_explicit(&frame_reserve, memory_order_relaxed);
    if (scarce) // one at a time, or what the kernel leaves in the cache would go to programs
        count = flags & FRAME_USER ? 0 : 1;
    uint32_t taken = count ? frame_policy->take(numbers, count) : 0;
    frame_policy_leave();
    for (uint32_t i = 0; i < taken; i++)
        frame_database_ready(numbers[i]);
    return taken;
}

void frames_return(const uint32_t *numbers, uint32_t count)
{
    if (!count)
        return;
    if (frame_policy->never_reuses)
        count_add(&frame_counters.lost, count);
    frame_policy_enter();
    frame_policy->give(numbers, count);
    frame_policy_leave();
}

// ---- one frame ----

[[gnu::noinline]] static phys_t frame_refused(void)
{
    count_add(&frame_counters.failures, 1);
    return FRAME_NONE;
}

static inline phys_t frame_handed_out(uint64_t number)
{
    frame_mark_used(number);
    return (phys_t){ number << PAGE_SHIFT };
}

// Somebody has this CPU's cache: without one.
[[gnu::noinline]] static phys_t frame_take_direct(uint32_t flags)
{
    uint32_t number;
    if (!frames_supply(&number, 1, flags) && !(frames_may_take_last(flags) && frame_cache_steal(&number)))
        return frame_refused();
    count_add(&frame_counters.allocations, 1);
    return frame_handed_out(number);
}

// The cache is locked and empty.
[[gnu::noinline]] static phys_t frame_take_refilled(struct cpu *cpu, uint32_t flags)
{
    struct frame_cache *cache = &cpu->frames;
    uint32_t count = frame_cache_refill(cpu, flags);
    if (!count) {
        frame_cache_unlock(cache, 0);
        return frame_refused();
    }
    uint32_t number = cache->numbers[count - 1];
    frame_cache_unlock(cache, count - 1);
    return frame_handed_out(number);
}

phys_t frame_take(uint32_t flags)
{
    struct cpu *cpu = cpu_local();
    if (UNLIKELY(!frame_cache_lock(&cpu->frames)))
        return frame_take_direct(flags);
    __asm__("" : "+r"(cpu)); // or the compiler keeps the address of the cache beside it
    uint32_t count = frame_cache_count(&cpu->frames);
    if (UNLIKELY(!count))
        return frame_take_refilled(cpu, flags);
    uint32_t number = cpu->frames.numbers[count - 1];
    frame_cache_unlock(&cpu->frames, count - 1);
    return frame_handed_out(number);
}

// From the pool. FRAME_NONE: it is empty, or somebody's.
static phys_t frame_take_cleared(void)
{
    struct cpu *cpu = cpu_local();
    struct frame_pool *pool = &cpu->frame_pool;
    if (UNLIKELY(!frame_cache_lock(&cpu->frames)))
        return FRAME_NONE;
    uint32_t count = frame_cache_count(&cpu->frames), left = atomic_load_explicit(&pool->count, memory_order_relaxed);
    if (!left) {
        pool->misses++;
        frame_cache_unlock(&cpu->frames, count);
        return FRAME_NONE;
    }
    pool->hits++;
    uint32_t number = pool->numbers[--left];
    atomic_store_explicit(&pool->count, left, memory_order_relaxed);
    frame_cache_unlock(&cpu->frames, count);
    return frame_handed_out(number);
}

static phys_t frame_take_zeroed(uint32_t flags)
{
    phys_t frame = frame_take_cleared();
    if (frame.raw != FRAME_NONE.raw)
        return frame;
    frame = frame_take(flags);
    if (frame.raw != FRAME_NONE.raw)
        memset(direct_map(frame), 0, PAGE_SIZE);
    return frame;
}

[[gnu::noinline]] static void frame_free_direct(uint32_t number)
{
    count_add(&frame_counters.frees, 1);
    frames_return(&number, 1);
}

// The cache is locked and full.
[[gnu::noinline]] static void frame_free_full(struct cpu *cpu, uint32_t number)
{
    uint32_t count = frame_cache_make_room(cpu);
    cpu->frames.numbers[count] = number;
    cpu->frames.frees++;
    frame_cache_unlock(&cpu->frames, count + 1);
}

static inline void frame_put(uint32_t number)
{
    struct cpu *cpu = cpu_local();
    if (UNLIKELY(!frame_cache_lock(&cpu->frames))) {
        frame_free_direct(number);
        return;
    }
    __asm__("" : "+r"(cpu));
    uint32_t count = frame_cache_count(&cpu->frames);
    if (UNLIKELY(count == FRAME_CACHE_CAPACITY)) {
        frame_free_full(cpu, number);
        return;
    }
    cpu->frames.numbers[count] = number;
    cpu->frames.frees++;
    frame_cache_unlock(&cpu->frames, count + 1);
}

[[gnu::noinline]] static void frame_free_changed(uint64_t number)
{
    frame_check_used(number);
    frame_map.database[number].head = 0;
    frame_put((uint32_t)number);
}

void frame_free_single(phys_t frame)
{
    uint64_t number = frame.raw >> PAGE_SHIFT;
    bool usual = number - frame_map.first < frame_map.span && frame_map.database[number].head == frame_map.head_used;
    if (UNLIKELY(!usual)) {
        frame_free_changed(number);
        return;
    }
    frame_map.database[number].head = 0;
    frame_put((uint32_t)number);
}

// The frame is free by now. Into the pool while it has room.
static void frame_put_zeroed(uint32_t number)
{
    struct cpu *cpu = cpu_local();
    struct frame_pool *pool = &cpu->frame_pool;
    if (UNLIKELY(!frame_cache_lock(&cpu->frames))) {
        frame_free_direct(number);
        return;
    }
    uint32_t count = frame_cache_count(&cpu->frames), zeroed = atomic_load_explicit(&pool->count, memory_order_relaxed);
    if (UNLIKELY(zeroed == FRAME_POOL_CAPACITY)) {
        frame_cache_unlock(&cpu->frames, count);
        frame_put(number);
        return;
    }
    pool->numbers[zeroed] = number;
    atomic_store_explicit(&pool->count, zeroed + 1, memory_order_relaxed);
    cpu->frames.frees++;
    frame_cache_unlock(&cpu->frames, count);
}

void frame_free_zeroed(phys_t frame)
{
    uint64_t number = frame.raw >> PAGE_SHIFT;
    if (PROFILE_FRAME_CHECKS) {
        frame_check_zeroed(frame, (uint64_t)(uintptr_t)__builtin_return_address(0));
        frame_free_changed(number);
        return;
    }
    frame_check_used(number);
    frame_map.database[number].head = 0;
    frame_put_zeroed((uint32_t)number);
}

// ---- runs ----

static enum status run_take(size_t pages, uint32_t flags, uint64_t *first)
{
    uint64_t below = flags & FRAME_DMA ? ZONE_DMA_END : flags & FRAME_DMA32 ? ZONE_DMA32_END : ZONE_NORMAL_END;
    uint64_t alignment = flags & FRAME_ALIGNED ? pages : 1;
    uint64_t kept = flags & FRAME_USER ? atomic_load_explicit(&frame_reserve, memory_order_relaxed) : 0;
    frame_policy_enter();
    bool refused = frame_policy_free(frame_policy) < pages + kept;
    enum status outcome = refused ? STATUS_NO_MEMORY : frame_policy->allocate(pages, alignment, below, first);
    frame_policy_leave();
    return outcome;
}

static void run_mark_used(uint64_t first, uint64_t end)
{
    for (uint64_t number = first; number < end;) {
        uint64_t stop = MIN(align_down(number, FRAME_BLOCK) + FRAME_BLOCK, end);
        frame_database_ready(number);
        for (; number < stop; number++)
            frame_mark_used(number);
    }
}

// A run, or a frame of a certain zone. What the caches hold may be just what is missing.
static enum status run_alloc(size_t pages, uint32_t flags, uint64_t *first)
{
    if (run_take(pages, flags, first) != STATUS_OK) {
        frames_trim();
        TRY(run_take(pages, flags, first));
    }
    count_add(&frame_counters.allocations, 1);
    run_mark_used(*first, *first + pages);
    return STATUS_OK;
}

static phys_t frame_take_run(size_t pages, uint32_t flags)
{
    uint64_t number;
    bool alignable = !(pages & (pages - 1)) && pages <= FRAME_ALIGNMENT_MAX;
    bool sensible = pages && pages <= frame_map.limit && (alignable || !(flags & FRAME_ALIGNED));
    if (!sensible || run_alloc(pages, flags, &number) != STATUS_OK)
        return frame_refused();
    phys_t first = { number * PAGE_SIZE };
    if (flags & FRAME_ZEROED)
        memset(direct_map(first), 0, pages * PAGE_SIZE);
    return first;
}

phys_t frame_take_any(size_t pages, uint32_t flags)
{
    if (pages != 1 || flags & ZONED)
        return frame_take_run(pages, flags);
    return flags & FRAME_ZEROED ? frame_take_zeroed(flags) : frame_take(flags);
}

void frame_free_run(phys_t first, size_t pages)
{
    uint64_t number = first.raw >> PAGE_SHIFT;
    if (pages == 1) {
        frame_free_single(first);
        return;
    }
    for (size_t i = 0; i < pages; i++)
        frame_check_used(number + i);
    for (size_t i = 0; i < pages; i++)
        frame_map.database[number + i].head = 0;
    count_add(&frame_counters.frees, 1);
    if (frame_policy->never_reuses)
        count_add(&frame_counters.lost, pages);
    frame_policy_enter();
    frame_policy->release(number, pages);
    frame_policy_leave();
}

void frames_trim(void)
{
    if (!frame_policy->never_reuses) // it would be losing them
        frame_caches_drain();
}

// ---- frees that look first ----

static enum status free_check(uint64_t number)
{
    if (number < frame_map.first || number >= frame_map.limit)
        return STATUS_BAD_ADDRESS;
    enum frame_block block = atomic_load_explicit(&frame_map.blocks[number / FRAME_BLOCK], memory_order_acquire);
    if (block != BLOCK_READY)
        return block == BLOCK_UNKNOWN ? STATUS_BAD_ADDRESS : STATUS_NOT_MAPPED;
    const struct frame *frame = &frame_map.database[number];
    if (frame->state == FRAME_FREE)
        return STATUS_NOT_MAPPED;
    if (frame->state != FRAME_USED)
        return STATUS_DENIED;
    return atomic_load_explicit(&frame->references, memory_order_relaxed) == 1 ? STATUS_OK : STATUS_BUSY;
}

enum status frame_free_checked(phys_t first, size_t pages)
{
    uint64_t number = first.raw >> PAGE_SHIFT;
    if (!is_aligned(first.raw, PAGE_SIZE))
        return STATUS_BAD_ALIGNMENT;
    if (!pages)
        return STATUS_BAD_ARGUMENT;
    for (size_t i = 0; i < pages; i++)
        TRY(free_check(number + i)); // ends at the end of RAM at the latest
    frame_free(first, pages);
    return STATUS_OK;
}

// ---- shared frames ----

void frame_retain(phys_t frame)
{
    uint32_t before = atomic_fetch_add_explicit(&frame_map.database[frame.raw >> PAGE_SHIFT].references, 1, memory_order_relaxed);
    if (UNLIKELY(!before))
        panic("sharing frame %#lx, which nobody has", frame.raw >> PAGE_SHIFT);
}

void frame_release(phys_t frame)
{
    _Atomic uint32_t *references = &frame_map.database[frame.raw >> PAGE_SHIFT].references;
    // The only owner has nobody to race with. Acquire: what other owners did to the page is done.
    uint32_t before = atomic_load_explicit(references, memory_order_acquire);
    if (before == 1) {
        frame_check_freed(frame, 1, (uint64_t)(uintptr_t)__builtin_return_address(0));
        frame_free_single(frame);
        return;
    }
    if (before)
        before = atomic_fetch_sub_explicit(references, 1, memory_order_acq_rel);
    if (UNLIKELY(!before))
        panic("releasing frame %#lx, which nobody has", frame.raw >> PAGE_SHIFT);
    if (before != 1)
        return;
    frame_check_freed(frame, 1, (uint64_t)(uintptr_t)__builtin_return_address(0));
    frame_free_changed(frame.raw >> PAGE_SHIFT);
}
