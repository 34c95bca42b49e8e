// SPDX-License-Identifier: MIT
// pages.c: contents of ramfs files: a radix tree of frames, sparse, mapped by programs as they stand.
//
// A page is looked up and given a reference with the spinlock held, and copied without it; a page cut off meanwhile lives until the
// copy or the mapping lets it go. Bytes behind the end of a file within its last page may be anything (a mapping can write
// there), so growing clears them.
#include "ramfs.h"

#include <lib/string.h>

#include <helix/frames.h>
#include <helix/heap.h>

struct pages_table {
    uint64_t slots[PAGES_TABLE_SLOTS]; // as pages.root, one level further down
};

void pages_init(struct pages *pages)
{
    *pages = (struct pages){};
    spinlock_init(&pages->lock, RANK_PAGES);
}

static struct pages_table *table_of(uint64_t slot)
{
    return (struct pages_table *)(uintptr_t)slot;
}

static bool pages_reach(const struct pages *pages, uint64_t index)
{
    return index >> (pages->height * PAGES_TABLE_BITS) == 0;
}

static uint32_t slot_at(uint64_t index, uint32_t level)
{
    return (uint32_t)(index >> (level * PAGES_TABLE_BITS)) % PAGES_TABLE_SLOTS;
}

// The slot of a page, nullptr when no table reaches it.
static uint64_t *pages_find(struct pages *pages, uint64_t index) MUST_HOLD(pages->lock)
{
    if (!pages_reach(pages, index))
        return nullptr;
    uint64_t *slot = &pages->root;
    for (uint32_t level = pages->height; level > 0; level--) {
        if (*slot == 0)
            return nullptr;
        slot = &table_of(*slot)->slots[slot_at(index, level - 1)];
    }
    return slot;
}

// The slot of a page, tables made on the way; nullptr: no memory (tables already made stay, and are used later or dropped).
static uint64_t *pages_make_slot(struct pages *pages, uint64_t index) MUST_HOLD(pages->lock)
{
    while (!pages_reach(pages, index)) {
        if (pages->root != 0) {
            struct pages_table *table = heap_alloc_zeroed(1, sizeof(*table));
            if (!table)
                return nullptr;
            table->slots[0] = pages->root;
            pages->root = (uint64_t)(uintptr_t)table;
        }
        pages->height++;
    }
    uint64_t *slot = &pages->root;
    for (uint32_t level = pages->height; level > 0; level--) {
        if (*slot == 0) {
            struct pages_table *table = heap_alloc_zeroed(1, sizeof(*table));
            if (!table)
                return nullptr;
            *slot = (uint64_t)(uintptr_t)table;
        }
        slot = &table_of(*slot)->slots[slot_at(index, level - 1)];
    }
    return slot;
}

// With a reference; raw 0: a hole.
static phys_t pages_get(struct pages *pages, uint64_t index)
{
    spinlock_acquire(&pages->lock);
    uint64_t *slot = pages_find(pages, index);
    phys_t frame = { slot ? *slot : 0 };
    if (frame.raw != 0)
        frame_retain(frame);
    spinlock_release(&pages->lock);
    return frame;
}

// ---- making and freeing pages ----

static enum status file_take_frame(struct ramfs *ramfs, uint32_t flags, phys_t *frame)
{
    uint64_t used = atomic_fetch_add_explicit(&ramfs->used, 1, memory_order_relaxed);
    if (used < ramfs->limit && ramfs_memory_left(used) && frame_alloc(1, flags, frame) == STATUS_OK)
        return STATUS_OK;
    atomic_fetch_sub_explicit(&ramfs->used, 1, memory_order_relaxed);
    return STATUS_NO_SPACE;
}

static void file_give_frame(struct ramfs *ramfs, phys_t frame)
{
    atomic_fetch_sub_explicit(&ramfs->used, 1, memory_order_relaxed);
    frame_release(frame);
}

static void file_count_pages(struct ramfs_node *file, int64_t by)
{
    file->pages.count += (uint64_t)by;
    file->node.blocks = file->pages.count * (PAGE_SIZE / 512);
}

// Makes `fresh` the page, unless there is one by now. The page with a reference for the caller; when it is another, or on
// failure, `fresh` stays the caller's.
static enum status file_place_page(struct ramfs_node *file, uint64_t index, phys_t fresh, phys_t *frame)
{
    spinlock_acquire(&file->pages.lock);
    uint64_t *slot = pages_make_slot(&file->pages, index);
    if (slot && *slot == 0) {
        *slot = fresh.raw;
        file_count_pages(file, 1);
    }
    if (slot) {
        *frame = (phys_t){ *slot };
        frame_retain(*frame);
    }
    spinlock_release(&file->pages.lock);
    return slot ? STATUS_OK : STATUS_NO_SPACE;
}

