// SPDX-License-Identifier: MIT
// frames.c: physical memory: the frame database, and the way from a request to the profile's policy and back.
//
// Purpose     Hands out frames of 4 KiB, counts who shares them, takes them back, and knows at any time where every frame is.
// How         One struct frame per frame number. A request for one frame is served from the CPU's cache (frame_cache.c); runs of
//             frames, and frames of a given zone, come from the policy, as does a refill of the cache.
// Invariants  A frame is FREE (in the policy or in exactly one cache), in use with at least one reference, or RESERVED. Per zone,
//             total = used + free, a cached frame being free. A frame that is not in use cannot be freed: that is a panic.
//             The last `reserve` frames go to the kernel only, so that a program that eats all memory cannot stop the kernel.
// Locks       RANK_FRAMES around the policy. The cache needs preemption off and no lock.
// Cost        One frame from or to the cache: some 25 instructions, and 512 stores where zeros are asked for.
// Not here    Which frame is best (frame_policy.h); memory before frames_init (boot_frames.c).

#include <helix/frames.h>

#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/frame_policy.h>
#include <helix/log.h>
#include <helix/module.h>
#include <helix/panic.h>
#include <helix/spinlock.h>

#include <generated/profile.h>

#include "frame_cache.h"
#include "memory.h"

enum { RESERVE_SHARE = 64, RESERVE_LARGEST = 1024, ZEROED_SHARE = 8 };

struct frame *frame_database;
uint64_t frame_first, frame_limit;

static struct spinlock frames_lock = SPINLOCK(RANK_FRAMES);
static const struct frame_policy *policy; // [const] after frames_attach
static uint64_t zone_total[ZONES] GUARDED_BY(frames_lock);
static uint64_t run_allocations GUARDED_BY(frames_lock);
static uint64_t run_frees GUARDED_BY(frames_lock);
static _Atomic uint64_t frames_total; // sum of zone_total, for readers without the lock
static _Atomic uint64_t reserve;      // frames that are the kernel's alone
static _Atomic uint64_t failures;

// ---- from FREE to USED and back ----

[[gnu::noinline, gnu::cold]] static void frame_state_panic(uint64_t number)
{
    if (!frame_known(number))
        panic("freeing %#lx, which is no frame of RAM", (unsigned long)(number * PAGE_SIZE));
    enum frame_state state = frame_database[number].state;
    if (state == FRAME_FREE)
        panic("double free of frame %#lx", (unsigned long)number);
    if (state == FRAME_RESERVED)
        panic("freeing reserved frame %#lx", (unsigned long)number);
    panic("frame %#lx was free and in use at once", (unsigned long)number);
}

static void frame_mark_used(uint64_t number)
{
    struct frame *frame = &frame_database[number];
    if (UNLIKELY(frame->state != FRAME_FREE))
        frame_state_panic(number);
    frame->state = FRAME_USED;
    atomic_store_explicit(&frame->references, 1, memory_order_relaxed);
}

// Whether a frame with that number is in use.
static inline bool frame_in_use(uint64_t number)
{
    static_assert(FRAME_FREE == 0 && FRAME_RESERVED == FRAME_LARGE + 1);
    return frame_known(number) && (uint8_t)(frame_database[number].state - FRAME_USED) < FRAME_RESERVED - FRAME_USED;
}

static inline void frame_check_used(uint64_t number)
{
    if (UNLIKELY(!frame_in_use(number)))
        frame_state_panic(number);
}

static void frame_mark_free(uint64_t number)
{
    struct frame *frame = &frame_database[number];
    frame->state = FRAME_FREE;
    atomic_store_explicit(&frame->references, 0, memory_order_relaxed);
}

// ---- requests ----

uint32_t frames_refill(uint32_t *numbers, uint32_t count, uint32_t flags)
{
    spinlock_acquire(&frames_lock);
    bool scarce = policy->free_count() <= atomic_load_explicit(&reserve, memory_order_relaxed);
    if (scarce) // one at a time, or what the kernel leaves in the cache would go to programs
        count = flags & FRAME_USER ? 0 : 1;
    uint32_t taken = count ? policy->take(numbers, count) : 0;
    spinlock_release(&frames_lock);
    return taken;
}

