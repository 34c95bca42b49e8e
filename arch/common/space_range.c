// SPDX-License-Identifier: MIT
// space_range.c: page tables: what is done to all pages of a range: counting, unmapping, other rights, moving.

#include <arch/space.h>

#include <lib/string.h>

#include <helix/frames.h>
#include <helix/panic.h>

#include "space_flush.h"
#include "space_walk.h"

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
        size_t first = table_index(at, level), last = (to - 1 - align_down(at, table_span(level))) >> table_shift(level);
        uint64_t groups = groups_of(table);
        if (!level || entry) {
            size_t end = level ? first + 1 : MIN(first + last + 1, (size_t)PAGE_TABLE_ENTRIES);
            *run = (struct table_run){ align_down(at, table_span(level)), table, groups, level, first, end };
            return true;
        }
        size_t next = entries_next(table, groups, first, PAGE_TABLE_ENTRIES);
        at = align_down(at, table_span(level)) + (next - first) * table_span(level);
    }
    return false;
}

static uint64_t table_run_end(const struct table_run *run)
{
    return table_run_address(run, run->end);
}

uint64_t arch_space_count(const struct arch_space *space, virt_t from, virt_t to)
{
    uint64_t pages = 0;
    struct table_run run;
    for (uint64_t at = from.raw; table_run_find(space, at, to.raw, &run); at = table_run_end(&run)) {
        if (run.level) {
            pages += (MIN(table_run_end(&run), to.raw) - MAX(run.at, from.raw)) >> PAGE_SHIFT;
            continue;
        }
        for (size_t i = table_run_next(&run, run.first); i < run.end; i = table_run_next(&run, i + 1))
            pages++;
    }
    return pages;
}

// How many ways lead from roots to the table that the run lies in: each table on the way may have several above it.
static uint32_t run_sharers(const struct arch_space *space, const struct table_run *run)
{
    struct table_entry *table = direct_map(space->root);
    uint32_t ways = 1;
    for (unsigned level = page_table_levels() - 1; level > run->level; level--) {
        uint64_t entry = entry_read(&table[table_index(run->at, level)]);
        if (!page_entry_is_table(entry)) // another thread's change
            return ways;
        uint32_t above = atomic_load_explicit(&table_record(page_entry_frame(entry))->references, memory_order_relaxed);
        ways *= MAX(above, 1u);
        table = table_below(entry);
    }
    return ways;
}

static void run_visit(const struct table_run *run, uint32_t sharers, uint64_t from, uint64_t to,
                      void (*visit)(void *context, const struct mapped_pages *pages), void *context)
{
    for (size_t i = table_run_next(run, run->first); i < run->end; i = table_run_next(run, i + 1)) {
        uint64_t entry = entry_read(&run->table[i]), start = table_run_address(run, i);
        uint64_t low = MAX(start, from), high = MIN(start + table_span(run->level), to);
        if (!entry)
            continue;
        phys_t head = page_entry_frame(entry);
        const struct frame *record = frame_of(head);
        bool whole = run->level && record && record->state == FRAME_LARGE;
        const struct mapped_pages pages = {
            .at = low,
            .frame = { head.raw + (low - start) },
            .pages = (high - low) >> PAGE_SHIFT,
            .access = page_entry_access(entry) | (page_entry_borrowed(entry) ? PAGE_BORROWED : 0),
            .large = run->level,
            .record = { whole || !run->level ? head.raw : head.raw + (low - start) },
            .sharers = sharers,
        };
        visit(context, &pages);
    }
}

void arch_space_each_page(const struct arch_space *space, virt_t from, virt_t to,
                          void (*visit)(void *context, const struct mapped_pages *pages), void *context)
{
    struct table_run run;
    for (uint64_t at = from.raw; table_run_find(space, at, to.raw, &run); at = table_run_end(&run))
        run_visit(&run, run_sharers(space, &run), from.raw, to.raw, visit, context);
}

// ---- unmapping ----

// More entries than a batch has room for, in a frame of their own.
enum { CHUNK_ENTRIES = 448 };
struct unmap_chunk {
    struct unmap_chunk *next;
    size_t count;
    uint64_t entries[CHUNK_ENTRIES];
    uint8_t levels[CHUNK_ENTRIES];
};
static_assert(sizeof(struct unmap_chunk) <= PAGE_SIZE);

// What was taken out of the tables and may still be in translation caches.
struct unmap_batch {
    struct arch_space *space;
    size_t count, pages; // of the entries those whose pages may be remembered: `at` has them while they are FLUSH_PAGES_MOST at most
    bool tables;         // whole tables are among it
    struct unmap_chunk *chunks;
    uint64_t entries[FLUSH_PAGES_MOST];
    uint8_t levels[FLUSH_PAGES_MOST];
    uint64_t at[FLUSH_PAGES_MOST];
};

