// SPDX-License-Identifier: MIT
// space_walk.c: walks through tables: finding an entry, making the tables that lead to it, going from run to run.
#include "space_walk.h"

static enum status table_new(phys_t *table)
{
    if (table_frames_ready)
        return frame_alloc(1, FRAME_ZEROED, table);
    *table = frame_alloc_boot(1);
    return STATUS_OK;
}

struct table_entry *table_find(phys_t root, uint64_t at, unsigned level)
{
    struct table_entry *table = direct_map(root);
    for (unsigned above = page_table_levels() - 1; above > level; above--) {
        uint64_t entry = entry_read(&table[table_index(at, above)]);
        if (!page_entry_is_table(entry))
            return nullptr;
        table = table_below(entry);
    }
    return &table[table_index(at, level)];
}

// Makes the table that an empty entry is to lead to, unless another CPU is faster. *value: the entry as it is then.
static enum status table_add(struct table_entry *entry, uint64_t *value)
{
    phys_t made;
    TRY(table_new(&made));
    uint64_t found, mine = page_entry_table(made);
    if (entry_install(entry, mine, &found)) {
        *value = mine;
        return STATUS_OK;
    }
    frame_free(made, 1);
    *value = found;
    return STATUS_OK;
}

enum status table_make_path(phys_t root, uint64_t at, unsigned level, struct table_entry **found)
{
    struct table_entry *table = direct_map(root);
    for (unsigned above = page_table_levels() - 1; above > level; above--) {
        struct table_entry *entry = &table[table_index(at, above)];
        uint64_t value = entry_read(entry);
        if (!value)
            TRY(table_add(entry, &value));
        table = table_below(value);
    }
    *found = &table[table_index(at, level)];
    return STATUS_OK;
}

bool table_run_find(const struct arch_space *space, uint64_t at, uint64_t to, struct table_run *run)
{
    while (at < to) {
        struct table_entry *table = direct_map(space->root);
        unsigned level = page_table_levels() - 1;
        uint64_t entry = entry_read(&table[table_index(at, level)]);
        while (level && page_entry_is_table(entry)) {
            table = table_below(entry);
            level--;
            entry = entry_read(&table[table_index(at, level)]);
        }
        if (!level) {
            unsigned index = table_index(at, 0);
            size_t count = MIN((to - at) >> PAGE_SHIFT, (uint64_t)(PAGE_TABLE_ENTRIES - index));
            *run = (struct table_run){ at, &table[index], 0, count };
            return true;
        }
        at = align_down(at, 1ull << table_shift(level)) + (1ull << table_shift(level));
    }
    return false;
}
