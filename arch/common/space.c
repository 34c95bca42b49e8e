// SPDX-License-Identifier: MIT
// space.c: page tables: radix trees whose entries the port knows (arch/page_table.h): the life of user spaces, single pages, and
// which space a CPU has loaded.
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

#include "asid.h"
#include "space_flush.h"
#include "space_walk.h"

// ---- the translation cache ----

// Nothing of the space is left on this CPU that was flushed while it was away. It names the space as loaded already.
static void catch_up(struct arch_space *space, uint64_t bit, uint16_t tag)
{
    if (LIKELY(!(atomic_load_explicit(&space->stale_on, memory_order_relaxed) & bit)))
        return;
    atomic_fetch_and_explicit(&space->stale_on, ~bit, memory_order_acquire); // then what follows: another flush sets it again
    translation_forget_space(tag);
    cpu_local()->flushes.whole++;
}

static void space_enter(struct arch_space *space, uint64_t bit)
{
    if (UNLIKELY(!(atomic_load_explicit(&space->seen_on, memory_order_relaxed) & bit)))
        atomic_fetch_or_explicit(&space->seen_on, bit, memory_order_relaxed);
    atomic_fetch_or_explicit(&space->loaded_on, bit, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); // before looking at stale_on and walking the tables: see space_flush.c
}

// The root is loaded no more. Without tags, nothing of it is remembered either.
static void space_exit(struct arch_space *space, uint64_t bit)
{
    if (!translation_tags())
        atomic_fetch_and_explicit(&space->seen_on, ~bit, memory_order_release);
    atomic_fetch_and_explicit(&space->loaded_on, ~bit, memory_order_release);
}

void arch_space_activate(struct arch_space *space)
{
    struct cpu *cpu = cpu_local();
    struct arch_space *old = cpu->arch.space;
    if (old == space)
        return;
    bool kernel = space == &table_kernel_space;
    uint64_t bit = 1ull << cpu->id;
    if (!kernel)
        space_enter(space, bit);
    __atomic_store_n(&cpu->arch.space, space, __ATOMIC_RELAXED); // another CPU may look (asid.c)
    uint16_t tag = asid_take(space);
    page_table_load(space->root, tag, kernel);
    if (!kernel)
        catch_up(space, bit, tag);
    if (old && old != &table_kernel_space)
        space_exit(old, bit);
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
    if (atomic_load_explicit(&space->loaded_on, memory_order_acquire))
        space_leave_everywhere(space); // which also forgets its translations, before any frame is released
    asid_drop(space);
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