static void chunks_release(struct unmap_chunk *chunk)
{
    while (chunk) {
        struct unmap_chunk *next = chunk->next;
        for (size_t i = 0; i < chunk->count; i++)
            table_entry_release(chunk->entries[i], chunk->levels[i]);
        frame_free(direct_map_phys(chunk), 1);
        chunk = next;
    }
}

static void batch_empty(struct unmap_batch *batch)
{
    batch->count = batch->pages = 0;
    batch->tables = false;
    batch->chunks = nullptr;
}

static void unmap_flush(struct unmap_batch *batch)
{
    if (batch->tables || batch->pages > FLUSH_PAGES_MOST)
        arch_space_flush(batch->space, 0, UINT64_MAX);
    else if (batch->pages)
        space_flush_pages(batch->space, batch->at, batch->pages);
    for (size_t i = 0; i < batch->count; i++)
        table_entry_release(batch->entries[i], batch->levels[i]);
    chunks_release(batch->chunks);
    batch_empty(batch);
}

// Lays the entries by until the one flush of all. False: no memory for that.
static bool unmap_lay_by(struct unmap_batch *batch)
{
    struct unmap_chunk *chunk = batch->chunks;
    if (!chunk || chunk->count + batch->count > CHUNK_ENTRIES) {
        phys_t frame;
        if (frame_alloc(1, 0, &frame) != STATUS_OK)
            return false;
        chunk = direct_map(frame);
        chunk->next = batch->chunks;
        chunk->count = 0;
        batch->chunks = chunk;
    }
    memcpy(chunk->entries + chunk->count, batch->entries, batch->count * sizeof batch->entries[0]);
    memcpy(chunk->levels + chunk->count, batch->levels, batch->count);
    chunk->count += batch->count;
    batch->count = 0;
    return true;
}

// An entry of `level` for `at` goes; what it leads to is released after the next flush: the only one, where other CPUs have to be told.
static void unmap_take(struct unmap_batch *batch, struct table_entry *entry, unsigned level, uint64_t at)
{
    if (batch->count == FLUSH_PAGES_MOST && !(space_runs_elsewhere(batch->space) && unmap_lay_by(batch)))
        unmap_flush(batch);
    uint64_t value = entry_read(entry);
    entry_write(entry, 0);
    batch->entries[batch->count] = value;
    batch->levels[batch->count++] = (uint8_t)level;
    if (!page_entry_present(value))
        return;
    batch->tables |= level && page_entry_is_table(value);
    if (batch->pages < FLUSH_PAGES_MOST)
        batch->at[batch->pages] = at; // of a large page any address will do
    batch->pages++;
}

// Takes out what lies in [from, to), which one table of `level` covers; what the range covers whole goes as a whole.
static void unmap_table(struct unmap_batch *batch, struct table_entry *table, unsigned level, uint64_t from, uint64_t to)
{
    uint64_t span = table_span(level), base = align_down(from, table_span(level + 1)), groups = groups_of(table);
    size_t end = (to - base + span - 1) >> table_shift(level);
    for (size_t i = entries_next(table, groups, (from - base) >> table_shift(level), end); i < end;
         i = entries_next(table, groups, i + 1, end)) {
        uint64_t at = base + i * span, low = MAX(at, from), high = MIN(at + span, to), value = entry_read(&table[i]);
        if (high - low == span)
            unmap_take(batch, &table[i], level, at);
        else if (page_entry_is_own(value))
            unmap_table(batch, table_below(value), level - 1, low, high);
        else
            panic("unmapping part of a shared table or of a large page at %#lx", (unsigned long)at);
    }
}

// The lowest table that covers [from, to) and is there, and its level. nullptr: nothing is mapped.
static struct table_entry *unmap_start(const struct arch_space *space, uint64_t from, uint64_t to, unsigned *level)
{
    struct table_entry *table = direct_map(space->root);
    for (*level = page_table_levels() - 1; *level; --*level) {
        uint64_t span = table_span(*level);
        if (to - from == span || (from ^ (to - 1)) >= span)
            break;
        uint64_t entry = entry_read(&table[table_index(from, *level)]);
        if (!entry)
            return nullptr;
        if (!page_entry_is_own(entry))
            break;
        table = table_below(entry);
    }
    return table;
}

