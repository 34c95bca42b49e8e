// SPDX-License-Identifier: MIT
// space.c: page tables: radix trees whose entries the port knows (arch/page_table.h): 4 KiB pages for users, the largest that fit for
// the direct map.
//
// Purpose     Says which frame a page is, and with what access; keeps the translation caches true.
// How         A walk descends from the root through tables to an entry. User tables are made on demand and freed with the
//             space. The kernel half points at tables made at boot: by its own root, or by the upper entries of every root, so that
//             a kernel mapping made later shows up everywhere at once.
// Invariants  An entry of 0 is unmapped. An entry can hold a frame that nobody may touch (PROT_NONE). No kernel page is both
//             writable and executable. Frames handed to `drop` are in no translation cache any more, or only under a tag
//             that is not used again before the caches are emptied (asid.c).
// Locks       The space's own lock, held by the caller; RANK_KERNEL_SPACE for the kernel half.
// Cost        map: a load per level and a store. unmap, protect, share: one load per page, nothing for absent tables.

#include <arch/space.h>

#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/layout.h>
#include <arch/page_table.h>

#include <helix/boot_info.h>
#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/panic.h>
#include <helix/spinlock.h>

#include "asid.h"

enum { UNMAP_BATCH = 32 };
enum : uint64_t { TABLE_SPAN = PAGE_TABLE_ENTRIES * PAGE_SIZE }; // what one last-level table covers

uint64_t direct_map_base = DIRECT_MAP_START;
static struct arch_space kernel_space;
static struct spinlock kernel_lock = SPINLOCK(RANK_KERNEL_SPACE);
static bool frames_ready; // tables come from frame_alloc instead of boot memory

extern char kernel_image_start[], kernel_text_end[], kernel_rodata_start[], kernel_rodata_end[], kernel_data_start[], kernel_image_end[];

static unsigned level_shift(unsigned level) // level 0: the last, whose entries are pages
{
    return 12 + 9 * level;
}

static unsigned level_index(uint64_t at, unsigned level)
{
    return at >> level_shift(level) & (PAGE_TABLE_ENTRIES - 1);
}

static uint64_t *table_of(uint64_t entry)
{
    return direct_map(page_entry_frame(entry));
}

// Walks run ahead, too: they must find a table empty as soon as an entry leads to it.
static enum status table_new(phys_t *table)
{
    if (frames_ready)
        TRY(frame_alloc(1, FRAME_ZEROED, table));
    else
        *table = frame_alloc_boot(1);
    atomic_thread_fence(memory_order_release);
    return STATUS_OK;
}

// The entry of `at` at `level`, nullptr when a table on the way is missing.
static uint64_t *entry_find(phys_t root, uint64_t at, unsigned level)
{
    uint64_t *table = direct_map(root);
    for (unsigned above = page_table_levels() - 1; above > level; above--) {
        uint64_t entry = table[level_index(at, above)];
        if (!page_entry_is_table(entry))
            return nullptr;
        table = table_of(entry);
    }
    return &table[level_index(at, level)];
}

// As entry_find, making what is missing. STATUS_NO_MEMORY: tables already made stay (they are empty and belong to the space).
static enum status entry_make_path(phys_t root, uint64_t at, unsigned level, uint64_t **found)
{
    uint64_t *table = direct_map(root);
    for (unsigned above = page_table_levels() - 1; above > level; above--) {
        uint64_t *entry = &table[level_index(at, above)];
        if (!*entry) {
            phys_t made;
            TRY(table_new(&made));
            *entry = page_entry_table(made);
        }
        table = table_of(*entry);
    }
    *found = &table[level_index(at, level)];
    return STATUS_OK;
}

// Index of the first entry in use from `i` on, `count` when there is none. Tables are mostly empty: eight at a time.
static size_t entries_skip(const uint64_t *entry, size_t i, size_t count)
{
    while (i + 8 <= count &&
           !(entry[i] | entry[i + 1] | entry[i + 2] | entry[i + 3] | entry[i + 4] | entry[i + 5] | entry[i + 6] | entry[i + 7]))
        i += 8;
    while (i < count && !entry[i])
        i++;
    return i;
}

// ---- the translation cache ----

static bool space_loaded(const struct arch_space *space)
{
    return cpu_local()->arch.space == space;
}

// Whoever loads a space that nobody runs starts without its translations: under a new tag, or with all forgotten.
static void cache_flush(struct arch_space *space, uint64_t from, uint64_t to)
{
    if (!space_loaded(space)) {
        space->tag = 0;
        return;
    }
    uint16_t tag = (uint16_t)space->tag;
    if (to - from > UNMAP_BATCH * PAGE_SIZE) {
        translation_forget_space(tag);
        return;
    }
    for (uint64_t at = from; at < to; at += PAGE_SIZE)
        translation_forget_page(tag, at);
}

