// SPDX-License-Identifier: MIT
// heap.c: kernel memory by the byte: the boot heap first, then each CPU's magazines over the policy that the profile chose.
//
// Purpose     One set of calls for all of the kernel, whatever allocator stands behind it.
// How         Until heap_init, requests go to the boot heap. Then a request of up to 2,048 bytes takes an object from the CPU's loaded
//             magazine of its class, and heap_free puts it back: the struct frame of the object tells the class. What magazines cannot
//             serve is in cache.c; what is larger goes to the policy in the slot.
// Invariants  A block belongs to the boot heap exactly if it lies in its area. The boot heap never gets smaller than what is in use.
//             An object in a magazine or a slab carries heap_mark in its second word, one in use has been handed out without it.
// Locks       Magazines: none, preemption off. Behind them RANK_HEAP_DEPOT and the policy's own (RANK_HEAP). Boot heap: one CPU.
// Cost        An object and its return: under 40 instructions. No indirect call: the policy is asked for batches only.
// Not here    Slabs (modules/heap/); the debug profile's checks (check.c).

#include <helix/heap.h>

#include <lib/string.h>

#include <arch/cpu.h>

#include <helix/cpu.h>
#include <helix/heap_policy.h>
#include <helix/module.h>
#include <helix/panic.h>
#include <helix/preempt.h>

#include <generated/profile.h>

#include "../memory.h"

const struct heap_policy *heap_policy; // [const] after heap_init; nullptr: the boot heap

static struct slot heap_slot = { .name = "heap", .interface = "heap_policy", .abi = HEAP_POLICY_ABI };
static _Atomic uint64_t failures, large_allocations, large_frees;

// Where objects can be, for heap_free; [const] after heap_init, nothing before.
static uint64_t heap_start, heap_span; // of the direct map, in bytes
static struct frame *heap_rows;        // of the first frame there
static uint64_t heap_mark;             // unknown to everybody else, so that no object in use holds it

// ---- taking ----

[[gnu::noinline]] static void *refused(void)
{
    atomic_fetch_add_explicit(&failures, 1, memory_order_relaxed);
    return nullptr;
}

void *heap_take_slowly(size_t code)
{
    unsigned class = heap_class_of(code);
    struct heap_cache *cache = &cpu_local()->heap.rows[class + 1];
    struct heap_free_object *object = LIKELY(heap_policy != nullptr) ? heap_cache_refill(cache, class) : nullptr;
    if (object) {
        object->mark = 0;
        heap_facts_here(code)->allocations++;
    }
    preempt_enable();
    if (UNLIKELY(!heap_policy))
        object = boot_heap_alloc(heap_class_size(class));
    return object ? object : refused();
}

void *heap_take(size_t code)
{
    return heap_take_inline(code);
}

[[gnu::noinline]] static void *take_large(size_t size, bool zeroed)
{
    if (UNLIKELY(!heap_policy)) {
        void *block = boot_heap_alloc(size);
        return block && zeroed ? memset(block, 0, size) : block;
    }
    void *block = heap_policy->allocate(size, zeroed);
    if (!block)
        return refused();
    atomic_fetch_add_explicit(&large_allocations, 1, memory_order_relaxed);
    return block;
}

void *heap_take_size(size_t size)
{
    if (UNLIKELY(size > HEAP_CLASS_LARGEST))
        return take_large(size, false);
    return heap_take(heap_code(heap_class_for(size + !size)));
}

void *heap_take_zeroed(size_t size)
{
    if (UNLIKELY(size > HEAP_CLASS_LARGEST))
        return take_large(size, true);
    void *block = heap_take_size(size);
    return block ? memset(block, 0, size) : nullptr;
}

// ---- giving back ----

// What is no object of a class: nothing, a block of the boot heap or of the policy, or a mistake.
[[gnu::noinline]] static void free_other(void *block)
{
    if (!block || boot_heap_owns(block))
        return;
    if (!heap_policy)
        panic("freeing %p, which is not on the heap", block);
    heap_policy->release(block);
    atomic_fetch_add_explicit(&large_frees, 1, memory_order_relaxed);
}

// Never returns, but is jumped to: a call would give heap_give a frame.
[[gnu::noinline, gnu::cold]] static void free_wrong(void *block)
{
    const struct heap_free_object *object = block;
    if (object->mark == heap_mark)
        panic("double free of heap block %p", (const void *)object);
    panic("freeing %p, which is no block of the heap", (const void *)object);
}