void arch_space_unmap(struct arch_space *space, virt_t from, virt_t to)
{
    if (from.raw >= to.raw)
        return;
    unsigned level;
    struct table_entry *table = unmap_start(space, from.raw, to.raw, &level);
    if (!table)
        return;
    struct unmap_batch batch __attribute__((uninitialized));
    batch.space = space;
    batch_empty(&batch);
    unmap_table(&batch, table, level, from.raw, to.raw);
    unmap_flush(&batch);
}

// ---- rights ----

// The entry of a page with another access, which a borrowed page gets without the right to write.
static uint64_t entry_with_access(uint64_t entry, unsigned level, uint32_t access)
{
    if (page_entry_borrowed(entry))
        access = (access & ~PAGE_WRITE) | PAGE_BORROWED;
    phys_t frame = page_entry_frame(entry);
    for (uint64_t done = 0; access & PAGE_EXECUTE && done < table_span(level); done += PAGE_SIZE)
        page_table_publish_code((phys_t){ frame.raw + done });
    uint64_t page = page_entry(frame, access);
    return level ? page_entry_large(page) : page;
}

// The span of the pages that CPUs may remember otherwise, [*first, *last), grows.
static void protect_entries(const struct table_run *run, uint32_t access, uint64_t *first, uint64_t *last)
{
    for (size_t i = table_run_next(run, run->first); i < run->end; i = table_run_next(run, i + 1)) {
        uint64_t old = entry_read(&run->table[i]), page = table_run_address(run, i);
        entry_write(&run->table[i], entry_with_access(old, run->level, access));
        if (!page_entry_present(old))
            continue;
        *first = MIN(*first, page);
        *last = page + PAGE_SIZE;
    }
}

// One page, which is what programs change most. False: its table is not there, or it is large.
static bool protect_page(struct arch_space *space, uint64_t at, uint32_t access)
{
    struct table_entry *leaf = arch_leaf_find(space, at);
    uint64_t old = leaf ? entry_read(leaf) : 0;
    if (!old)
        return leaf;
    entry_write(leaf, entry_with_access(old, 0, access));
    if (page_entry_present(old))
        arch_space_flush_page(space, at);
    page_table_publish_user();
    return true;
}

void arch_space_protect(struct arch_space *space, virt_t from, virt_t to, uint32_t access)
{
    if (to.raw - from.raw == PAGE_SIZE && protect_page(space, from.raw, access))
        return;
    uint64_t first = UINT64_MAX, last = 0;
    struct table_run run;
    for (uint64_t at = from.raw; table_run_find(space, at, to.raw, &run); at = table_run_end(&run))
        protect_entries(&run, access, &first, &last);
    if (last)
        arch_space_flush(space, first, last);
    page_table_publish_user();
}

// ---- moving ----

// Splits the large pages of [from, from + size) and makes the tables that its pages need `offset` bytes further on.
static enum status move_prepare(struct arch_space *space, uint64_t from, uint64_t size, uint64_t offset)
{
    struct table_run run;
    for (uint64_t at = from; table_run_find(space, at, from + size, &run);) {
        struct table_entry *leaf;
        if (run.level) {
            TRY(large_split(space, &run.table[run.first], run.level, run.at));
            continue;
        }
        for (size_t i = table_run_next(&run, run.first); i < run.end; i = table_run_next(&run, i + 1))
            TRY(arch_leaf_own(space, table_run_address(&run, i) + offset, &leaf));
        at = table_run_end(&run);
    }
    return STATUS_OK;
}

enum status arch_space_move_prepare(struct arch_space *space, virt_t from, virt_t to, uint64_t size)
{
    TRY(arch_space_own(space, from, (virt_t){ from.raw + size }));
    return move_prepare(space, from.raw, size, to.raw - from.raw);
}

enum status arch_space_move(struct arch_space *space, virt_t from, virt_t to, uint64_t size)
{
    uint64_t offset = to.raw - from.raw, end = from.raw + size, first = end, last = 0;
    TRY(arch_space_move_prepare(space, from, to, size));
    struct table_run run;
    for (uint64_t at = from.raw; table_run_find(space, at, end, &run); at = table_run_end(&run)) {
        for (size_t i = table_run_next(&run, run.first); i < run.end; i = table_run_next(&run, i + 1)) {
            uint64_t page = table_run_address(&run, i);
            struct table_entry *leaf = arch_leaf_find(space, page + offset);
            table_mark(leaf, 1);
            entry_write(leaf, entry_read(&run.table[i]));
            entry_write(&run.table[i], 0);
            first = MIN(first, page);
            last = page + PAGE_SIZE;
        }
    }
    if (last)
        arch_space_flush(space, first, last);
    page_table_publish_user();
    return STATUS_OK;
}