// The page with a reference for the caller, made and cleared when it is a hole.
static enum status file_make_page(struct ramfs_node *file, uint64_t index, phys_t *frame)
{
    *frame = pages_get(&file->pages, index);
    if (frame->raw != 0)
        return STATUS_OK;
    struct ramfs *ramfs = file->node.file_system->data;
    phys_t fresh;
    TRY(file_take_frame(ramfs, FRAME_ZEROED, &fresh));
    enum status status = file_place_page(file, index, fresh, frame);
    if (status != STATUS_OK || frame->raw != fresh.raw)
        file_give_frame(ramfs, fresh);
    return status;
}

// Frees what lies at or behind `from` in the subtree whose first page is `base`. Returns whether the subtree is empty.
static bool pages_drop_below(struct ramfs_node *file, uint64_t *slot, uint32_t level, uint64_t base, uint64_t from)
{
    if (*slot == 0)
        return true;
    if (level == 0) {
        if (base < from)
            return false;
        file_give_frame(file->node.file_system->data, (phys_t){ *slot });
        file_count_pages(file, -1);
        *slot = 0;
        return true;
    }
    struct pages_table *table = table_of(*slot);
    uint64_t span = 1ull << ((level - 1) * PAGES_TABLE_BITS);
    bool empty = true;
    for (uint32_t i = 0; i < PAGES_TABLE_SLOTS; i++) {
        if (base + (i + 1) * span <= from)
            empty = empty && table->slots[i] == 0;
        else
            empty = pages_drop_below(file, &table->slots[i], level - 1, base + i * span, from) && empty;
    }
    if (empty) {
        heap_free(table);
        *slot = 0;
    }
    return empty;
}

void pages_drop_from(struct ramfs_node *file, uint64_t index)
{
    spinlock_acquire(&file->pages.lock);
    if (pages_drop_below(file, &file->pages.root, file->pages.height, 0, index))
        file->pages.height = 0;
    spinlock_release(&file->pages.lock);
}

static void file_clear_bytes(struct ramfs_node *file, uint64_t from, uint64_t to)
{
    // Within one page; a hole is zero already.
    if (from == to)
        return;
    phys_t frame = pages_get(&file->pages, from >> PAGE_SHIFT);
    if (frame.raw == 0)
        return;
    memset((char *)direct_map(frame) + (from & PAGE_MASK), 0, to - from);
    frame_written(frame);
    frame_release(frame);
}

// What a mapping may have left behind the end becomes part of the file: as zeros.
static void file_clear_tail(struct ramfs_node *file)
{
    uint64_t size = file->node.size;
    file_clear_bytes(file, size, align_up(size, PAGE_SIZE));
}

// ---- node operations ----

static const char zero_page[PAGE_SIZE] __attribute__((aligned(64)));

static enum status file_read_vector_ram(struct node *node, uint64_t offset, struct io_vector *to, size_t *done)
{
    struct ramfs_node *file = ramfs_node(node);
    uint64_t size = node->size;
    while (offset < size && to->left > 0) {
        uint64_t inside = offset & PAGE_MASK;
        size_t part = (size_t)MIN(MIN(PAGE_SIZE - inside, size - offset), to->left);
        phys_t frame = pages_get(&file->pages, offset >> PAGE_SHIFT);
        const char *bytes = frame.raw ? (const char *)direct_map(frame) + inside : zero_page;
        enum status status = io_copy_out(to, bytes, part);
        if (frame.raw)
            frame_release(frame);
        if (status != STATUS_OK)
            return *done > 0 ? STATUS_OK : status;
        *done += part;
        offset += part;
    }
    return STATUS_OK;
}

