// SPDX-License-Identifier: MIT
// memory.h: what the files of this folder share and nobody else sees.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <arch/layout.h>

#include <generated/profile.h>

#include <helix/frames.h>
#include <helix/heap_cache.h>

struct boot_info;

// ---- virtual_mapper.c, protection.c, guard.c ----

// Whether the range lies where the kernel maps pages later than at boot.
static inline bool kernel_area_holds(uint64_t at, uint64_t size)
{
    return at >= KERNEL_STACKS_START && at <= DEVICES_END && size <= DEVICES_END - at;
}

// ---- frames/boot.c: memory before there is an allocator ----

// Starts with these ranges; the first frame_alloc_boot does it itself. `limit_bytes` 0: all of them.
void boot_frames_init(const struct boot_info *boot, uint64_t limit_bytes);

// frame_alloc_boot without the clearing. False: no piece of memory has that many pages left, or the pieces are retired.
bool boot_frames_take(size_t pages, phys_t *first);

// frame_alloc_boot without the clearing.
phys_t frame_alloc_boot_garbage(size_t pages);

// The lowest frame number of usable memory, and one past the highest within the limit; both 0 when there is none.
void boot_frames_extent(uint64_t *first, uint64_t *end);

// Whether the table of frames may reach over [first, end) for the sake of `frames` frames in it: holes are not worth any price.
static inline bool boot_frames_worth(uint64_t first, uint64_t end, uint64_t frames)
{
    enum { SHARE = 2 };
    return (end - first) * sizeof(struct frame) <= frames * PAGE_SIZE / SHARE;
}

// Calls visit for every run that was not handed out, in ascending order; each lies in one zone. Nothing is handed out afterwards.
void boot_frames_retire(void (*visit)(void *context, uint64_t first, uint64_t count), void *context);

// ---- heap/cache.c: preemption off but for the last two ----
struct heap_policy;
extern const struct heap_policy *heap_policy; // heap/heap.c

// An object for a cache whose loaded magazine is empty. nullptr: no memory.
void *heap_cache_refill(struct heap_cache *cache, unsigned class);
// Takes an object back for a cache whose loaded magazine is full.
void heap_cache_overflow(struct heap_cache *cache, unsigned class, void *object);
// Gives what this CPU's magazines and the depots hold to the policy.
void heap_cache_trim(void);
// The objects of each class that lie in magazines; adds what was taken so far to `allocations`.
void heap_cache_count(uint64_t waiting[HEAP_CLASSES], uint64_t *allocations, uint64_t *magazines);

// ---- frames/check.c ----
#if PROFILE_FRAME_CHECKS
void frame_check_attach(uint64_t first, uint64_t limit);
// Frames that are about to be freed, by `by`.
void frame_check_freed(phys_t first, size_t pages, uint64_t by);
// As that, of one whose bytes are to be zero.
void frame_check_zeroed(phys_t frame, uint64_t by);
#else
static inline void frame_check_attach(uint64_t first, uint64_t limit)
{
}
static inline void frame_check_freed(phys_t first, size_t pages, uint64_t by)
{
}
static inline void frame_check_zeroed(phys_t frame, uint64_t by)
{
}
#endif

// ---- heap/check.c ----

// Frees what waits in quarantine.
#if PROFILE_HEAP_CHECKS
void heap_check_trim(void);
#else
static inline void heap_check_trim(void)
{
}
#endif

// ---- heap/boot.c ----
void *boot_heap_alloc(size_t size);
bool boot_heap_owns(const void *block);
size_t boot_heap_usable_size(const void *block);
uint64_t boot_heap_used(void);

// No more allocations; the pages never handed out become frames.
void boot_heap_retire(void);
bool boot_heap_retired(void);
