// SPDX-License-Identifier: MIT
// shared.c: anonymous memory that stays one across fork (MAP_SHARED | MAP_ANONYMOUS): a page source of zeros.
#include <stdatomic.h>

#include "space.h"

#include <lib/string.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/spinlock.h>

enum : uint64_t { TABLE_SLOTS = PAGE_SIZE / sizeof(uint64_t) };

struct shared_memory {
    struct page_source source; // first: this is what regions point at
    _Atomic uint32_t references;
    struct spinlock lock; // RANK_PAGES
    uint64_t pages;       // [const]
    uint64_t **tables;    // lock; each one frame of TABLE_SLOTS physical addresses, 0: no page yet; nullptr: no table yet
};

static const struct page_source_ops shared_memory_ops;

static uint64_t table_count(const struct shared_memory *memory)
{
    return (memory->pages + TABLE_SLOTS - 1) / TABLE_SLOTS;
}

// With a reference; false: no page there yet.
static bool memory_look(struct shared_memory *memory, uint64_t index, phys_t *frame) MUST_HOLD(memory->lock)
{
    const uint64_t *table = memory->tables[index / TABLE_SLOTS];
    if (!table || !table[index % TABLE_SLOTS])
        return false;
    *frame = (phys_t){ table[index % TABLE_SLOTS] };
    frame_retain(*frame);
    return true;
}

// Puts a frame (its reference moves here) where none is yet. False: there is one, or no memory for the table.
static bool memory_place(struct shared_memory *memory, uint64_t index, phys_t frame) MUST_HOLD(memory->lock)
{
    uint64_t **table = &memory->tables[index / TABLE_SLOTS];
    phys_t fresh;
    if (!*table) {
        if (frame_alloc(1, FRAME_ZEROED, &fresh) != STATUS_OK)
            return false;
        *table = direct_map(fresh);
    }
    if ((*table)[index % TABLE_SLOTS])
        return false;
    (*table)[index % TABLE_SLOTS] = frame.raw;
    return true;
}

static enum status memory_get(struct page_source *source, uint64_t index, bool for_write, phys_t *frame)
{
    struct shared_memory *memory = container_of(source, struct shared_memory, source);
    if (index >= memory->pages)
        return STATUS_OUT_OF_RANGE;
    spinlock_acquire(&memory->lock);
    bool found = memory_look(memory, index, frame);
    spinlock_release(&memory->lock);
    if (found)
        return STATUS_OK;
    phys_t fresh;
    if (!frames_user_allowed())
        return STATUS_NO_MEMORY;
    TRY(frame_alloc(1, FRAME_ZEROED, &fresh)); // cleared without the lock
    spinlock_acquire(&memory->lock);
    bool placed = memory_place(memory, index, fresh);
    found = memory_look(memory, index, frame);
    spinlock_release(&memory->lock);
    if (!placed)
        frame_release(fresh);
    return found ? STATUS_OK : STATUS_NO_MEMORY;
}

static size_t memory_get_resident(struct page_source *source, uint64_t index, size_t count, phys_t *frames)
{
    struct shared_memory *memory = container_of(source, struct shared_memory, source);
    size_t found = 0;
    spinlock_acquire(&memory->lock);
    while (found < count && index + found < memory->pages && memory_look(memory, index + found, &frames[found]))
        found++;
    spinlock_release(&memory->lock);
    return found;
}

static void memory_retain(struct page_source *source)
{
    atomic_fetch_add_explicit(&container_of(source, struct shared_memory, source)->references, 1, memory_order_relaxed);
}

static void table_free(uint64_t *table)
{
    for (uint64_t i = 0; i < TABLE_SLOTS; i++) {
        if (table[i])
            frame_release((phys_t){ table[i] });
    }
    frame_release(direct_map_phys(table));
}

static void memory_release(struct page_source *source)
{
    struct shared_memory *memory = container_of(source, struct shared_memory, source);
    if (atomic_fetch_sub_explicit(&memory->references, 1, memory_order_acq_rel) != 1)
        return;
    for (uint64_t i = 0; i < table_count(memory); i++) {
        if (memory->tables[i])
            table_free(memory->tables[i]);
    }
    heap_free(memory->tables);
    heap_free(memory);
}

static void memory_describe(struct page_source *source, char *text, size_t size)
{
    (void)string_copy(text, "/dev/zero (deleted)", size); // Linux's name for it
}

static const struct page_source_ops shared_memory_ops = {
    .get = memory_get,
    .get_resident = memory_get_resident,
    .retain = memory_retain,
    .release = memory_release,
    .describe = memory_describe,
};

enum status shared_memory_create(uint64_t size, struct page_source **source)
{
    struct shared_memory *memory = heap_alloc_zeroed(1, sizeof *memory);
    if (!memory)
        return STATUS_NO_MEMORY;
    memory->source.ops = &shared_memory_ops;
    memory->pages = align_up(size, PAGE_SIZE) >> PAGE_SHIFT;
    memory->tables = heap_alloc_zeroed(table_count(memory), sizeof *memory->tables);
    if (!memory->tables) {
        heap_free(memory);
        return STATUS_NO_MEMORY;
    }
    spinlock_init(&memory->lock, RANK_PAGES);
    atomic_store_explicit(&memory->references, 1, memory_order_relaxed);
    *source = &memory->source;
    return STATUS_OK;
}