// ---- the kernel's half ----

// Maps [at, at + size) to consecutive frames with the largest pages that alignment and `largest` allow. Boot memory.
static void boot_map(uint64_t at, uint64_t frame, uint64_t size, uint32_t access, unsigned largest)
{
    uint64_t done = 0;
    while (done < size) {
        unsigned level = largest;
        while (level && !(is_aligned(at + done, 1ull << level_shift(level)) && is_aligned(frame + done, 1ull << level_shift(level)) &&
                          size - done >= 1ull << level_shift(level)))
            level--;
        uint64_t *entry;
        if (entry_make_path(kernel_space.root, at + done, level, &entry) != STATUS_OK)
            panic("no memory for the kernel's page tables");
        uint64_t page = page_entry((phys_t){ frame + done }, access | PAGE_GLOBAL);
        *entry = level ? page_entry_large(page) : page;
        done += 1ull << level_shift(level);
    }
}

static void boot_map_image(const char *from, const char *to, uint64_t load_offset, uint32_t access)
{
    uint64_t start = align_down((uint64_t)(uintptr_t)from, PAGE_SIZE);
    boot_map(start, start - load_offset, align_up((uint64_t)(uintptr_t)to, PAGE_SIZE) - start, access, 1);
}

// Every kernel-half root entry that later mappings may need exists from now on, since roots are copied at creation.
static void boot_make_kernel_roots(void)
{
    uint64_t *root = direct_map(kernel_space.root);
    unsigned top = page_table_levels() - 1;
    for (unsigned i = page_table_kernel_first(); i < PAGE_TABLE_ENTRIES; i++) {
        bool area = i >= level_index(KERNEL_AREA_START, top) && i <= level_index(KERNEL_AREA_END - 1, top);
        if (!root[i] && area)
            root[i] = page_entry_table(frame_alloc_boot(1));
    }
}

// RAM in the direct map; registers are mapped by device_map, uncached. `fixed_end`: physical end of the image's code and constants.
static void boot_map_memory(const struct memory_range *range, uint64_t fixed_end)
{
    if (range->kind == MEMORY_BAD || range->kind == MEMORY_RESERVED || range->start.raw >= DIRECT_MAP_SIZE)
        return;
    uint64_t start = align_down(range->start.raw, PAGE_SIZE);
    uint64_t end = MIN(align_up(range->start.raw + range->size, PAGE_SIZE), (uint64_t)DIRECT_MAP_SIZE);
    if (range->kind == MEMORY_KERNEL && start < fixed_end && fixed_end < end) { // no writable twin of the kernel's code and constants
        boot_map(direct_map_base + start, start, fixed_end - start, PAGE_READ, page_table_largest());
        start = fixed_end;
    }
    boot_map(direct_map_base + start, start, end - start, PAGE_READ | PAGE_WRITE, page_table_largest());
}

static void boot_build(const struct boot_info *boot)
{
    kernel_space.root = frame_alloc_boot(1);
    uint64_t load_offset = (uint64_t)(uintptr_t)kernel_image_start - boot->kernel_start.raw;
    boot_map_image(kernel_image_start, kernel_text_end, load_offset, PAGE_READ | PAGE_EXECUTE);
    boot_map_image(kernel_rodata_start, kernel_rodata_end, load_offset, PAGE_READ);
    boot_map_image(kernel_data_start, kernel_image_end, load_offset, PAGE_READ | PAGE_WRITE);
    for (uint32_t i = 0; i < boot->memory_count; i++)
        boot_map_memory(&boot->memory[i], (uint64_t)(uintptr_t)kernel_data_start - load_offset);
    boot_make_kernel_roots();
}

void arch_space_init_kernel(const struct boot_info *boot)
{
    for (unsigned attempt = 0; page_table_choose(attempt); attempt++) {
        boot_build(boot);
        if (!page_table_start(kernel_space.root))
            continue;
        cpu_local()->arch.space = &kernel_space;
        frames_ready = true;
        return;
    }
    panic("this CPU has none of the page tables that the kernel can make");
}

struct arch_space *arch_space_kernel(void)
{
    return &kernel_space;
}

