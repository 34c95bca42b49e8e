// SPDX-License-Identifier: MIT
// space.c: page tables of x86_64: four levels, 4 KiB pages for users, the largest that fit for the direct map.
//
// Purpose     Says which frame a page is, and with what access; keeps the translation caches true.
// How         A walk descends from the root through three tables to an entry. User tables are made on demand and freed with the
//             space. The kernel half (entries 256–511 of every root) points at tables made at boot, shared by all spaces, so a
//             kernel mapping made later shows up everywhere at once.
// Invariants  An entry of 0 is unmapped. An entry without PRESENT but with KEPT holds a frame that nobody may touch (PROT_NONE).
//             No kernel page is both writable and executable. Frames handed to `drop` are in no translation cache any more.
// Locks       The space's own lock, held by the caller; RANK_KERNEL_SPACE for the kernel half.
// Cost        map: 4 loads and a store. unmap, protect, share: one load per page, nothing for absent tables.

#include <arch/space.h>

#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/layout.h>

#include <helix/boot_info.h>
#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/panic.h>
#include <helix/spinlock.h>

#include "msr.h"

enum : uint64_t {
    ENTRY_PRESENT = 1 << 0,
    ENTRY_WRITE = 1 << 1,
    ENTRY_USER = 1 << 2,
    ENTRY_WRITE_THROUGH = 1 << 3,
    ENTRY_NO_CACHE = 1 << 4,
    ENTRY_DIRTY = 1 << 6,
    ENTRY_LARGE = 1 << 7,
    ENTRY_GLOBAL = 1 << 8,
    ENTRY_KEPT = 1 << 9, // available to software: a frame without access
    ENTRY_NO_EXECUTE = 1ull << 63,
    ENTRY_FRAME = 0x000f'ffff'ffff'f000,
    ENTRY_TABLE = ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER, // rights are decided at the last level
};

enum { TABLE_ENTRIES = 512, TABLE_LEVELS = 4, KERNEL_FIRST = 256, UNMAP_BATCH = 32 };
enum : uint64_t { LARGE_PAGE = 2 * MIB, HUGE_PAGE = 1 * GIB };

uint64_t direct_map_base = 0xffff'8000'0000'0000;
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
    return at >> level_shift(level) & (TABLE_ENTRIES - 1);
}

static uint64_t *table_of(uint64_t entry)
{
    return direct_map((phys_t){ entry & ENTRY_FRAME });
}

static uint64_t entry_make(phys_t frame, uint32_t access)
{
    if (!(access & (PAGE_READ | PAGE_WRITE | PAGE_EXECUTE)))
        return frame.raw | ENTRY_KEPT | (access & PAGE_USER ? ENTRY_USER : 0);
    return frame.raw | ENTRY_PRESENT | (access & PAGE_WRITE ? ENTRY_WRITE : 0) | (access & PAGE_USER ? ENTRY_USER : 0) |
           (access & PAGE_UNCACHED ? ENTRY_NO_CACHE | ENTRY_WRITE_THROUGH : 0) | (access & PAGE_GLOBAL ? ENTRY_GLOBAL : 0) |
           (access & PAGE_EXECUTE ? 0 : ENTRY_NO_EXECUTE);
}

static uint32_t entry_access(uint64_t entry)
{
    if (!(entry & ENTRY_PRESENT))
        return 0;
    return PAGE_READ | (entry & ENTRY_WRITE ? PAGE_WRITE : 0) | (entry & ENTRY_NO_EXECUTE ? 0 : PAGE_EXECUTE) |
           (entry & ENTRY_USER ? PAGE_USER : 0);
}

static enum status table_new(phys_t *table)
{
    if (frames_ready)
        return frame_alloc(1, FRAME_ZEROED, table);
    *table = frame_alloc_boot(1);
    return STATUS_OK;
}

// The entry of `at` at `level`, nullptr when a table on the way is missing.
static uint64_t *entry_find(phys_t root, uint64_t at, unsigned level)
{
    uint64_t *table = direct_map(root);
    for (unsigned above = TABLE_LEVELS - 1; above > level; above--) {
        uint64_t entry = table[level_index(at, above)];
        if (!(entry & ENTRY_PRESENT) || entry & ENTRY_LARGE)
            return nullptr;
        table = table_of(entry);
    }
    return &table[level_index(at, level)];
}

