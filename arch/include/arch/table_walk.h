// SPDX-License-Identifier: MIT
// table_walk.h: the way to the last-level entry of a page, and what a fault does to that entry. Inline: memory has no shorter path.
//
// All of it may run with the space's lock shared, as long as nobody else changes the same entry: the lock of the page's region sees
// to that. Tables come while the lock is shared and go only while it is held exclusively.
#pragma once

#include <stdatomic.h>

#include <arch/cpu.h>
#include <arch/page_table.h>
#include <arch/space.h>

#include <helix/cpu.h>
#include <helix/frames.h>

// arch_space_flush of one page.
static inline void arch_space_flush_page(struct arch_space *space, uint64_t at)
{
    struct cpu *cpu = cpu_local();
    if (LIKELY(cpu->arch.space == space)) {
        cpu->flushes.pages++;
        translation_forget_page((uint16_t)space_tag(space), at);
        if (translation_reaches_all())
            return;
        // What this CPU has forgotten stays forgotten, should the thread go on elsewhere; the word then names both.
        atomic_thread_fence(memory_order_seq_cst);
        if (LIKELY(atomic_load_explicit(&space->seen_on, memory_order_relaxed) == 1ull << cpu_local()->id))
            return;
    }
    arch_space_flush(space, at, at + PAGE_SIZE);
}

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

// Which groups of eight entries of a user table may be in use: bit n for entries 8n to 8n + 7. It is kept in the table's struct frame
// (`count`), is set before an entry is, and spares whoever looks through a table the empty parts.
enum { TABLE_GROUP = 8 };

static inline _Atomic uint64_t *table_groups(const struct table_entry *entry)
{
    return (_Atomic uint64_t *)&frame_map.database[direct_map_phys(entry).raw >> PAGE_SHIFT].count;
}

// The `count` entries from `entry` on are about to be used; they lie in one table.
static inline void table_mark(const struct table_entry *entry, size_t count)
{
    _Atomic uint64_t *groups = table_groups(entry);
    unsigned first = (uintptr_t)entry / sizeof *entry % PAGE_TABLE_ENTRIES;
    uint64_t from_first = UINT64_MAX << first / TABLE_GROUP, to_last = UINT64_MAX >> (63 - (first + count - 1) / TABLE_GROUP);
    uint64_t bits = from_first & to_last;
    if (UNLIKELY((atomic_load_explicit(groups, memory_order_relaxed) & bits) != bits))
        atomic_fetch_or_explicit(groups, bits, memory_order_relaxed);
}

// The last-level entry of `at`, when this space alone has all tables on the way; nullptr: one is missing or shared, or the page is large.
static inline struct table_entry *arch_leaf_find(const struct arch_space *space, uint64_t at)
{
    struct table_entry *table = (struct table_entry *)direct_map(space->root);
    for (unsigned above = page_table_levels() - 1; above; above--) {
        uint64_t entry = entry_read(&table[table_index(at, above)]);
        if (UNLIKELY(!page_entry_is_own(entry)))
            return nullptr;
        table = table_below(entry);
    }
    return &table[table_index(at, 0)];
}

// As arch_leaf_find, making the tables that are missing. STATUS_NO_MEMORY: tables already made stay, empty. STATUS_BUSY: a table on the
// way is shared, or the page is large.
enum status arch_leaf_make(struct arch_space *space, uint64_t at, struct table_entry **leaf);

// As arch_leaf_make, with the space's lock held exclusively: shared tables become this space's own, a large page is split.
// STATUS_NO_MEMORY: what every page is and may has not changed.
enum status arch_leaf_own(struct arch_space *space, uint64_t at, struct table_entry **leaf);

// Puts `count` pages where nothing is, within one table. What was written to the frames before is seen by whoever translates
// by the entries.
static inline void arch_leaf_set_run(struct table_entry *leaf, const phys_t *frames, size_t count, uint32_t access)
{
    table_mark(leaf, count);
    atomic_thread_fence(memory_order_release);
    for (size_t i = 0; i < count; i++) {
        if (access & PAGE_EXECUTE)
            page_table_publish_code(frames[i]);
        entry_write(&leaf[i], page_entry(frames[i], access));
    }
    page_table_publish_page();
}

static inline void arch_leaf_set(struct table_entry *leaf, phys_t frame, uint32_t access)
{
    _Atomic uint64_t *groups = table_groups(leaf);
    uint64_t bit = 1ull << (uintptr_t)leaf / (TABLE_GROUP * sizeof *leaf) % 64;
    if (UNLIKELY(!(atomic_load_explicit(groups, memory_order_relaxed) & bit)))
        atomic_fetch_or_explicit(groups, bit, memory_order_relaxed);
    if (access & PAGE_EXECUTE)
        page_table_publish_code(frame);
    atomic_store_explicit(&leaf->raw, page_entry(frame, access), memory_order_release);
    page_table_publish_page();
}

// Puts another page, or the same with other rights, in the place of what is there; no CPU ever sees two frames for one page.
static inline void arch_leaf_replace(struct arch_space *space, uint64_t at, struct table_entry *leaf, phys_t frame, uint32_t access)
{
    if (page_entry_present(entry_read(leaf))) {
        entry_write(leaf, 0);
        arch_space_flush_page(space, at);
    }
    arch_leaf_set(leaf, frame, access);
}

// ---- large pages ----

enum : uint64_t { LARGE_SIZE = PAGE_TABLE_ENTRIES * PAGE_SIZE };

// Whether nothing is mapped in the block that holds `at`, nor a table there, nor one above it shared. The lock may be shared.
bool arch_large_fits(const struct arch_space *space, uint64_t at);

// Makes the aligned block of LARGE_SIZE at `at` one page: `frame` is the head of a run taken with FRAME_ALIGNED whose references go to
// the mapping. The lock may be shared. STATUS_BUSY: something is mapped or a table there already, or a table above is shared;
// STATUS_NO_MEMORY. Nothing changed then and the run is the caller's.
enum status arch_large_map(struct arch_space *space, uint64_t at, phys_t frame, uint32_t access);

// For a write fault, the lock held exclusively. True: `at` lies in a large page whose frames nobody else has; it has `access` now.
bool arch_large_reuse(struct arch_space *space, uint64_t at, uint32_t access);
