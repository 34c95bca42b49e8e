// SPDX-License-Identifier: MIT
// space_range.c: page tables: what is done to all pages of a range: unmapping, other rights, moving, sharing with a child.

#include <arch/space.h>

#include "space_walk.h"

// ---- unmapping ----

// What was taken out of the tables and may still be in translation caches.
struct unmap_batch {
    struct arch_space *space;
    uint64_t first, last; // where pages were taken out since the last flush: [first, last)
    bool tables;          // the ways to them have changed, too
    size_t count;
    phys_t frames[FLUSH_PAGES_MOST]; // each with a reference to release: pages and tables
};

static void unmap_flush(struct unmap_batch *batch)
{
    if (batch->first < batch->last)
        arch_space_flush(batch->space, batch->first, batch->tables ? batch->first + TABLE_SPAN : batch->last);
    for (size_t i = 0; i < batch->count; i++)
        frame_release(batch->frames[i]);
    batch->count = 0;
    batch->first = batch->last = 0;
    batch->tables = false;
}

// The entry that covers [at, at + size) goes; its frame, unless borrowed, is released after the next flush.
static void unmap_take(struct unmap_batch *batch, struct table_entry *entry, uint64_t at, uint64_t size)
{
    uint64_t value = entry_read(entry);
    if (batch->count == FLUSH_PAGES_MOST)
        unmap_flush(batch);
    if (batch->first == batch->last)
        batch->first = at;
    batch->last = at + size;
    batch->frames[batch->count] = page_entry_frame(value);
    batch->count += !page_entry_borrowed(value);
    entry_write(entry, 0);
}

// Takes out what lies in [from, to), which one table of `level` covers; tables that the range covers whole go as well.
static void unmap_table(struct unmap_batch *batch, struct table_entry *table, unsigned level, uint64_t from, uint64_t to)
{
    uint64_t span = 1ull << table_shift(level), base = align_down(from, span << 9);
    size_t end = (to - base + span - 1) >> table_shift(level);
    for (size_t i = entries_skip(table, (from - base) >> table_shift(level), end); i < end; i = entries_skip(table, i + 1, end)) {
        uint64_t at = base + i * span, low = MAX(at, from), high = MIN(at + span, to);
        if (level)
            unmap_table(batch, table_below(entry_read(&table[i])), level - 1, low, high);
        if (high - low < span)
            continue;
        batch->tables |= level;
        unmap_take(batch, &table[i], at, span);
    }
}

// The lowest table that covers [from, to) and is there, and its level. nullptr: nothing is mapped.
static struct table_entry *unmap_start(const struct arch_space *space, uint64_t from, uint64_t to, unsigned *level)
{
    struct table_entry *table = direct_map(space->root);
    for (*level = page_table_levels() - 1; *level; --*level) {
        uint64_t span = 1ull << table_shift(*level);
        if (to - from == span || (from ^ (to - 1)) >= span)
            break;
        uint64_t entry = entry_read(&table[table_index(from, *level)]);
        if (!page_entry_is_table(entry))
            return nullptr;
        table = table_below(entry);
    }
    return table;
}

void arch_space_unmap(struct arch_space *space, virt_t from, virt_t to)
{
    if (from.raw >= to.raw)
        return;
    unsigned level;
    struct table_entry *table = unmap_start(space, from.raw, to.raw, &level);
    if (!table)
        return;
    struct unmap_batch batch __attribute__((uninitialized));
    batch.space = space;
    batch.first = batch.last = 0;
    batch.tables = false;
    batch.count = 0;
    unmap_table(&batch, table, level, from.raw, to.raw);
    unmap_flush(&batch);
}

// ---- rights ----

void arch_space_protect(struct arch_space *space, virt_t from, virt_t to, uint32_t access)
{
    uint64_t first = UINT64_MAX, last = 0; // of the pages that CPUs may remember otherwise
    struct table_run run;
    for (uint64_t at = from.raw; table_run_find(space, at, to.raw, &run); at = table_run_end(&run)) {
        for (size_t i = entries_skip(run.entry, 0, run.count); i < run.count; i = entries_skip(run.entry, i + 1, run.count)) {
            uint64_t old = entry_read(&run.entry[i]), page = run.at + i * PAGE_SIZE;
            entry_write(&run.entry[i], entry_with_access(old, access));
            if (!page_entry_present(old))
                continue;
            first = MIN(first, page);
            last = page + PAGE_SIZE;
        }
    }
    if (last)
        arch_space_flush(space, first, last);
    page_table_publish_user();
}

// ---- moving ----

// Makes the tables that the pages of [from, from + size) need `offset` bytes further on.
static enum status move_prepare(struct arch_space *space, uint64_t from, uint64_t size, uint64_t offset)
{
    struct table_run run;
    for (uint64_t at = from; table_run_find(space, at, from + size, &run); at = table_run_end(&run)) {
        for (size_t i = entries_skip(run.entry, 0, run.count); i < run.count; i = entries_skip(run.entry, i + 1, run.count)) {
            struct table_entry *leaf;
            TRY(arch_leaf_make(space, run.at + i * PAGE_SIZE + offset, &leaf));
        }
    }
    return STATUS_OK;
}

enum status arch_space_move(struct arch_space *space, virt_t from, virt_t to, uint64_t size)
{
    uint64_t offset = to.raw - from.raw, end = from.raw + size, first = end, last = 0;
    TRY(move_prepare(space, from.raw, size, offset));
    struct table_run run;
    for (uint64_t at = from.raw; table_run_find(space, at, end, &run); at = table_run_end(&run)) {
        for (size_t i = entries_skip(run.entry, 0, run.count); i < run.count; i = entries_skip(run.entry, i + 1, run.count)) {
            uint64_t page = run.at + i * PAGE_SIZE;
            entry_write(arch_leaf_find(space, page + offset), entry_read(&run.entry[i]));
            entry_write(&run.entry[i], 0);
            first = MIN(first, page);
            last = page + PAGE_SIZE;
        }
    }
    if (last)
        arch_space_flush(space, first, last);
    page_table_publish_user();
    return STATUS_OK;
}

// ---- sharing ----

// One run of last-level entries, whose twin is `copy`.
static void share_run(const struct table_run *run, struct table_entry *copy)
{
    for (size_t i = entries_skip(run->entry, 0, run->count); i < run->count; i = entries_skip(run->entry, i + 1, run->count)) {
        uint64_t value = page_entry_write_protect(entry_read(&run->entry[i]));
        entry_write(&run->entry[i], value);
        entry_write(&copy[i], value);
        if (!page_entry_borrowed(value))
            frame_retain(page_entry_frame(value));
    }
}

enum status arch_space_share(struct arch_space *source, struct arch_space *target, virt_t from, virt_t to)
{
    enum status outcome = STATUS_OK;
    bool any = false;
    struct table_run run;
    for (uint64_t at = from.raw; outcome == STATUS_OK && table_run_find(source, at, to.raw, &run); at = table_run_end(&run)) {
        if (entries_skip(run.entry, 0, run.count) == run.count)
            continue; // a table of nothing but empty entries needs no twin
        struct table_entry *copy;
        outcome = arch_leaf_make(target, run.at, &copy);
        if (outcome != STATUS_OK)
            break;
        share_run(&run, copy);
        any = true;
    }
    if (any)
        arch_space_flush(source, from.raw, to.raw);
    page_table_publish_user();
    return outcome;
}
