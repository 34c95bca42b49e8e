// SPDX-License-Identifier: MIT
// space_walk.h: walks through tables, for the files of arch/common/space*.c.
#pragma once

#include <arch/table_walk.h>

enum : uint64_t { TABLE_SPAN = PAGE_TABLE_ENTRIES * PAGE_SIZE }; // what one last-level table covers

// Flushing more pages than this one by one costs more than forgetting the whole space.
enum { FLUSH_PAGES_MOST = 32 };

extern struct arch_space table_kernel_space; // the kernel half

// From when on tables come from frame_alloc instead of boot memory.
extern bool table_frames_ready;

// The entry of `at` at `level`, nullptr when a table on the way is missing.
struct table_entry *table_find(phys_t root, uint64_t at, unsigned level);

// As table_find, making what is missing. STATUS_NO_MEMORY: tables already made stay (they are empty and belong to the space).
enum status table_make_path(phys_t root, uint64_t at, unsigned level, struct table_entry **found);

// Index of the first entry in use from `i` on, `count` when there is none. Tables are mostly empty: eight at a time.
static inline size_t entries_skip(const struct table_entry *entry, size_t i, size_t count)
{
    for (; i + 8 <= count; i += 8) {
        uint64_t any = 0;
        for (size_t j = 0; j < 8; j++)
            any |= entry_read(&entry[i + j]);
        if (any)
            break;
    }
    while (i < count && !entry_read(&entry[i]))
        i++;
    return i;
}

// A run of entries in one table: `count` from `entry` on, the first being that of `at`; each covers 1 << table_shift(level) bytes.
struct table_run {
    uint64_t at;
    struct table_entry *entry;
    unsigned level;
    size_t count;
};

// The first run of last-level entries in [at, to), skipping what has no table. False: there is none.
bool table_run_find(const struct arch_space *space, uint64_t at, uint64_t to, struct table_run *run);

static inline uint64_t table_run_end(const struct table_run *run)
{
    return run->at + ((uint64_t)run->count << table_shift(run->level));
}

// The page of an entry with another access, which a borrowed page gets without the right to write.
static inline uint64_t entry_with_access(uint64_t entry, uint32_t access)
{
    if (page_entry_borrowed(entry))
        access = (access & ~PAGE_WRITE) | PAGE_BORROWED;
    if (access & PAGE_EXECUTE)
        page_table_publish_code(page_entry_frame(entry));
    return page_entry(page_entry_frame(entry), access);
}
