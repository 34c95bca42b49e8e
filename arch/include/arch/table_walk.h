// SPDX-License-Identifier: MIT
// table_walk.h: the way to the last-level entry of a page, and what a fault does to that entry. Inline: memory has no shorter path.
//
// All of it may run with the space's lock shared, as long as nobody else changes the same entry: the lock of the page's region sees
// to that. Tables come while the lock is shared and go only while it is held exclusively.
#pragma once

#include <arch/page_table.h>
#include <arch/space.h>

#include <helix/frames.h>

// How many bits of an address lie below what one entry of a table of this level covers. Level 0: the last.
static inline unsigned table_shift(unsigned level)
{
    return PAGE_SHIFT + 9 * level;
}

static inline unsigned table_index(uint64_t at, unsigned level)
{
    return at >> table_shift(level) & (PAGE_TABLE_ENTRIES - 1);
}

static inline struct table_entry *table_below(uint64_t entry)
{
    return (struct table_entry *)direct_map(page_entry_frame(entry));
}

// The last-level entry of `at`; nullptr: something is missing on the way, or arch_leaf_make() has more to do.
static inline struct table_entry *arch_leaf_find(const struct arch_space *space, uint64_t at)
{
    struct table_entry *table = (struct table_entry *)direct_map(space->root);
    for (unsigned above = page_table_levels() - 1; above; above--) {
        uint64_t entry = entry_read(&table[table_index(at, above)]);
        if (UNLIKELY(!page_entry_is_table(entry)))
            return nullptr;
        table = table_below(entry);
    }
    return &table[table_index(at, 0)];
}

// As arch_leaf_find, making the tables that are missing. STATUS_NO_MEMORY: tables already made stay, empty.
enum status arch_leaf_make(struct arch_space *space, uint64_t at, struct table_entry **leaf);

// Puts a page where nothing is. What was written to the frame before is seen by whoever translates by the entry.
static inline void arch_leaf_set(struct table_entry *leaf, phys_t frame, uint32_t access)
{
    if (access & PAGE_EXECUTE)
        page_table_publish_code(frame);
    atomic_store_explicit(&leaf->raw, page_entry(frame, access), memory_order_release);
    page_table_publish_user();
}

// Puts another page, or the same with other rights, in the place of what is there; no CPU ever sees two frames for one page.
static inline void arch_leaf_replace(struct arch_space *space, uint64_t at, struct table_entry *leaf, phys_t frame, uint32_t access)
{
    if (page_entry_present(entry_read(leaf))) {
        entry_write(leaf, 0);
        arch_space_flush(space, at, at + PAGE_SIZE);
    }
    arch_leaf_set(leaf, frame, access);
}
