// SPDX-License-Identifier: MIT
// space.c: page tables: radix trees whose entries the port knows (arch/page_table.h): the life of user spaces, single pages, and the
// translation caches.
//
// Purpose     Says which frame a page is, and with what access; keeps the translation caches true.
// How         A walk descends from the root through tables to an entry (inline for faults: arch/table_walk.h). User tables are made on
//             demand; they go when a range that covers them is unmapped (space_range.c), or with the space. fork shares full
//             tables (space_share.c); a table of the level above the last may have pages of 2 MiB (space_large.c). The kernel half (space_kernel.c) points at tables made at boot: by its own root, or by the upper entries of
//             every root, so that a kernel mapping made later shows up everywhere at once.
// Invariants  An entry of 0 is unmapped. An entry can hold a frame that nobody may touch (PROT_NONE). A mapped page holds one
//             reference on its frame unless its entry says that it is borrowed. No kernel page is both writable and executable.
//             A released frame is in no translation cache any more, or only under a tag that is not used again before the caches
//             are emptied (asid.c).
// Locks       The space's own lock, held by the caller: shared to look and for single entries, exclusively for all else. Tables that
//             are missing are installed by compare-exchange. RANK_KERNEL_SPACE for the kernel half.
// Cost        map: a load per level and a store. unmap, protect, share: one load per page, nothing for absent tables, little for the
//             empty parts of tables (table_groups).

#include <arch/space.h>

#include <lib/string.h>

#include <arch/cpu.h>

#include <helix/cpu.h>
#include <helix/preempt.h>

#include "asid.h"
#include "space_walk.h"

// ---- the translation cache ----

static bool space_loaded(const struct arch_space *space)
{
    return cpu_local()->arch.space == space;
}

// Whoever loads a space that nobody runs starts without its translations: under a new tag, or with all forgotten. Preemption off until
// the flush is over: a thread without a space of its own that lost the CPU after the look would come back to find the space loaded, its
// tag taken away under it, and no later activation to mend that.
static bool flush_later(struct arch_space *space)
{
    if (space_loaded(space))
        return false;
    space_tag_set(space, 0);
    return true;
}

static void flush_here(uint16_t tag, uint64_t from, uint64_t to)
{
    if (to - from > FLUSH_PAGES_MOST * PAGE_SIZE) {
        translation_forget_space(tag);
        return;
    }
    for (uint64_t at = from; at < to; at += PAGE_SIZE)
        translation_forget_page(tag, at);
}

void arch_space_flush(struct arch_space *space, uint64_t from, uint64_t to)
{
    preempt_disable();
    if (!flush_later(space))
        flush_here((uint16_t)space_tag(space), from, to);
    preempt_enable();
}

void arch_space_flush_way(struct arch_space *space, uint64_t at)
{
    preempt_disable();
    if (!flush_later(space))
        translation_forget_way((uint16_t)space_tag(space), at);
    preempt_enable();
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
    TRY(table_new(&root));
    struct table_entry *table = direct_map(root);
    const struct table_entry *kernel = direct_map(table_kernel_space.root);
    for (uint64_t groups = table_kernel_groups; groups; groups &= groups - 1) {
        size_t first = (size_t)__builtin_ctzll(groups) * TABLE_GROUP;
        memcpy(table + first, kernel + first, TABLE_GROUP * sizeof *table);
    }
    table_record(root)->count = table_kernel_groups;
    page_table_publish_user(); // even a space that nothing is mapped in can be loaded
    *space = (struct arch_space){ .root = root };
    return STATUS_OK;
}

void arch_space_destroy(struct arch_space *space)
{
    preempt_disable(); // whoever ran between naming a space as loaded and loading it would lose his own
    if (space_loaded(space))
        arch_space_activate(&table_kernel_space); // which also forgets its translations, before any frame is released
    preempt_enable();
    table_release(space->root, page_table_levels() - 1);
    space->root = (phys_t){ 0 };
}

// ---- single pages ----

enum status arch_leaf_make(struct arch_space *space, uint64_t at, struct table_entry **leaf)
{
    struct table_entry *table = direct_map(space->root);
    for (unsigned above = page_table_levels() - 1; above; above--) {
        struct table_entry *entry = &table[table_index(at, above)];
        uint64_t value = entry_read(entry);
        if (!value)
            TRY(table_add(entry, &value));
        if (!page_entry_is_own(value))
            return STATUS_BUSY;
        table = table_below(value);
    }
    *leaf = &table[table_index(at, 0)];
    return STATUS_OK;
}

enum status arch_space_map(struct arch_space *space, virt_t at, phys_t frame, uint32_t access)
{
    struct table_entry *leaf = arch_leaf_find(space, at.raw);
    if (!leaf)
        TRY(arch_leaf_own(space, at.raw, &leaf));
    arch_leaf_replace(space, at.raw, leaf, frame, access);
    return STATUS_OK;
}

bool arch_space_query(const struct arch_space *space, virt_t at, phys_t *frame, uint32_t *access)
{
    const struct table_entry *table = direct_map(space->root);
    unsigned level = page_table_levels() - 1;
    uint64_t entry = entry_read(&table[table_index(at.raw, level)]);
    bool own = true;
    for (; level && page_entry_is_table(entry); entry = entry_read(&table[table_index(at.raw, level)])) {
        own &= page_entry_is_own(entry);
        table = table_below(entry);
        level--;
    }
    if (!entry)
        return false;
    if (frame)
        frame->raw = page_entry_frame(entry).raw + (at.raw & (table_span(level) - PAGE_SIZE));
    if (access)
        *access = page_entry_access(entry) & ~(own ? 0u : (uint32_t)PAGE_WRITE);
    return true;
}