void frames_drain(const uint32_t *numbers, uint32_t count)
{
    spinlock_acquire(&frames_lock);
    for (uint32_t i = 0; i < count; i++)
        policy->release(numbers[i], 1);
    spinlock_release(&frames_lock);
}

static enum status run_take(size_t pages, uint32_t flags, uint64_t *first)
{
    uint64_t below = flags & FRAME_DMA ? ZONE_DMA_END : flags & FRAME_DMA32 ? ZONE_DMA32_END : ZONE_NORMAL_END;
    uint64_t alignment = flags & FRAME_ALIGNED ? pages : 1;
    spinlock_acquire(&frames_lock);
    bool refused = flags & FRAME_USER && policy->free_count() < pages + atomic_load_explicit(&reserve, memory_order_relaxed);
    enum status outcome = refused ? STATUS_NO_MEMORY : policy->allocate(pages, alignment, below, first);
    if (outcome == STATUS_OK)
        run_allocations++;
    spinlock_release(&frames_lock);
    return outcome;
}

// A run, or a frame of a certain zone. What this CPU's cache holds may be just what is missing.
static enum status run_alloc(size_t pages, uint32_t flags, uint64_t *first)
{
    enum status outcome = run_take(pages, flags, first);
    if (outcome != STATUS_OK) {
        frame_cache_drain();
        outcome = run_take(pages, flags, first);
    }
    for (size_t i = 0; outcome == STATUS_OK && i < pages; i++)
        frame_mark_used(*first + i);
    return outcome;
}

[[gnu::noinline]] static enum status frame_refused(void)
{
    atomic_fetch_add_explicit(&failures, 1, memory_order_relaxed);
    return STATUS_NO_MEMORY;
}

[[gnu::noinline]] static enum status frame_alloc_run(size_t pages, uint32_t flags, phys_t *first)
{
    uint64_t number;
    bool sensible = pages && pages <= frame_limit && (!(flags & FRAME_ALIGNED) || !(pages & (pages - 1)));
    if (!sensible || run_alloc(pages, flags, &number) != STATUS_OK)
        return frame_refused();
    first->raw = (uint64_t)number * PAGE_SIZE;
    if (flags & FRAME_ZEROED)
        memset(direct_map(*first), 0, pages * PAGE_SIZE);
    return STATUS_OK;
}

enum status frame_alloc(size_t pages, uint32_t flags, phys_t *first)
{
    uint32_t number;
    if (UNLIKELY(pages != 1 || flags & (FRAME_DMA | FRAME_DMA32)))
        return frame_alloc_run(pages, flags, first);
    if (flags & FRAME_ZEROED && frame_cache_take_zeroed(&number)) {
        frame_mark_used(number);
        first->raw = (uint64_t)number * PAGE_SIZE;
        return STATUS_OK;
    }
    if (UNLIKELY(!frame_cache_take(flags, &number)))
        return frame_refused();
    frame_mark_used(number);
    first->raw = (uint64_t)number * PAGE_SIZE;
    if (flags & FRAME_ZEROED)
        memset(direct_map(*first), 0, PAGE_SIZE);
    return STATUS_OK;
}

[[gnu::noinline]] static void run_free(uint64_t number, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        frame_check_used(number + i);
    for (size_t i = 0; i < pages; i++)
        frame_mark_free(number + i);
    spinlock_acquire(&frames_lock);
    policy->release(number, pages);
    run_frees++;
    spinlock_release(&frames_lock);
}

void frame_free(phys_t first, size_t pages)
{
    uint64_t number = first.raw >> PAGE_SHIFT;
    if (UNLIKELY(pages != 1)) {
        run_free(number, pages);
        return;
    }
    frame_check_used(number);
    frame_mark_free(number);
    frame_cache_put((uint32_t)number);
}