// Preemption is off on entry and on at the end.
[[gnu::noinline]] static void free_slowly(struct heap_free_object *object, size_t code)
{
    if (!code) {
        preempt_enable();
        free_other(object);
        return;
    }
    unsigned class = heap_class_of(code);
    struct heap_cache *cache = &cpu_local()->heap.rows[class + 1];
    if (UNLIKELY((uintptr_t)object & heap_facts_here(code)->misaligned || object->mark == heap_mark))
        free_wrong(object);
    object->mark = heap_mark;
    heap_cache_overflow(cache, class, object);
    preempt_enable();
}

void heap_give(void *block)
{
    uint64_t offset = (uint64_t)(uintptr_t)block - heap_start;
    if (UNLIKELY(offset >= heap_span)) {
        free_other(block);
        return;
    }
    size_t code = heap_rows[offset >> PAGE_SHIFT].heap_class;
    struct heap_free_object *object = block;
    preempt_disable();
    struct heap_cache ARCH_CPU_HERE *cache = heap_cache_here(code);
    void **top = cache->top;
    if (UNLIKELY(!((uintptr_t)top % MAGAZINE_BYTES))) {
        free_slowly(object, code);
        return;
    }
    if (UNLIKELY((uintptr_t)object & heap_facts_here(code)->misaligned || object->mark == heap_mark)) {
        [[clang::musttail]] return free_wrong(block);
    }
    object->mark = heap_mark;
    *top = object;
    cache->top = top + 1;
    preempt_enable();
}

// ---- the rest ----

[[maybe_unused]] static size_t usable_size(const void *block)
{
    return boot_heap_owns(block) ? boot_heap_usable_size(block) : heap_policy->usable_size(block);
}

#if !PROFILE_HEAP_CHECKS
// A block that is large enough and not more than twice too large stays where it is.
void *heap_resize(void *block, size_t size)
{
    if (!block)
        return heap_alloc(size);
    size_t old = usable_size(block);
    if (size <= old && size > old / 2)
        return block;
    if (old > HEAP_CLASS_LARGEST && size > HEAP_CLASS_LARGEST && !boot_heap_owns(block) && heap_policy->resize(block, size))
        return block;
    void *moved = heap_alloc(size);
    if (!moved)
        return nullptr;
    memcpy(moved, block, MIN(old, size));
    heap_free(block);
    return moved;
}

char *heap_copy_string(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = heap_alloc(size);
    return copy ? memcpy(copy, text, size) : nullptr;
}
#endif

enum status heap_init(void)
{
    TRY(slot_fill(&heap_slot, PROFILE_HEAP_MODULE));
    const struct heap_policy *chosen = heap_slot.module->ops;
    TRY(chosen->attach());
    arch_entropy(&heap_mark, sizeof heap_mark);
    heap_mark |= 1; // what begins with the pointer to an object has the lowest bits clear
    heap_policy = chosen;
    heap_start = direct_map_base + frame_map.first * PAGE_SIZE;
    heap_span = (frame_map.limit - frame_map.first) * PAGE_SIZE;
    heap_rows = &frame_map.database[frame_map.first];
    boot_heap_retire();
    return STATUS_OK;
}

void heap_trim(void)
{
    if (!heap_policy)
        return;
    heap_check_trim();
    heap_cache_trim();
    heap_policy->trim();
}

// What waits in magazines is free to everybody but the policy, and so are the magazines.
static void cached_statistics(struct heap_statistics *statistics)
{
    uint64_t waiting[HEAP_CLASSES], objects = 0;
    heap_cache_count(waiting, &statistics->allocations, &statistics->magazines);
    waiting[heap_class_for(MAGAZINE_BYTES)] += statistics->magazines;
    for (unsigned class = 0; class < HEAP_CLASSES; class ++) {
        uint64_t cached = MIN(waiting[class], statistics->classes[class].used);
        statistics->classes[class].used -= cached;
        statistics->classes[class].cached = cached;
        statistics->used -= cached * heap_class_size(class);
        objects += statistics->classes[class].used;
    }
    statistics->frees = statistics->allocations - MIN(objects, statistics->allocations);
    statistics->allocations += atomic_load_explicit(&large_allocations, memory_order_relaxed);
    statistics->frees += atomic_load_explicit(&large_frees, memory_order_relaxed);
}

void heap_statistics(struct heap_statistics *statistics)
{
    *statistics = (struct heap_statistics){ .policy = "boot" };
    statistics->boot_size = PROFILE_BOOT_HEAP_BYTES;
    statistics->boot_used = boot_heap_used();
    statistics->boot_retired = boot_heap_retired();
    statistics->failures = atomic_load_explicit(&failures, memory_order_relaxed);
    if (!heap_policy)
        return;
    statistics->policy = heap_policy->name;
    heap_policy->statistics(statistics);
    cached_statistics(statistics);
}
