// SPDX-License-Identifier: MIT
// entry_drop.c: dropping names that nobody uses: when there are too many, when a mount goes, when memory is short.
//
// The table's list has the names from the oldest on. One that was found since it was last passed over gets a second round.
#include "entry.h"

#include <helix/memory.h>

enum { ENTRIES_KEPT = 1024, DROPPED_AT_ONCE = 16, LOOKED_AT_ONCE = 64 };

// Takes entry out of the table if only the table holds it. True: it is the caller's, to be ended.
static bool entry_take_unused(struct entry *entry) MUST_HOLD(entry_lock)
{
    uint32_t only_the_tables = 1;
    if (!atomic_compare_exchange_strong_explicit(&entry->references, &only_the_tables, 0, memory_order_acq_rel, memory_order_relaxed))
        return false;
    (void)entry_hash_remove(entry);
    return true;
}

// Takes up to DROPPED_AT_ONCE of the oldest names that nobody uses, of one mount or of all (nullptr), looking at LOOKED_AT_ONCE at most.
// Those found lately are passed over once, unless `all`; what is used goes to the end. *steps counts what was looked at.
static size_t entries_take(const struct mount_point *mount, bool all, uint32_t *steps, struct entry **taken)
{
    size_t count = 0;
    spinlock_acquire(&entry_lock);
    for (*steps = 0; *steps < LOOKED_AT_ONCE && count < DROPPED_AT_ONCE && !list_empty(&entries); ++*steps) {
        struct entry *entry = container_of(entries.next, struct entry, link);
        bool spared = !all && atomic_exchange_explicit(&entry->recent, false, memory_order_relaxed);
        if (!spared && (!mount || entry->node->file_system == mount) && entry_take_unused(entry)) {
            taken[count++] = entry;
            continue;
        }
        list_remove(&entry->link);
        list_add_tail(&entries, &entry->link);
    }
    spinlock_release(&entry_lock);
    return count;
}

// Looks at `steps` names, or a few more; returns how many went.
static size_t entries_drop(const struct mount_point *mount, bool all, uint32_t steps)
{
    struct entry *taken[DROPPED_AT_ONCE];
    size_t total = 0;
    for (uint32_t looked = 0, more; looked < steps; looked += more) {
        size_t count = entries_take(mount, all, &more, taken);
        for (size_t i = 0; i < count; i++) {
            struct entry *parent = taken[i]->parent;
            entry_end(taken[i]);
            entry_release(parent);
        }
        total += count;
        if (more == 0)
            break;
    }
    return total;
}

uint32_t entries_known(void)
{
    return atomic_load_explicit(&entry_count, memory_order_relaxed);
}

void entries_drop_surplus(void)
{
    if (UNLIKELY(atomic_load_explicit(&entry_count, memory_order_relaxed) > ENTRIES_KEPT))
        (void)entries_drop(nullptr, false, LOOKED_AT_ONCE);
}

// A directory is held by the names in it: again and again, until only what is used is left.
void entries_forget(const struct mount_point *mount)
{
    while (entries_drop(mount, true, atomic_load_explicit(&entry_count, memory_order_relaxed)) > 0)
        continue;
}

void entries_drop_all(void)
{
    entries_forget(nullptr);
}

MEMORY_TRIM(entries, entries_drop_all);
