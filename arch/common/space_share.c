// SPDX-License-Identifier: MIT
// space_share.c: what fork does to page tables: full ones are shared, the pages of others are, and at the first write a space gets
// a table of its own.
//
// How         A shared table has an entry in each space that leads to it and forbids writing below it (page_entry_table_shared). While
//             several lead to it, its entries are only ever write-protected. The first fault below it, or whatever else is to
//             change it, makes it the space's own (table_own): the only one left that leads there takes it as it is; otherwise it is
//             copied, one level at a time, its pages or tables becoming shared between the copies.
// Invariants  A table below a shared one may itself be marked as its parent's own; it is not while the parent is shared.
// Locks       The space's own, exclusively. Two spaces that copy one table at once write the same into it and count atomically.
// Cost        fork: one step for a table of 2 MiB that is well filled, or of 1 GiB; a copied entry and a count for each page otherwise.

#include <arch/space.h>

#include "space_walk.h"

// From how many groups of entries on a table is shared rather than copied at fork, and from how many tables on one that leads to
// them is: below, a child that runs at all touches so much of it that copying at once is cheaper.
enum { SHARE_GROUPS = 12, SHARE_TABLES = 32 };

// ---- one entry more for what an entry leads to ----

// Lets *copy be the same as *entry, nothing writable through either any more. STATUS_NO_MEMORY: *copy is as it was.
static enum status entry_share(struct table_entry *entry, struct table_entry *copy, unsigned level)
{
    uint64_t value = entry_read(entry);
    if (level && page_entry_is_table(value)) {
        phys_t table = page_entry_frame(value);
        atomic_fetch_add_explicit(&table_record(table)->references, 1, memory_order_relaxed);
        value = page_entry_table_shared(table);
    } else {
        value = page_entry_write_protect(value);
        if (!page_entry_borrowed(value)) {
            if (level)
                TRY(large_retain(page_entry_frame(value)));
            else
                frame_retain(page_entry_frame(value));
        }
    }
    entry_write(entry, value);
    entry_write(copy, value);
    return STATUS_OK;
}

// ---- un-sharing ----

static enum status table_copy(phys_t table, unsigned level, phys_t *copy)
{
    struct table_entry *from = direct_map(table), *to;
    TRY(table_new(copy));
    to = direct_map(*copy);
    uint64_t groups = groups_of(from);
    table_record(*copy)->count = groups;
    for (size_t i = entries_next(from, groups, 0, PAGE_TABLE_ENTRIES); i < PAGE_TABLE_ENTRIES;
         i = entries_next(from, groups, i + 1, PAGE_TABLE_ENTRIES)) {
        enum status outcome = entry_share(&from[i], &to[i], level);
        if (outcome != STATUS_OK) {
            table_release(*copy, level);
            return outcome;
        }
    }
    return STATUS_OK;
}

enum status table_own(struct arch_space *space, struct table_entry *entry, unsigned level, uint64_t at)
{
    uint64_t value = entry_read(entry);
    if (page_entry_is_own(value))
        return STATUS_OK;
    phys_t table = page_entry_frame(value), copy;
    if (atomic_load_explicit(&table_record(table)->references, memory_order_acquire) == 1) {
        entry_write(entry, page_entry_table(table));
        arch_space_flush(space, at, at + PAGE_SIZE);
        return STATUS_OK;
    }
    TRY(table_copy(table, level - 1, &copy));
    entry_write(entry, 0); // the CPUs may remember the way to the other table
    arch_space_flush_way(space, at);
    atomic_thread_fence(memory_order_release);
    entry_write(entry, page_entry_table(copy));
    page_table_publish_user();
    table_release(table, level - 1);
    return STATUS_OK;
}

enum status arch_leaf_own(struct arch_space *space, uint64_t at, struct table_entry **leaf)
{
    struct table_entry *table = direct_map(space->root);
    for (unsigned above = page_table_levels() - 1; above; above--) {
        struct table_entry *entry = &table[table_index(at, above)];
        uint64_t value = entry_read(entry);
        if (!value)
            TRY(table_add(entry, &value));
        else if (page_entry_is_table(value))
            TRY(table_own(space, entry, above, at));
        else
            TRY(large_split(space, entry, above, align_down(at, table_span(above))));
        table = table_below(entry_read(entry));
    }
    *leaf = &table[table_index(at, 0)];
    return STATUS_OK;
}

// Sees to it that neither a shared table nor a large page has `at` but is not covered whole by [from, to).
static enum status own_edge(struct arch_space *space, uint64_t at, uint64_t from, uint64_t to)
{
    struct table_entry *table = direct_map(space->root);
    for (unsigned level = page_table_levels() - 1; level; level--) {
        struct table_entry *entry = &table[table_index(at, level)];
        uint64_t value = entry_read(entry), block = align_down(at, table_span(level));
        if (!value || (block >= from && to - block >= table_span(level)))
            return STATUS_OK;
        if (page_entry_is_table(value))
            TRY(table_own(space, entry, level, at));
        else
            TRY(large_split(space, entry, level, block));
        table = table_below(entry_read(entry));
    }
    return STATUS_OK;
}