enum status arch_kernel_map(virt_t at, phys_t frame, size_t pages, uint32_t access)
{
    if (access & PAGE_WRITE && access & PAGE_EXECUTE)
        return STATUS_DENIED;
    enum status outcome = STATUS_OK;
    spinlock_acquire(&kernel_lock);
    size_t i;
    for (i = 0; i < pages && outcome == STATUS_OK; i++) {
        uint64_t *entry;
        outcome = entry_make_path(kernel_space.root, at.raw + i * PAGE_SIZE, 0, &entry);
        if (outcome == STATUS_OK)
            *entry = page_entry((phys_t){ frame.raw + i * PAGE_SIZE }, access | PAGE_GLOBAL);
    }
    page_table_publish_kernel();
    spinlock_release(&kernel_lock);
    if (outcome != STATUS_OK)
        arch_kernel_unmap(at, i - 1);
    return outcome;
}

// Takes pages that lie in one last-level table out. Returns that table when nothing is left in it, 0 otherwise.
static phys_t kernel_unmap_in_table(uint64_t from, uint64_t to)
{
    phys_t empty = { 0 };
    spinlock_acquire(&kernel_lock);
    uint64_t *above = entry_find(kernel_space.root, from, 1);
    if (above && *above) {
        uint64_t *table = table_of(*above);
        for (uint64_t at = from; at < to; at += PAGE_SIZE) {
            table[level_index(at, 0)] = 0;
            translation_forget_kernel(at);
        }
        if (entries_skip(table, 0, PAGE_TABLE_ENTRIES) == PAGE_TABLE_ENTRIES) {
            empty = page_entry_frame(*above);
            *above = 0;
            translation_forget_kernel(from); // the CPU may remember the way, too
        }
    }
    spinlock_release(&kernel_lock);
    return empty;
}

void arch_kernel_unmap(virt_t at, size_t pages)
{
    uint64_t from = at.raw, end = at.raw + pages * PAGE_SIZE;
    while (from < end) {
        uint64_t to = MIN(end, align_down(from, TABLE_SPAN) + TABLE_SPAN);
        phys_t empty = kernel_unmap_in_table(from, to);
        if (empty.raw)
            frame_free(empty, 1);
        from = to;
    }
}

// ---- user spaces ----

enum status arch_space_create(struct arch_space *space)
{
    phys_t root;
    TRY(frame_alloc(1, 0, &root));
    uint64_t *table = direct_map(root);
    unsigned users = page_table_kernel_first();
    memset(table, 0, users * sizeof *table);
    memcpy(table + users, (uint64_t *)direct_map(kernel_space.root) + users, (PAGE_TABLE_ENTRIES - users) * sizeof *table);
    page_table_publish_user(); // even a space that nothing is mapped in can be loaded
    *space = (struct arch_space){ .root = root };
    return STATUS_OK;
}

static void table_drop(phys_t table, unsigned level, size_t entries, void (*drop)(void *context, phys_t frame), void *context)
{
    const uint64_t *entry = direct_map(table);
    for (size_t i = entries_skip(entry, 0, entries); i < entries; i = entries_skip(entry, i + 1, entries)) {
        phys_t below = page_entry_frame(entry[i]);
        if (level)
            table_drop(below, level - 1, PAGE_TABLE_ENTRIES, drop, context);
        else
            drop(context, below);
    }
    frame_free(table, 1);
}

void arch_space_destroy(struct arch_space *space, void (*drop)(void *context, phys_t frame), void *context)
{
    if (space_loaded(space))
        arch_space_activate(&kernel_space); // which also forgets its translations, before any frame is dropped
    table_drop(space->root, page_table_levels() - 1, page_table_kernel_first(), drop, context);
    space->root = (phys_t){ 0 };
}

static void entry_fill(uint64_t *entry, phys_t frame, uint32_t access)
{
    if (access & PAGE_EXECUTE)
        page_table_publish_code(frame);
    *entry = page_entry(frame, access);
}

enum status arch_space_map(struct arch_space *space, virt_t at, phys_t frame, uint32_t access)
{
    uint64_t *entry;
    TRY(entry_make_path(space->root, at.raw, 0, &entry));
    if (page_entry_present(*entry)) { // a CPU must never see two frames for one page
        *entry = 0;
        cache_flush(space, at.raw, at.raw + PAGE_SIZE);
    }
    entry_fill(entry, frame, access);
    page_table_publish_user();
    return STATUS_OK;
}

enum status arch_space_map_run(struct arch_space *space, virt_t at, const phys_t *frames, size_t count, uint32_t access, size_t *mapped)
{
    size_t done = 0;
    while (done < count) {
        uint64_t *entry;
        enum status outcome = entry_make_path(space->root, at.raw + done * PAGE_SIZE, 0, &entry);
        if (outcome != STATUS_OK) {
            *mapped = done;
            return outcome;
        }
        size_t in_table = PAGE_TABLE_ENTRIES - level_index(at.raw + done * PAGE_SIZE, 0);
        for (size_t i = 0; i < in_table && done < count; i++)
            entry_fill(&entry[i], frames[done++], access);
    }
    page_table_publish_user();
    *mapped = done;
    return STATUS_OK;
}

