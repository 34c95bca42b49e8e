// SPDX-License-Identifier: MIT
// space_large.c: large pages of programs: entries of 2 MiB, their frames' references, and splitting.
//
// How         A run of 512 frames that large entries lead to is FRAME_LARGE at its head, whose `references` counts for each of the 512.
//             With every large entry comes a spare table, chained from the head's `count`, so that splitting never lacks memory.
//             Splitting breaks the run: each frame gets the head's count and the state FRAME_USED; from then on a large entry that
//             still leads there stands for one reference on each frame.
// Invariants  As many spares are chained as large entries lead to the run. The head lives, broken or not, while a large entry leads
//             to it, and so does the chain.
// Locks       RANK_LARGE_PAGES round states, counts and chains of all runs: one take per 2 MiB that are mapped, shared, split or gone.

#include <helix/spinlock.h>

#include "space_walk.h"

static struct spinlock large_lock = SPINLOCK(RANK_LARGE_PAGES);

// Chains are linked by frame numbers in `count`; 0 ends one.
static void spare_push(struct frame *head, phys_t spare) MUST_HOLD(large_lock)
{
    table_record(spare)->count = head->count;
    head->count = spare.raw >> PAGE_SHIFT;
}

static phys_t spare_pop(struct frame *head) MUST_HOLD(large_lock)
{
    phys_t spare = { head->count << PAGE_SHIFT };
    struct frame *record = table_record(spare);
    head->count = record->count;
    record->count = 0;
    return spare;
}

// Not any more under a common count.
static void large_break(struct frame *head) MUST_HOLD(large_lock)
{
    if (head->state != FRAME_LARGE)
        return;
    uint32_t references = atomic_load_explicit(&head->references, memory_order_relaxed);
    head->state = FRAME_USED;
    for (unsigned i = 1; i < PAGE_TABLE_ENTRIES; i++)
        atomic_store_explicit(&head[i].references, references, memory_order_relaxed);
}

enum status large_retain(phys_t frame)
{
    struct frame *head = table_record(frame);
    phys_t spare;
    TRY(table_new(&spare));
    spinlock_acquire(&large_lock);
    spare_push(head, spare);
    unsigned singles = head->state == FRAME_LARGE ? 1 : PAGE_TABLE_ENTRIES;
    for (unsigned i = 0; i < singles; i++)
        atomic_fetch_add_explicit(&head[i].references, 1, memory_order_relaxed);
    spinlock_release(&large_lock);
    return STATUS_OK;
}

void large_release(phys_t frame)
{
    struct frame *head = table_record(frame);
    spinlock_acquire(&large_lock);
    phys_t spare = spare_pop(head);
    bool whole = head->state == FRAME_LARGE;
    bool last = whole && atomic_fetch_sub_explicit(&head->references, 1, memory_order_acq_rel) == 1;
    spinlock_release(&large_lock);
    table_free(spare);
    if (last)
        frame_free(frame, PAGE_TABLE_ENTRIES);
    for (unsigned i = 0; !whole && i < PAGE_TABLE_ENTRIES; i++)
        frame_release((phys_t){ frame.raw + i * PAGE_SIZE });
}

bool arch_large_fits(const struct arch_space *space, uint64_t at)
{
    const struct table_entry *table = direct_map(space->root);
    for (unsigned level = page_table_levels() - 1; level > 1; level--) {
        uint64_t entry = entry_read(&table[table_index(at, level)]);
        if (!page_entry_is_own(entry))
            return !entry;
        table = table_below(entry);
    }
    return !entry_read(&table[table_index(at, 1)]);
}

enum status arch_large_map(struct arch_space *space, uint64_t at, phys_t frame, uint32_t access)
{
    struct table_entry *table = direct_map(space->root);
    for (unsigned above = page_table_levels() - 1; above > 1; above--) {
        struct table_entry *entry = &table[table_index(at, above)];
        uint64_t value = entry_read(entry);
        if (!value)
            TRY(table_add(entry, &value));
        if (!page_entry_is_own(value))
            return STATUS_BUSY;
        table = table_below(value);
    }
    struct table_entry *entry = &table[table_index(at, 1)];
    struct frame *head = table_record(frame);
    phys_t spare;
    if (entry_read(entry))
        return STATUS_BUSY;
    TRY(table_new(&spare));
    head->count = spare.raw >> PAGE_SHIFT; // nobody else knows the run yet
    head->state = FRAME_LARGE;
    space->special = true;
    table_mark(entry, 1);
    if (access & PAGE_EXECUTE) {
        for (unsigned i = 0; i < PAGE_TABLE_ENTRIES; i++)
            page_table_publish_code((phys_t){ frame.raw + i * PAGE_SIZE });
    }
    uint64_t found;
    if (entry_install(entry, page_entry_large(page_entry(frame, access)), &found)) {
        page_table_publish_user();
        return STATUS_OK;
    }
    head->state = FRAME_USED;
    table_free(spare);
    return STATUS_BUSY;
}

bool arch_large_reuse(struct arch_space *space, uint64_t at, uint32_t access)
{
    struct table_entry *table = direct_map(space->root), *entry = nullptr;
    for (unsigned level = page_table_levels() - 1; level; level--) {
        entry = &table[table_index(at, level)];
        if (level > 1 && !page_entry_is_own(entry_read(entry)))
            return false;
        table = table_below(entry_read(entry));
    }
    uint64_t value = entry_read(entry);
    if (!value || page_entry_is_table(value) || page_entry_borrowed(value))
        return false;
    struct frame *head = table_record(page_entry_frame(value));
    spinlock_acquire(&large_lock);
    bool ours = head->state == FRAME_LARGE && atomic_load_explicit(&head->references, memory_order_acquire) == 1;
    spinlock_release(&large_lock); // nobody but this space, whose lock is held, can change that
    if (!ours)
        return false;
    entry_write(entry, page_entry_large(page_entry(page_entry_frame(value), access)));
    arch_space_flush(space, at, at + PAGE_SIZE);
    return true;
}

// The table that takes the place of the large page of `value`.
static enum status split_table(uint64_t value, unsigned level, phys_t *table)
{
    if (level > 1 || page_entry_borrowed(value))
        return table_new(table);
    struct frame *head = table_record(page_entry_frame(value));
    spinlock_acquire(&large_lock);
    *table = spare_pop(head);
    large_break(head);
    spinlock_release(&large_lock);
    return STATUS_OK;
}

enum status large_split(struct arch_space *space, struct table_entry *entry, unsigned level, uint64_t block)
{
    uint64_t value = entry_read(entry);
    phys_t table;
    TRY(split_table(value, level, &table));
    struct table_entry *part = direct_map(table);
    for (unsigned i = 0; i < PAGE_TABLE_ENTRIES; i++)
        entry_write(&part[i], page_entry_part(value, i, level - 1));
    table_mark(part, PAGE_TABLE_ENTRIES);
    entry_write(entry, 0); // a CPU must never see the page in two sizes
    if (page_entry_present(value))
        arch_space_flush(space, block, block + PAGE_SIZE);
    atomic_thread_fence(memory_order_release);
    entry_write(entry, page_entry_table(table));
    page_table_publish_user();
    return STATUS_OK;
}
