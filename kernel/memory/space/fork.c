// SPDX-License-Identifier: MIT
// fork.c: a copy of a space whose cost follows the pages that the program wrote, not those it mapped.
#include "space.h"

#include <arch/user.h>

// Between two regions whose pages the child is not to have, tables may be shared whole.
struct fork {
    struct space *parent, *child;
    uint64_t whole_from, whole_to;
    struct region_chain copies;
};

static bool fork_keeps_pages(const struct region *region)
{
    return region_flags(region) & (REGION_DONT_FORK | REGION_WIPE_ON_FORK);
}

// What can be shared whole from `region` on.
static void fork_look_ahead(struct fork *fork, const struct region *region) MUST_HOLD(fork->parent->lock)
{
    fork->whole_from = fork->whole_to;
    while (region && !fork_keeps_pages(region))
        region = region_next(region);
    fork->whole_to = region ? region->start : arch_user_end();
}

static enum status fork_pages(const struct fork *fork, const struct region *region)
{
    return arch_space_share(&fork->parent->arch, &fork->child->arch, (virt_t){ region->start }, (virt_t){ region->end },
                            (virt_t){ fork->whole_from }, (virt_t){ fork->whole_to });
}

// Pages of a source alone are not copied: the child finds them again at its own faults.
static enum status fork_region(struct fork *fork, const struct region *region) MUST_HOLD(fork->parent->lock) MUST_HOLD(fork->child->lock)
{
    uint32_t flags = region_flags(region);
    bool pages = flags & REGION_ANONYMOUS_PAGES;
    if (UNLIKELY(fork_keeps_pages(region))) {
        fork->whole_to = region->end;
        fork_look_ahead(fork, region_next(region));
        pages = false;
        if (flags & REGION_DONT_FORK)
            return STATUS_OK;
    }
    struct region *copy = region_new(fork->child, region);
    if (!copy)
        return STATUS_NO_MEMORY;
    region_flags_change(copy, REGION_LOCKED | (flags & REGION_WIPE_ON_FORK ? REGION_PAGES : 0), 0);
    region_append(fork->child, &fork->copies, copy);
    return pages ? fork_pages(fork, region) : STATUS_OK;
}

static void fork_copy_fields(const struct space *parent, struct space *child)
{
    child->heap_start = parent->heap_start;
    child->heap_end = parent->heap_end;
    child->map_top = parent->map_top;
    child->keys = parent->keys;
    child->limit_data = parent->limit_data;
    child->limit_space = parent->limit_space;
    child->limit_stack = parent->limit_stack;
    child->argument_start = parent->argument_start;
    child->argument_end = parent->argument_end;
    child->environment_start = parent->environment_start;
    child->environment_end = parent->environment_end;
}

// Outside the analysis: nobody else can see the child, so its lock is not taken (two of one rank would be).
NO_LOCK_ANALYSIS static enum status fork_regions(struct space *parent, struct space *child)
{
    struct fork fork = { .parent = parent, .child = child };
    enum status outcome = STATUS_OK;
    rwlock_acquire(&parent->lock);
    fork_copy_fields(parent, child);
    struct region *region = region_of(tree_first(&parent->regions));
    fork_look_ahead(&fork, region);
    for (; region && outcome == STATUS_OK; region = region_next(region))
        outcome = fork_region(&fork, region);
    regions_build(child, &fork.copies);                  // of those that were made, if that failed
    arch_space_flush(&parent->arch, 0, arch_user_end()); // once for all that has lost the right to be written
    if (outcome == STATUS_OK)
        space_publish(child);
    rwlock_release(&parent->lock);
    return outcome;
}

enum status space_fork(struct space *parent, struct space **child)
{
    struct space *made;
    TRY(space_make(&made));
    enum status outcome = fork_regions(parent, made);
    if (outcome != STATUS_OK) {
        space_release(made);
        return outcome;
    }
    *child = made;
    return STATUS_OK;
}