// Frames are cleared ahead while memory is plenty, so that the pools never stand against a request.
bool frames_idle(void)
{
    if (policy->free_count() < atomic_load_explicit(&frames_total, memory_order_relaxed) / ZEROED_SHARE)
        return false;
    return frame_cache_clear_one();
}

// ---- shared frames ----

void frame_retain(phys_t frame)
{
    uint32_t before = atomic_fetch_add_explicit(&frame_database[frame.raw >> PAGE_SHIFT].references, 1, memory_order_relaxed);
    if (UNLIKELY(!before))
        panic("sharing frame %#lx, which nobody has", frame.raw >> PAGE_SHIFT);
}

void frame_release(phys_t frame)
{
    _Atomic uint32_t *references = &frame_database[frame.raw >> PAGE_SHIFT].references;
    // The only owner has nobody to race with. Acquire: what other owners did to the page is done.
    if (atomic_load_explicit(references, memory_order_acquire) == 1) {
        frame_free(frame, 1);
        return;
    }
    uint32_t before = atomic_fetch_sub_explicit(references, 1, memory_order_acq_rel);
    if (UNLIKELY(!before))
        panic("releasing frame %#lx, which nobody has", frame.raw >> PAGE_SHIFT);
    if (before == 1)
        frame_free(frame, 1);
}

// ---- taking over memory ----

// A run in one zone becomes the policy's.
static void run_add(uint64_t first, uint64_t count)
{
    spinlock_acquire(&frames_lock);
    policy->add(first, count);
    zone_total[zone_of(first)] += count;
    uint64_t total = atomic_load_explicit(&frames_total, memory_order_relaxed) + count;
    atomic_store_explicit(&frames_total, total, memory_order_relaxed);
    atomic_store_explicit(&reserve, MIN(total / RESERVE_SHARE, RESERVE_LARGEST), memory_order_relaxed);
    spinlock_release(&frames_lock);
}

static void mark_reserved(uint64_t first, uint64_t end)
{
    for (uint64_t number = first; number < end; number++)
        frame_database[number].state = FRAME_RESERVED;
}

// `context`: the end of the run before. A zeroed struct frame is a free one, so only the gaps are written.
static void boot_run_add(void *context, uint64_t first, uint64_t count)
{
    uint64_t *end = context;
    mark_reserved(*end, first);
    *end = first + count;
    run_add(first, count);
}

void frames_donate(phys_t start, uint64_t size)
{
    uint64_t first = MAX(align_up(start.raw, PAGE_SIZE) / PAGE_SIZE, frame_first);
    uint64_t end = MIN((start.raw + size) / PAGE_SIZE, frame_limit);
    for (uint64_t number = first; number < end; number++) {
        if (frame_database[number].state != FRAME_RESERVED)
            panic("donating frame %#lx, which is not reserved", number);
        frame_mark_free(number);
    }
    while (first < end) {
        uint64_t zone_end = first < ZONE_DMA_END ? ZONE_DMA_END : first < ZONE_DMA32_END ? ZONE_DMA32_END : ZONE_NORMAL_END;
        uint64_t here = MIN(end, zone_end);
        run_add(first, here - first);
        first = here;
    }
}

// RAM that is in use now and may be donated later needs a struct frame too.
static void database_extent(const struct boot_info *boot, uint64_t *first, uint64_t *end)
{
    boot_frames_extent(first, end);
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct memory_range *range = &boot->memory[i];
        bool may_come = range->kind == MEMORY_INITRAMFS || range->kind == MEMORY_KERNEL || range->kind == MEMORY_BOOTLOADER;
        uint64_t lowest = MIN(*first, range->start.raw / PAGE_SIZE);
        uint64_t highest = MAX(*end, MIN((range->start.raw + range->size) / PAGE_SIZE, ZONE_NORMAL_END));
        if (!may_come || !boot_frames_worth(lowest, highest, *end - *first))
            continue;
        *first = lowest;
        *end = highest;
    }
    *first = align_down(*first, 1ull << BUDDY_MAX_ORDER); // so that no block of a policy begins before it
}

static uint64_t pages_for(uint64_t bytes)
{
    return (bytes + PAGE_MASK) / PAGE_SIZE;
}

