// SPDX-License-Identifier: MIT
// space_table.c: user page tables as objects: made empty, shared by counting, freed with all that they map.
//
// A table is a frame in state FRAME_TABLE. `references` counts the entries that lead to it, `count` marks the groups of entries that
// may be in use (table_walk.h). Its entries are cleared as it is taken apart, so that the next table need not be.

#include <lib/string.h>

#include "space_walk.h"

enum status table_new(phys_t *table)
{
    TRY(frame_alloc(1, FRAME_ZEROED, table));
    struct frame *record = table_record(*table);
    record->state = FRAME_TABLE;
    record->count = 0;
    return STATUS_OK;
}

void table_free(phys_t table)
{
    frame_free_zeroed(table);
}

enum status table_add(struct table_entry *entry, uint64_t *value)
{
    phys_t made;
    TRY(table_new(&made));
    uint64_t found, mine = page_entry_table(made);
    table_mark(entry, 1);
    if (entry_install(entry, mine, &found)) {
        *value = mine;
        return STATUS_OK;
    }
    table_free(made);
    *value = found;
    return STATUS_OK;
}

void table_entry_release(uint64_t entry, unsigned level)
{
    if (level && page_entry_is_table(entry))
        table_release(page_entry_frame(entry), level - 1);
    else if (page_entry_borrowed(entry))
        return;
    else if (level)
        large_release(page_entry_frame(entry));
    else
        frame_release(page_entry_frame(entry));
}

// The entries of a root that lead to the kernel half.
static void kernel_half_clear(struct table_entry *root)
{
    for (uint64_t groups = table_kernel_groups; groups; groups &= groups - 1)
        memset(root + (size_t)__builtin_ctzll(groups) * TABLE_GROUP, 0, TABLE_GROUP * sizeof *root);
}

void table_release(phys_t table, unsigned level)
{
    _Atomic uint32_t *references = &table_record(table)->references;
    // The only one that leads here has nobody to race with. Acquire: what others did to the table is done.
    if (atomic_load_explicit(references, memory_order_acquire) != 1 && atomic_fetch_sub_explicit(references, 1, memory_order_acq_rel) != 1)
        return;
    struct table_entry *entry = direct_map(table);
    uint64_t groups = groups_of(entry);
    size_t end = level + 1 == page_table_levels() ? page_table_kernel_first() : PAGE_TABLE_ENTRIES;
    for (size_t i = entries_next(entry, groups, 0, end); i < end; i = entries_next(entry, groups, i + 1, end)) {
        table_entry_release(entry_read(&entry[i]), level);
        entry_write(&entry[i], 0);
    }
    if (end < PAGE_TABLE_ENTRIES)
        kernel_half_clear(entry);
    table_free(table);
}
