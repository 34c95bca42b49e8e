// SPDX-License-Identifier: MIT
// heap.c: kernel memory by the byte: the boot heap first, then the policy that the profile chose.
//
// Purpose     One set of calls for all of the kernel, whatever allocator stands behind it.
// How         Until heap_init, requests go to the boot heap. Then they go to the policy in the slot; a block's address tells which
//             of the two it came from, so blocks of the boot heap stay good for ever.
// Invariants  A block belongs to the boot heap exactly if it lies in its area. The boot heap never gets smaller than what is in use.
// Locks       The policy's own. The boot heap has none: one CPU, no threads yet.
// Cost        One test and one call on top of the policy.
// Not here    Classes, slabs, magazines (modules/heap/).

#include <helix/heap.h>

#include <lib/string.h>

#include <helix/heap_policy.h>
#include <helix/module.h>

#include <generated/profile.h>

#include "memory.h"

static struct slot heap_slot = { .name = "heap", .interface = "heap_policy", .abi = HEAP_POLICY_ABI };
static const struct heap_policy *policy; // nullptr: the boot heap

void *heap_alloc(size_t size)
{
    if (!size)
        size = 1;
    return LIKELY(policy != nullptr) ? policy->allocate(size) : boot_heap_alloc(size);
}

void *heap_alloc_zeroed(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return nullptr;
    void *block = heap_alloc(total);
    return block ? memset(block, 0, total) : nullptr;
}

void heap_free(void *block)
{
    if (block && LIKELY(!boot_heap_owns(block)))
        policy->release(block);
}

static size_t usable_size(const void *block)
{
    return boot_heap_owns(block) ? boot_heap_usable_size(block) : policy->usable_size(block);
}

// A block that is large enough and not more than twice too large stays where it is.
void *heap_resize(void *block, size_t size)
{
    if (!block)
        return heap_alloc(size);
    size_t old = usable_size(block);
    if (size <= old && size > old / 2)
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

enum status heap_init(void)
{
    TRY(slot_fill(&heap_slot, PROFILE_HEAP_MODULE));
    const struct heap_policy *chosen = heap_slot.module->ops;
    TRY(chosen->attach());
    policy = chosen;
    boot_heap_retire();
    return STATUS_OK;
}

void heap_trim(void)
{
    if (policy)
        policy->trim();
}

void heap_statistics(struct heap_statistics *statistics)
{
    *statistics = (struct heap_statistics){ .policy = "boot" };
    statistics->boot_size = PROFILE_BOOT_HEAP_BYTES;
    statistics->boot_used = boot_heap_used();
    statistics->boot_retired = boot_heap_retired();
    if (policy) {
        statistics->policy = policy->name;
        policy->statistics(statistics);
    }
}