// As entry_find, making what is missing. STATUS_NO_MEMORY: tables already made stay (they are empty and belong to the space).
static enum status entry_make_path(phys_t root, uint64_t at, unsigned level, uint64_t **found)
{
    uint64_t *table = direct_map(root);
    for (unsigned above = TABLE_LEVELS - 1; above > level; above--) {
        uint64_t *entry = &table[level_index(at, above)];
        if (!*entry) {
            phys_t made;
            TRY(table_new(&made));
            *entry = made.raw | ENTRY_TABLE;
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

static void cache_flush_page(uint64_t at)
{
    __asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
}

static bool space_loaded(const struct arch_space *space)
{
    return cpu_local()->arch.space == space;
}

static void cache_flush(const struct arch_space *space, uint64_t from, uint64_t to)
{
    if (!space_loaded(space))
        return; // whoever loads it next starts without its translations
    if (to - from > UNMAP_BATCH * PAGE_SIZE) {
        cr3_write(cr3_read());
        return;
    }
    for (uint64_t at = from; at < to; at += PAGE_SIZE)
        cache_flush_page(at);
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
        *entry = entry_make((phys_t){ frame + done }, access | PAGE_GLOBAL) | (level ? ENTRY_LARGE : 0);
        done += 1ull << level_shift(level);
    }
}

static void boot_map_image(const char *from, const char *to, uint64_t load_offset, uint32_t access)
{
    uint64_t start = align_down((uint64_t)(uintptr_t)from, PAGE_SIZE);
    boot_map(start, start - load_offset, align_up((uint64_t)(uintptr_t)to, PAGE_SIZE) - start, access, 1);
}

static bool has_huge_pages(void)
{
    uint32_t a = 0x8000'0001, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return d >> 26 & 1;
}

// Every kernel-half root entry that later mappings may need exists from now on, since roots are copied at creation.
static void boot_make_kernel_roots(void)
{
    uint64_t *root = direct_map(kernel_space.root);
    for (unsigned i = KERNEL_FIRST; i < TABLE_ENTRIES; i++) {
        bool area = i >= level_index(KERNEL_AREA_START, 3) && i <= level_index(KERNEL_AREA_END - 1, 3);
        if (!root[i] && area)
            root[i] = frame_alloc_boot(1).raw | ENTRY_TABLE;
    }
}

void arch_space_init_kernel(const struct boot_info *boot)
{
    kernel_space.root = frame_alloc_boot(1);
    uint64_t load_offset = (uint64_t)(uintptr_t)kernel_image_start - boot->kernel_start.raw;
    boot_map_image(kernel_image_start, kernel_text_end, load_offset, PAGE_READ | PAGE_EXECUTE);
    boot_map_image(kernel_rodata_start, kernel_rodata_end, load_offset, PAGE_READ);
    boot_map_image(kernel_data_start, kernel_image_end, load_offset, PAGE_READ | PAGE_WRITE);
    unsigned largest = has_huge_pages() ? 2 : 1;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct memory_range *range = &boot->memory[i];
        if (range->kind == MEMORY_BAD || range->kind == MEMORY_RESERVED)
            continue; // RAM only; registers are mapped by device_map, uncached
        uint64_t start = align_down(range->start.raw, PAGE_SIZE);
        uint64_t end = align_up(range->start.raw + range->size, PAGE_SIZE);
        uint64_t fixed = range->kind == MEMORY_KERNEL ? (uint64_t)(uintptr_t)kernel_data_start - load_offset : start;
        if (start < fixed && fixed < end) { // no writable twin of the kernel's code and constants
            boot_map(direct_map_base + start, start, fixed - start, PAGE_READ, largest);
            start = fixed;
        }
        boot_map(direct_map_base + start, start, end - start, PAGE_READ | PAGE_WRITE, largest);
    }
    boot_make_kernel_roots();
    cr3_write(kernel_space.root.raw);
    cpu_local()->arch.space = &kernel_space;
    frames_ready = true;
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
            *entry = entry_make((phys_t){ frame.raw + i * PAGE_SIZE }, access | PAGE_GLOBAL);
    }
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
            cache_flush_page(at);
        }
        if (entries_skip(table, 0, TABLE_ENTRIES) == TABLE_ENTRIES) {
            empty = (phys_t){ *above & ENTRY_FRAME };
            *above = 0;
            cache_flush_page(from); // the CPU may remember the way, too
        }
    }
    spinlock_release(&kernel_lock);
    return empty;
}

