// SPDX-License-Identifier: MIT
// space_walk.h: walks through tables, and their making and unmaking, for the files of arch/common/space*.c.
#pragma once

#include <arch/table_kernel.h>
#include <arch/table_walk.h>

// What one entry of a table of this level covers, in bytes.
static inline uint64_t table_span(unsigned level)
{
    return 1ull << table_shift(level);
}

static inline struct frame *table_record(phys_t table)
{
    return &frame_map.database[table.raw >> PAGE_SHIFT];
}

// Index of the first entry in use in [i, end), `end` when there is none. `groups`: of the table, as table_groups tells.
static inline size_t entries_next(const struct table_entry *table, uint64_t groups, size_t i, size_t end)
{
    while (i < end) {
        uint64_t left = groups >> i / TABLE_GROUP;
        if (!left)
            return end;
        if (!(left & 1)) {
            i = (i / TABLE_GROUP + (unsigned)__builtin_ctzll(left)) * TABLE_GROUP;
            continue;
        }
        if (entry_read(&table[i]))
            return i;
        i++;
    }
    return end;
}

static inline uint64_t groups_of(const struct table_entry *table)
{
    return atomic_load_explicit(table_groups(table), memory_order_relaxed);
}

// ---- space_table.c ----

// An empty table with one reference. STATUS_NO_MEMORY.
enum status table_new(phys_t *table);

// Takes a table back whose entries are all 0.
void table_free(phys_t table);

// Drops one reference on a table of `level`; with the last one all that it maps is released and it is freed, tables below included.
// No CPU translates by it any more.
void table_release(phys_t table, unsigned level);

// Makes the table that an empty entry is to lead to, unless another CPU is faster. *value: the entry as it is then.
enum status table_add(struct table_entry *entry, uint64_t *value);

// Releases what an entry of `level` leads to, once no CPU translates by it.
void table_entry_release(uint64_t entry, unsigned level);

// ---- space_large.c ----

// One more large entry shall lead to the run at `frame`: a reference on each frame, and a spare table. STATUS_NO_MEMORY: nothing changed.
enum status large_retain(phys_t frame);

// A large entry that led to the run is gone.
void large_release(phys_t frame);

// Splits the large page of *entry, which stands at `level` and covers [block, block + table_span(level)), into the pages below it.
// Fails with STATUS_NO_MEMORY only where no spare table was laid by: for borrowed pages and those above 2 MiB.
enum status large_split(struct arch_space *space, struct table_entry *entry, unsigned level, uint64_t block);

// ---- space_share.c ----

// Makes the table that *entry (of `level`, on the way to `at`) leads to this space's own.
enum status table_own(struct arch_space *space, struct table_entry *entry, unsigned level, uint64_t at);

// ---- space_range.c ----

// Entries in use in one table: last-level ones, or a single large page. `at` is what the first of them covers.
struct table_run {
    uint64_t at;
    struct table_entry *table;
    uint64_t groups;
    unsigned level;
    size_t first, end;
};

// The first run that has something in [at, to), or a last-level table at least. False: there is none.
bool table_run_find(const struct arch_space *space, uint64_t at, uint64_t to, struct table_run *run);

static inline uint64_t table_run_address(const struct table_run *run, size_t i)
{
    return run->at + (i - run->first) * table_span(run->level);
}

static inline size_t table_run_next(const struct table_run *run, size_t i)
{
    return entries_next(run->table, run->groups, i, run->end);
}
