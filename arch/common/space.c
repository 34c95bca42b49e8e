// SPDX-License-Identifier: MIT
// space.c: page tables: radix trees whose entries the port knows (arch/page_table.h): the life of user spaces, single pages, and the
// translation caches.
//
// Purpose     Says which frame a page is, and with what access; keeps the translation caches true.
// How         A walk descends from the root through tables to an entry (space_walk.c; inline for faults: arch/table_walk.h). User
//             tables are made on demand; they are freed when a range that covers them is unmapped (space_range.c), or with the
//             space. The kernel half (space_kernel.c) points at tables made at boot: by its own root, or by the upper entries of
//             every root, so that a kernel mapping made later shows up everywhere at once.
// Invariants  An entry of 0 is unmapped. An entry can hold a frame that nobody may touch (PROT_NONE). A mapped page holds one
//             reference on its frame unless its entry says that it is borrowed. No kernel page is both writable and executable.
//             A released frame is in no translation cache any more, or only under a tag that is not used again before the caches
//             are emptied (asid.c).
// Locks       The space's own lock, held by the caller: shared to look and for single entries, exclusively for all else. Tables that
//             are missing are installed by compare-exchange. RANK_KERNEL_SPACE for the kernel half.
// Cost        map: a load per level and a store. unmap, protect, share: one load per page, nothing for absent tables.

#include <arch/space.h>

#include <lib/string.h>

#include <arch/cpu.h>

#include <helix/cpu.h>

#include "asid.h"
#include "space_walk.h"

// ---- the translation cache ----

static bool space_loaded(const struct arch_space *space)
{
    return cpu_local()->arch.space == space;
}

// Whoever loads a space that nobody runs starts without its translations: under a new tag, or with all forgotten.
void arch_space_flush(struct arch_space *space, uint64_t from, uint64_t to)
{
    if (!space_loaded(space)) {
        space->tag = 0;
        return;
    }
    uint16_t tag = (uint16_t)space->tag;
    if (to - from > FLUSH_PAGES_MOST * PAGE_SIZE) {
        translation_forget_space(tag);
        return;
    }
    for (uint64_t at = from; at < to; at += PAGE_SIZE)
        translation_forget_page(tag, at);
}

void arch_space_activate(struct arch_space *space)
{
    struct arch_cpu *cpu = &cpu_local()->arch;
    if (cpu->space == space)
        return;
    uint64_t bit = 1ull << cpu_local()->id;
    if (cpu->space)
        cpu->space->loaded_on &= ~bit;
    space->loaded_on |= bit;
    cpu->space = space;
    page_table_load(space->root, asid_take(space), space == &table_kernel_space);
}

// ---- life ----

struct arch_space *arch_space_kernel(void)
{
    return &table_kernel_space;
}

enum status arch_space_create(struct arch_space *space)
{
    phys_t root;
    TRY(frame_alloc(1, 0, &root));
    struct table_entry *table = direct_map(root);
    unsigned users = page_table_kernel_first();
    memset(table, 0, users * sizeof *table);
    if (users < PAGE_TABLE_ENTRIES)
        memcpy(table + users, (struct table_entry *)direct_map(table_kernel_space.root) + users,
               (PAGE_TABLE_ENTRIES - users) * sizeof *table);
    page_table_publish_user(); // even a space that nothing is mapped in can be loaded
    *space = (struct arch_space){ .root = root };
    return STATUS_OK;
}

static void table_drop(phys_t table, unsigned level, size_t entries)
{
    const struct table_entry *entry = direct_map(table);
    for (size_t i = entries_skip(entry, 0, entries); i < entries; i = entries_skip(entry, i + 1, entries)) {
        uint64_t value = entry_read(&entry[i]);
        if (level)
            table_drop(page_entry_frame(value), level - 1, PAGE_TABLE_ENTRIES);
        else if (!page_entry_borrowed(value))
            frame_release(page_entry_frame(value));
    }
    frame_free(table, 1);
}

void arch_space_destroy(struct arch_space *space)
{
    if (space_loaded(space))
        arch_space_activate(&table_kernel_space); // which also forgets its translations, before any frame is released
    table_drop(space->root, page_table_levels() - 1, page_table_kernel_first());
    space->root = (phys_t){ 0 };
}

// ---- single pages ----

enum status arch_leaf_make(struct arch_space *space, uint64_t at, struct table_entry **leaf)
{
    return table_make_path(space->root, at, 0, leaf);
}

enum status arch_space_map(struct arch_space *space, virt_t at, phys_t frame, uint32_t access)
{
    struct table_entry *leaf = arch_leaf_find(space, at.raw);
    if (!leaf)
        TRY(arch_leaf_make(space, at.raw, &leaf));
    arch_leaf_replace(space, at.raw, leaf, frame, access);
    return STATUS_OK;
}

bool arch_space_query(const struct arch_space *space, virt_t at, phys_t *frame, uint32_t *access)
{
    const struct table_entry *leaf = arch_leaf_find(space, at.raw);
    uint64_t entry = leaf ? entry_read(leaf) : 0;
    if (!entry)
        return false;
    if (frame)
        *frame = page_entry_frame(entry);
    if (access)
        *access = page_entry_access(entry);
    return true;
}

uint64_t arch_space_count(const struct arch_space *space, virt_t from, virt_t to)
{
    uint64_t pages = 0;
    struct table_run run;
    for (uint64_t at = from.raw; table_run_find(space, at, to.raw, &run); at = table_run_end(&run)) {
        for (size_t i = entries_skip(run.entry, 0, run.count); i < run.count; i = entries_skip(run.entry, i + 1, run.count))
            pages++;
    }
    return pages;
}
