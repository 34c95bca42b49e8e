// SPDX-License-Identifier: MIT
// source.c: finds the mappings of an object, to take pages out that it no longer has.
//
// Objects are truncated rarely while they are mapped, so a source only counts its regions; who needs them looks through all spaces. A
// space that is being looked at is held by a reference, so it stays in the list and the walk can go on from it. New ones come at the end.
// Locks: the object's (RANK_NODE), then each space's in turn (RANK_SPACE, exclusively); the list's spinlock is held for single steps.
#include "space.h"

#include <helix/spinlock.h>

static struct spinlock list_lock = SPINLOCK(RANK_PAGES);
static struct list_node all_spaces = LIST_HEAD(all_spaces);

void space_publish(struct space *space)
{
    spinlock_acquire(&list_lock);
    list_add_tail(&all_spaces, &space->link);
    spinlock_release(&list_lock);
}

void space_withdraw(struct space *space)
{
    spinlock_acquire(&list_lock);
    list_remove(&space->link);
    spinlock_release(&list_lock);
}

// A reference, unless the last has been given up.
static bool space_catch(struct space *space)
{
    uint32_t references = atomic_load_explicit(&space->references, memory_order_relaxed);
    while (references) {
        if (atomic_compare_exchange_weak_explicit(&space->references, &references, references + 1, memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
    }
    return false;
}

// The space behind `previous` (nullptr: the first one), with a reference; that of `previous` is given back. nullptr at the end.
static struct space *space_following(struct space *previous)
{
    struct space *found = nullptr;
    spinlock_acquire(&list_lock);
    for (struct list_node *node = previous ? previous->link.next : all_spaces.next; node != &all_spaces && !found; node = node->next) {
        struct space *space = container_of(node, struct space, link);
        found = space_catch(space) ? space : nullptr;
    }
    spinlock_release(&list_lock);
    if (previous)
        space_release(previous);
    return found;
}

static void forget_in_region(struct space *space, const struct region *region, uint64_t first, uint64_t end) MUST_HOLD(space->lock)
{
    uint64_t start = region->offset >> PAGE_SHIFT, pages = region_size(region) >> PAGE_SHIFT;
    uint64_t low = MAX(first, start), high = MIN(end, start + pages);
    if (low >= high)
        return;
    uint64_t from = region->start + ((low - start) << PAGE_SHIFT), to = region->start + ((high - start) << PAGE_SHIFT);
    if (arch_space_own_edges(&space->arch, (virt_t){ from }, (virt_t){ to }) == STATUS_OK)
        space_drop_pages(space, from, to);
}

static void forget_frame_in_region(struct space *space, const struct region *region, uint64_t index, phys_t frame) MUST_HOLD(space->lock)
{
    uint64_t start = region->offset >> PAGE_SHIFT, at = region->start + ((index - start) << PAGE_SHIFT);
    phys_t mapped;
    if (index >= start && index - start < region_size(region) >> PAGE_SHIFT &&
        arch_space_query(&space->arch, (virt_t){ at }, &mapped, nullptr) && mapped.raw == frame.raw)
        forget_in_region(space, region, index, index + 1);
}

// `frame` raw 0: whatever is mapped.
static void forget_in_space(struct space *space, const struct page_source *source, uint64_t first, uint64_t end, phys_t frame)
{
    rwlock_acquire(&space->lock);
    for (const struct region *region = region_of(tree_first(&space->regions)); region; region = region_next(region)) {
        if (region->source != source)
            continue;
        if (frame.raw)
            forget_frame_in_region(space, region, first, frame);
        else
            forget_in_region(space, region, first, end);
    }
    rwlock_release(&space->lock);
}

static void forget(struct page_source *source, uint64_t first, uint64_t end, phys_t frame)
{
    atomic_thread_fence(memory_order_seq_cst); // whoever maps it from now on sees its new size
    if (!atomic_load(&source->regions))
        return;
    for (struct space *space = space_following(nullptr); space; space = space_following(space))
        forget_in_space(space, source, first, end, frame);
}

void page_source_forget(struct page_source *source, uint64_t first, uint64_t end)
{
    forget(source, first, end, (phys_t){ 0 });
}

void page_source_forget_frame(struct page_source *source, uint64_t index, phys_t frame)
{
    forget(source, index, index + 1, frame);
}