// A whole page that is a hole: filled before anybody can see it, so that it need not be cleared first.
static enum status file_write_fresh(struct ramfs_node *file, uint64_t index, struct io_vector *from)
{
    struct ramfs *ramfs = file->node.file_system->data;
    phys_t fresh, frame;
    TRY(file_take_frame(ramfs, 0, &fresh));
    enum status status = io_copy_in(from, direct_map(fresh), PAGE_SIZE);
    if (status == STATUS_OK)
        status = file_place_page(file, index, fresh, &frame);
    if (status == STATUS_OK && frame.raw != fresh.raw) { // a mapping made the page meanwhile
        memcpy(direct_map(frame), direct_map(fresh), PAGE_SIZE);
        frame_written(frame);
    }
    if (status != STATUS_OK || frame.raw != fresh.raw)
        file_give_frame(ramfs, fresh);
    if (status == STATUS_OK)
        frame_release(frame);
    return status;
}

// One page's share of a write.
static enum status file_write_part(struct ramfs_node *file, uint64_t offset, struct io_vector *from, size_t part)
{
    uint64_t index = offset >> PAGE_SHIFT;
    phys_t frame = pages_get(&file->pages, index);
    if (frame.raw == 0) {
        if (part == PAGE_SIZE)
            return file_write_fresh(file, index, from);
        TRY(file_make_page(file, index, &frame));
    }
    enum status status = io_copy_in(from, (char *)direct_map(frame) + (offset & PAGE_MASK), part);
    frame_written(frame);
    frame_release(frame);
    return status;
}

static enum status file_write_vector_ram(struct node *node, uint64_t offset, struct io_vector *from, size_t *done)
{
    struct ramfs_node *file = ramfs_node(node);
    if (from->left == 0)
        return STATUS_OK;
    if (offset >= RAMFS_FILE_MAX)
        return STATUS_FILE_TOO_BIG;
    size_t left = (size_t)MIN(from->left, RAMFS_FILE_MAX - offset);
    if (offset > node->size)
        file_clear_tail(file);
    enum status status = STATUS_OK;
    while (left > 0) {
        size_t part = (size_t)MIN(PAGE_SIZE - (offset & PAGE_MASK), left);
        status = file_write_part(file, offset, from, part);
        if (status != STATUS_OK)
            break;
        *done += part;
        offset += part;
        left -= part;
        if (offset > node->size)
            node->size = offset;
    }
    return *done > 0 ? STATUS_OK : status;
}

static enum status file_truncate_ram(struct node *node, uint64_t size)
{
    struct ramfs_node *file = ramfs_node(node);
    if (size > RAMFS_FILE_MAX)
        return STATUS_FILE_TOO_BIG;
    if (size > node->size) {
        file_clear_tail(file);
        node->size = size;
        return STATUS_OK;
    }
    node->size = size;
    pages_drop_from(file, (size + PAGE_MASK) >> PAGE_SHIFT);
    page_source_forget(&node->source, (size + PAGE_MASK) >> PAGE_SHIFT, UINT64_MAX >> PAGE_SHIFT);
    file_clear_tail(file);
    return STATUS_OK;
}

enum : uint32_t { ALLOCATE_KEEP_SIZE = 1, ALLOCATE_PUNCH_HOLE = 2, ALLOCATE_ZERO_RANGE = 16 }; // FALLOC_FL_…

static void file_punch_page(struct ramfs_node *file, uint64_t index)
{
    phys_t frame = {};
    spinlock_acquire(&file->pages.lock);
    uint64_t *slot = pages_find(&file->pages, index);
    if (slot && *slot != 0) {
        frame = (phys_t){ *slot };
        file_count_pages(file, -1);
        *slot = 0;
    }
    spinlock_release(&file->pages.lock);
    if (frame.raw == 0)
        return;
    page_source_forget_frame(&file->node.source, index, frame); // mappings see the hole, too
    file_give_frame(file->node.file_system->data, frame);
}

static void file_punch(struct ramfs_node *file, uint64_t offset, uint64_t end)
{
    end = MIN(end, align_up(file->node.size, PAGE_SIZE));
    while (offset < end) {
        uint64_t next = MIN(align_down(offset, PAGE_SIZE) + PAGE_SIZE, end);
        if (next - offset == PAGE_SIZE)
            file_punch_page(file, offset >> PAGE_SHIFT);
        else
            file_clear_bytes(file, offset, next);
        offset = next;
    }
}

// Every page is there.
static void file_clear_range(struct ramfs_node *file, uint64_t offset, uint64_t end)
{
    while (offset < end) {
        uint64_t next = MIN(align_down(offset, PAGE_SIZE) + PAGE_SIZE, end);
        file_clear_bytes(file, offset, next);
        offset = next;
    }
}