enum status arch_space_own_edges(struct arch_space *space, virt_t from, virt_t to)
{
    if (LIKELY(!space->special) || from.raw >= to.raw)
        return STATUS_OK;
    TRY(own_edge(space, from.raw, from.raw, to.raw));
    return own_edge(space, to.raw - 1, from.raw, to.raw);
}

// The tables below `table`, of `level`, in [from, to).
static enum status own_tables(struct arch_space *space, struct table_entry *table, unsigned level, uint64_t from, uint64_t to)
{
    uint64_t groups = groups_of(table), base = align_down(from, table_span(level + 1));
    size_t end = (to - base + table_span(level) - 1) >> table_shift(level);
    for (size_t i = entries_next(table, groups, (from - base) >> table_shift(level), end); i < end;
         i = entries_next(table, groups, i + 1, end)) {
        uint64_t at = base + i * table_span(level);
        if (!page_entry_is_table(entry_read(&table[i])))
            continue;
        TRY(table_own(space, &table[i], level, at));
        if (level > 1)
            TRY(own_tables(space, table_below(entry_read(&table[i])), level - 1, MAX(at, from), MIN(at + table_span(level), to)));
    }
    return STATUS_OK;
}

enum status arch_space_own(struct arch_space *space, virt_t from, virt_t to)
{
    if (LIKELY(!space->special) || from.raw >= to.raw)
        return STATUS_OK;
    TRY(arch_space_own_edges(space, from, to));
    return own_tables(space, direct_map(space->root), page_table_levels() - 1, from.raw, to.raw);
}

// ---- fork ----

struct share {
    struct arch_space *source, *target;
    uint64_t whole_from, whole_to; // tables that lie in here may be shared
};

static bool table_is_full(const struct table_entry *table, unsigned level)
{
    unsigned groups = (unsigned)__builtin_popcountll(groups_of(table));
    if (!level)
        return groups >= SHARE_GROUPS;
    if (level > 1 || groups * TABLE_GROUP < SHARE_TABLES)
        return false;
    unsigned tables = 0;
    for (size_t i = 0; i < PAGE_TABLE_ENTRIES && tables < SHARE_TABLES; i++)
        tables += entry_read(&table[i]) != 0;
    return tables >= SHARE_TABLES;
}

static enum status share_table(const struct share *share, struct table_entry *table, struct table_entry *twin, unsigned level,
                               uint64_t from, uint64_t to);

// A whole entry above the last level.
static enum status share_whole(const struct share *share, struct table_entry *entry, struct table_entry *copy, unsigned level)
{
    share->source->special = share->target->special = true;
    return entry_share(entry, copy, level);
}

// The part [from, to) of one entry's block, which begins at `at`.
static enum status share_entry(const struct share *share, struct table_entry *entry, struct table_entry *copy, unsigned level, uint64_t at,
                               uint64_t from, uint64_t to)
{
    uint64_t value = entry_read(entry), known = entry_read(copy);
    if (known && !(level && page_entry_is_own(known)))
        return STATUS_OK; // with a range before this one
    table_mark(copy, 1);
    if (!level)
        return entry_share(entry, copy, level);
    if (!page_entry_is_table(value)) {
        if (to - from == table_span(level))
            return share_whole(share, entry, copy, level);
        TRY(large_split(share->source, entry, level, at));
        value = entry_read(entry);
    }
    bool whole = at >= share->whole_from && at + table_span(level) <= share->whole_to && !known;
    if (whole && (!page_entry_is_own(value) || table_is_full(table_below(value), level - 1)))
        return share_whole(share, entry, copy, level);
    if (!known)
        TRY(table_add(copy, &known));
    return share_table(share, table_below(value), table_below(known), level - 1, from, to);
}

static enum status share_table(const struct share *share, struct table_entry *table, struct table_entry *twin, unsigned level,
                               uint64_t from, uint64_t to)
{
    uint64_t groups = groups_of(table), base = align_down(from, table_span(level + 1)), span = table_span(level);
    size_t end = (to - base + span - 1) >> table_shift(level);
    for (size_t i = entries_next(table, groups, (from - base) >> table_shift(level), end); i < end;
         i = entries_next(table, groups, i + 1, end)) {
        uint64_t at = base + i * span;
        TRY(share_entry(share, &table[i], &twin[i], level, at, MAX(at, from), MIN(at + span, to)));
    }
    return STATUS_OK;
}

enum status arch_space_share(struct arch_space *source, struct arch_space *target, virt_t from, virt_t to, virt_t whole_from,
                             virt_t whole_to)
{
    const struct share share = { source, target, whole_from.raw, whole_to.raw };
    return share_table(&share, direct_map(source->root), direct_map(target->root), page_table_levels() - 1, from.raw, to.raw);
}