void arch_kernel_unmap(virt_t at, size_t pages)
{
    uint64_t from = at.raw, end = at.raw + pages * PAGE_SIZE;
    while (from < end) {
        uint64_t to = MIN(end, align_down(from, LARGE_PAGE) + LARGE_PAGE);
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
    memset(table, 0, KERNEL_FIRST * sizeof *table);
    memcpy(table + KERNEL_FIRST, (uint64_t *)direct_map(kernel_space.root) + KERNEL_FIRST, KERNEL_FIRST * sizeof *table);
    *space = (struct arch_space){ .root = root };
    return STATUS_OK;
}

static void table_drop(phys_t table, unsigned level, size_t entries, void (*drop)(void *context, phys_t frame), void *context)
{
    const uint64_t *entry = direct_map(table);
    for (size_t i = entries_skip(entry, 0, entries); i < entries; i = entries_skip(entry, i + 1, entries)) {
        phys_t below = { entry[i] & ENTRY_FRAME };
        if (level)
            table_drop(below, level - 1, TABLE_ENTRIES, drop, context);
        else
            drop(context, below);
    }
    frame_free(table, 1);
}

void arch_space_destroy(struct arch_space *space, void (*drop)(void *context, phys_t frame), void *context)
{
    if (space_loaded(space))
        arch_space_activate(&kernel_space); // which also forgets its translations, before any frame is dropped
    table_drop(space->root, TABLE_LEVELS - 1, KERNEL_FIRST, drop, context);
    space->root = (phys_t){ 0 };
}

enum status arch_space_map(struct arch_space *space, virt_t at, phys_t frame, uint32_t access)
{
    uint64_t *entry;
    TRY(entry_make_path(space->root, at.raw, 0, &entry));
    bool replaced = *entry & ENTRY_PRESENT;
    *entry = entry_make(frame, access);
    if (replaced)
        cache_flush(space, at.raw, at.raw + PAGE_SIZE);
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
        size_t in_table = TABLE_ENTRIES - level_index(at.raw + done * PAGE_SIZE, 0);
        for (size_t i = 0; i < in_table && done < count; i++)
            entry[i] = entry_make(frames[done++], access);
    }
    *mapped = done;
    return STATUS_OK;
}

bool arch_space_query(const struct arch_space *space, virt_t at, phys_t *frame, uint32_t *access)
{
    const uint64_t *entry = entry_find(space->root, at.raw, 0);
    if (!entry || !*entry)
        return false;
    if (frame)
        *frame = (phys_t){ *entry & ENTRY_FRAME };
    if (access)
        *access = entry_access(*entry);
    return true;
}

// The next entry in [*at, to) whose table exists, skipping absent tables whole; *count: entries from there on in one table and in
// the range. nullptr at the end.
static uint64_t *entries_next(const struct arch_space *space, uint64_t *at, uint64_t to, size_t *count)
{
    while (*at < to) {
        uint64_t *table = direct_map(space->root);
        unsigned level = TABLE_LEVELS - 1;
        while (level && table[level_index(*at, level)]) {
            table = table_of(table[level_index(*at, level)]);
            level--;
        }
        if (!level) {
            unsigned index = level_index(*at, 0);
            *count = MIN((to - *at) >> PAGE_SHIFT, (uint64_t)(TABLE_ENTRIES - index));
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
    batch->frames[batch->count++] = (phys_t){ *entry & ENTRY_FRAME };
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
        for (size_t i = entries_skip(entry, 0, count); i < count; i = entries_skip(entry, i + 1, count)) {
            entry[i] = entry_make((phys_t){ entry[i] & ENTRY_FRAME }, access);
        }
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
                entry[i] &= ~ENTRY_WRITE;
            copy[i] = entry[i];
            share(context, (phys_t){ entry[i] & ENTRY_FRAME });
        }
        at += count * PAGE_SIZE;
    }
    if (write_protect)
        cache_flush(source, from.raw, to.raw);
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
    cr3_write(space->root.raw);
}