static enum status frames_attach(const struct boot_info *boot, const struct frame_policy *chosen)
{
    uint64_t first, end;
    database_extent(boot, &first, &end);
    uint64_t overhead = chosen->overhead(end);
    struct frame *rows = direct_map(frame_alloc_boot(pages_for((end - first) * sizeof(struct frame))));
    frame_database = rows - first;
    void *memory = overhead ? direct_map(frame_alloc_boot(pages_for(overhead))) : nullptr;
    TRY(chosen->attach(memory, frame_database, end));
    policy = chosen;
    frame_first = first;
    frame_limit = end;
    uint64_t last = first;
    boot_frames_retire(boot_run_add, &last);
    mark_reserved(last, end);
    return STATUS_OK;
}

static struct slot frames_slot = { .name = "frames", .interface = "frame_policy", .abi = FRAME_POLICY_ABI };

static void check_minimum(const struct boot_info *boot)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        enum memory_kind kind = boot->memory[i].kind;
        if (kind == MEMORY_USABLE || kind == MEMORY_KERNEL || kind == MEMORY_INITRAMFS || kind == MEMORY_BOOTLOADER)
            bytes += boot->memory[i].size;
    }
    // Firmware keeps up to a megabyte of what the machine was given.
    if (bytes + 1 * MIB < PROFILE_MEMORY_MINIMUM_BYTES)
        panic("this machine has %lu MiB of memory; the profile %s needs at least %lu MiB (memory.min_ram_mb)", (unsigned long)(bytes / MIB),
              PROFILE_NAME, (unsigned long)(PROFILE_MEMORY_MINIMUM_BYTES / MIB));
}

enum status frames_init(const struct boot_info *boot)
{
    check_minimum(boot);
    TRY(slot_fill(&frames_slot, PROFILE_FRAMES_MODULE));
    TRY(frames_attach(boot, frames_slot.module->ops));
    log_info("memory", "%lu MiB in frames, by %s", (unsigned long)(atomic_load(&frames_total) * PAGE_SIZE / MIB), policy->name);
    return STATUS_OK;
}

// ---- figures ----

void frames_trim(void)
{
    frame_cache_drain();
}

void frames_statistics(struct frame_statistics *statistics)
{
    *statistics = (struct frame_statistics){};
    uint64_t cached[ZONES] = {};
    preempt_disable(); // this CPU's cache stays as it is; the lock keeps the policy
    spinlock_acquire(&frames_lock);
    frame_cache_count(cached, &statistics->allocations, &statistics->frees);
    statistics->allocations += run_allocations;
    statistics->frees += run_frees;
    statistics->largest_free = policy->largest_free();
    for (unsigned zone = 0; zone < ZONES; zone++) {
        statistics->zone[zone].total = zone_total[zone];
        statistics->zone[zone].free = policy->free_in_zone((enum memory_zone)zone) + cached[zone];
        statistics->total += statistics->zone[zone].total;
        statistics->free += statistics->zone[zone].free;
    }
    spinlock_release(&frames_lock);
    preempt_enable();
    frame_cache_count_zeroed(&statistics->zeroed_free, &statistics->zeroed_hits, &statistics->zeroed_misses);
    statistics->failures = atomic_load_explicit(&failures, memory_order_relaxed);
}

// The reserve is 1/64 of memory: programs get nothing below it.
enum memory_pressure frames_pressure(void)
{
    uint64_t cached[ZONES] = {}, ignored = 0;
    frame_cache_count(cached, &ignored, &ignored);
    uint64_t free = policy->free_count() + cached[ZONE_DMA] + cached[ZONE_DMA32] + cached[ZONE_NORMAL];
    uint64_t total = atomic_load_explicit(&frames_total, memory_order_relaxed);
    if (free <= atomic_load_explicit(&reserve, memory_order_relaxed))
        return PRESSURE_OUT_OF_MEMORY;
    if (free < total / 20)
        return PRESSURE_CRITICAL;
    return free < total / 8 ? PRESSURE_LOW : PRESSURE_NORMAL;
}