static enum status file_allocate_ram(struct node *node, uint64_t offset, uint64_t size, uint32_t mode)
{
    struct ramfs_node *file = ramfs_node(node);
    struct ramfs *ramfs = node->file_system->data;
    if (mode == (ALLOCATE_KEEP_SIZE | ALLOCATE_PUNCH_HOLE)) {
        file_punch(file, offset, offset + size);
        return STATUS_OK;
    }
    if (mode & ~(ALLOCATE_KEEP_SIZE | ALLOCATE_ZERO_RANGE))
        return STATUS_NOT_IMPLEMENTED;
    uint64_t end = offset + size;
    if (end > RAMFS_FILE_MAX)
        return STATUS_FILE_TOO_BIG;
    uint64_t used = atomic_load_explicit(&ramfs->used, memory_order_relaxed), limit = ramfs_limit(ramfs);
    if (size >> PAGE_SHIFT > limit - MIN(used, limit) + file->pages.count)
        return STATUS_NO_SPACE;
    for (uint64_t index = offset >> PAGE_SHIFT; index < (end + PAGE_MASK) >> PAGE_SHIFT; index++) {
        phys_t frame;
        TRY(file_make_page(file, index, &frame));
        frame_release(frame);
    }
    if (mode & ALLOCATE_ZERO_RANGE)
        file_clear_range(file, offset, end);
    if (!(mode & ALLOCATE_KEEP_SIZE) && end > node->size)
        return file_truncate_ram(node, end);
    return STATUS_OK;
}

static void file_release_ram(struct node *node)
{
    struct ramfs *ramfs = node->file_system->data;
    struct ramfs_node *file = ramfs_node(node); // nobody else has it: no lock
    pages_drop_below(file, &file->pages.root, file->pages.height, 0, 0);
    atomic_fetch_sub_explicit(&ramfs->files, 1, memory_order_relaxed);
    heap_free(file);
}

const struct node_ops ramfs_file_ops = {
    .read_vector = file_read_vector_ram,
    .write_vector = file_write_vector_ram,
    .truncate = file_truncate_ram,
    .allocate = file_allocate_ram,
    .release = file_release_ram,
};

// ---- mappings ----

static struct ramfs_node *source_file(struct page_source *source)
{
    return ramfs_node(container_of(source, struct node, source));
}

static enum status source_get(struct page_source *source, uint64_t index, bool for_write, phys_t *frame)
{
    struct ramfs_node *file = source_file(source);
    if (index >= (file->node.size + PAGE_MASK) >> PAGE_SHIFT)
        return STATUS_OUT_OF_RANGE;
    enum status status = file_make_page(file, index, frame);
    return status == STATUS_NO_SPACE ? STATUS_NO_MEMORY : status;
}

static size_t source_get_resident(struct page_source *source, uint64_t index, size_t count, phys_t *frames)
{
    struct ramfs_node *file = source_file(source);
    struct pages *pages = &file->pages;
    uint64_t end = (file->node.size + PAGE_MASK) >> PAGE_SHIFT;
    size_t found = 0;
    spinlock_acquire(&pages->lock);
    while (found < count && index + found < end) {
        uint64_t *slot = pages_find(pages, index + found);
        if (!slot)
            break;
        // The rest of this table without another descent.
        size_t run = pages->height ? PAGES_TABLE_SLOTS - (index + found) % PAGES_TABLE_SLOTS : 1;
        for (; run > 0 && found < count && index + found < end && *slot != 0; run--, slot++) {
            frames[found] = (phys_t){ *slot };
            frame_retain(frames[found++]);
        }
        if (run > 0)
            break;
    }
    spinlock_release(&pages->lock);
    return found;
}

static enum status source_remove(struct page_source *source, uint64_t first, uint64_t end)
{
    struct ramfs_node *file = source_file(source);
    mutex_acquire(&file->node.lock);
    file_punch(file, first << PAGE_SHIFT, end << PAGE_SHIFT);
    mutex_release(&file->node.lock);
    return STATUS_OK;
}

static void source_retain(struct page_source *source)
{
    node_retain(&source_file(source)->node);
}

static void source_release(struct page_source *source)
{
    node_release(&source_file(source)->node);
}

static void source_describe(struct page_source *source, char *text, size_t size)
{
    vfs_node_path(&source_file(source)->node, text, size);
}

const struct page_source_ops ramfs_page_source_ops = {
    .get = source_get,
    .get_resident = source_get_resident,
    .retain = source_retain,
    .release = source_release,
    .describe = source_describe,
    .remove = source_remove,
    .identify = node_identify_source,
};
