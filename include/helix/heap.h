// SPDX-License-Identifier: MIT
// heap.h: kernel memory by the byte.
//
// Before frames exist: a static bump heap (the profile's heap_size_kb, 4 MiB) that never frees. heap_init() replaces it by the
// profile's policy (slab: eight classes of 16 … 2,048 bytes; larger requests are whole frames) and retires it: heap_free() of a boot
// block is then a no-op, and the untouched rest of the bump heap becomes frames.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <generated/profile.h>

#include <helix/cpu.h>
#include <helix/heap_cache.h>
#include <helix/preempt.h>

// ---- the paths behind what everybody calls ----

void *heap_take(size_t code);        // an object of the class that heap_code() made `code` of
void *heap_take_size(size_t size);   // a block of any size, 0 included
void *heap_take_slowly(size_t code); // as heap_take; preemption is off on entry and on at the end
void *heap_take_zeroed(size_t size); // and all zero

// What a free object holds: the first word is the policy's, the second the heap's mark, which none in use has.
struct heap_free_object {
    uint64_t unused;
    uint64_t mark;
};

// This CPU's rows for what heap_code() made of a class. Preemption is off.
static inline struct heap_cache ARCH_CPU_HERE *heap_cache_here(size_t code)
{
    return (struct heap_cache ARCH_CPU_HERE *)((char ARCH_CPU_HERE *)arch_cpu_here()->heap.rows + code);
}

static inline struct heap_cache_facts ARCH_CPU_HERE *heap_facts_here(size_t code)
{
    return (struct heap_cache_facts ARCH_CPU_HERE *)((char ARCH_CPU_HERE *)arch_cpu_here()->heap.facts + code);
}

// heap_take without a call while the CPU's loaded magazine holds something.
static inline void *heap_take_inline(size_t code)
{
    preempt_disable();
    struct heap_cache ARCH_CPU_HERE *cache = heap_cache_here(code);
    void **top = cache->top;
    struct heap_free_object *object = top[-1];
    if (UNLIKELY(!object))
        return heap_take_slowly(code);
    cache->top = top - 1;
    heap_facts_here(code)->allocations++;
    object->mark = 0;
    preempt_enable();
    return object;
}

#ifdef __OPTIMIZE_SIZE__
enum { HEAP_INLINE = false };
#else
enum { HEAP_INLINE = true };
#endif

void heap_give(void *block);

// ---- what everybody calls. With the checks of the debug profile (heap_check.c) every block has a head and red zones ----

// `size` bytes aligned to 16 (to the page for sizes from 4 KiB on); contents undefined. nullptr: no memory.
// Thread context, or preemption off; not interrupt handlers.
#if PROFILE_HEAP_CHECKS
void *heap_alloc(size_t size);
#else
static inline void *heap_alloc(size_t size)
{
    if (__builtin_constant_p(size) && size > 0 && size <= HEAP_CLASS_LARGEST)
        return HEAP_INLINE ? heap_take_inline(heap_code(heap_class_for(size))) : heap_take(heap_code(heap_class_for(size)));
    return heap_take_size(size);
}
#endif

// As heap_alloc, zeroed; nullptr also when count * size overflows.
#if PROFILE_HEAP_CHECKS
void *heap_alloc_zeroed(size_t count, size_t size);
#else
static inline void *heap_alloc_zeroed(size_t count, size_t size)
{
    size_t total;
    return __builtin_mul_overflow(count, size, &total) ? nullptr : heap_take_zeroed(total);
}
#endif

// Keeps the first min(old, new) bytes. nullptr: no memory, the old block is unchanged.
void *heap_resize(void *block, size_t size);

// nullptr is fine. A double free or a foreign pointer is a broken invariant: panic.
#if PROFILE_HEAP_CHECKS
void heap_free(void *block);
#else
static inline void heap_free(void *block)
{
    heap_give(block);
}
#endif

// A copy of `text` on the heap; nullptr: no memory.
char *heap_copy_string(const char *text);

// STATUS_NOT_FOUND, STATUS_UNSUPPORTED: slot_fill() refused the profile's module; what the module's attach returned.
enum status heap_init(void);

// Gives back what this CPU's caches and empty slabs hold. The statistics are tightest after it.
void heap_trim(void);

struct heap_statistics {
    const char *policy;
    uint64_t boot_size, boot_used; // bytes of the bump heap
    bool boot_retired;
    uint64_t allocations, frees, failures;
    uint64_t used; // bytes in blocks handed out, rounded to their class
    uint64_t held; // bytes of frames the heap holds, used or not
    struct {
        uint32_t size;           // of the class; 0: no such class
        uint64_t used, capacity; // objects
        uint64_t cached;         // objects of the capacity that wait in magazines
    } classes[HEAP_CLASSES];
    uint64_t large_blocks;
    uint64_t magazines; // 128 bytes each, in `held` and in no other figure
};
// A picture of this moment. Thread context.
void heap_statistics(struct heap_statistics *statistics);