bool arch_space_query(const struct arch_space *space, virt_t at, phys_t *frame, uint32_t *access)
{
    const uint64_t *entry = entry_find(space->root, at.raw, 0);
    if (!entry || !*entry)
        return false;
    if (frame)
        *frame = page_entry_frame(*entry);
    if (access)
        *access = page_entry_access(*entry);
    return true;
}

// The next entry in [*at, to) whose table exists, skipping absent tables whole; *count: entries from there on in one table and in
// the range. nullptr at the end.
static uint64_t *entries_next(const struct arch_space *space, uint64_t *at, uint64_t to, size_t *count)
{
    while (*at < to) {
        uint64_t *table = direct_map(space->root);
        unsigned level = page_table_levels() - 1;
        while (level && table[level_index(*at, level)]) {
            table = table_of(table[level_index(*at, level)]);
            level--;
        }
        if (!level) {
            unsigned index = level_index(*at, 0);
            *count = MIN((to - *at) >> PAGE_SHIFT, (uint64_t)(PAGE_TABLE_ENTRIES - index));
            return &table[index];
        }
        *at = align_down(*at, 1ull << level_shift(level)) + (1ull << level_shift(level));
    }
    return nullptr;
}

struct unmap_batch {
    struct arch_space *space;
    void (*drop)(void *context, phys_t frame);
    void *context;
    uint64_t first, last; // pages taken out since the last flush: [first, last)
    size_t count;
    phys_t frames[UNMAP_BATCH];
};

static void unmap_flush(struct unmap_batch *batch)
{
    if (!batch->count)
        return;
    cache_flush(batch->space, batch->first, batch->last);
    for (size_t i = 0; i < batch->count; i++)
        batch->drop(batch->context, batch->frames[i]);
    batch->count = 0;
}

static void unmap_take(struct unmap_batch *batch, uint64_t at, uint64_t *entry)
{
    if (batch->count == UNMAP_BATCH)
        unmap_flush(batch);
    if (!batch->count)
        batch->first = at;
    batch->frames[batch->count++] = page_entry_frame(*entry);
    batch->last = at + PAGE_SIZE;
    *entry = 0;
}

void arch_space_unmap(struct arch_space *space, virt_t from, virt_t to, void (*drop)(void *context, phys_t frame), void *context)
{
    struct unmap_batch batch;
    batch.space = space;
    batch.drop = drop;
    batch.context = context;
    batch.count = 0;
    uint64_t at = from.raw;
    size_t count;
    uint64_t *entry;
    while ((entry = entries_next(space, &at, to.raw, &count))) {
        for (size_t i = entries_skip(entry, 0, count); i < count; i = entries_skip(entry, i + 1, count))
            unmap_take(&batch, at + i * PAGE_SIZE, &entry[i]);
        at += count * PAGE_SIZE;
    }
    unmap_flush(&batch);
}

void arch_space_protect(struct arch_space *space, virt_t from, virt_t to, uint32_t access)
{
    uint64_t at = from.raw;
    size_t count;
    uint64_t *entry;
    while ((entry = entries_next(space, &at, to.raw, &count))) {
        for (size_t i = entries_skip(entry, 0, count); i < count; i = entries_skip(entry, i + 1, count))
            entry_fill(&entry[i], page_entry_frame(entry[i]), access);
        at += count * PAGE_SIZE;
    }
    cache_flush(space, from.raw, to.raw);
}

enum status arch_space_share(struct arch_space *source, struct arch_space *target, virt_t from, virt_t to, bool write_protect,
                             void (*share)(void *context, phys_t frame), void *context)
{
    uint64_t at = from.raw;
    size_t count;
    uint64_t *entry;
    enum status outcome = STATUS_OK;
    while (outcome == STATUS_OK && (entry = entries_next(source, &at, to.raw, &count))) {
        uint64_t *copy = nullptr;
        for (size_t i = entries_skip(entry, 0, count); i < count; i = entries_skip(entry, i + 1, count)) {
            if (!copy) { // only now: a table of nothing but empty entries needs no twin
                outcome = entry_make_path(target->root, at, 0, &copy);
                if (outcome != STATUS_OK)
                    break;
            }
            if (write_protect)
                entry[i] = page_entry_write_protect(entry[i]);
            copy[i] = entry[i];
            share(context, page_entry_frame(entry[i]));
        }
        at += count * PAGE_SIZE;
    }
    if (write_protect)
        cache_flush(source, from.raw, to.raw);
    page_table_publish_user();
    return outcome;
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
    page_table_load(space->root, asid_take(space), space == &kernel_space);
}
