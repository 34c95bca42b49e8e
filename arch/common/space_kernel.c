// SPDX-License-Identifier: MIT
// space_kernel.c: the kernel half of the page tables: the image and the direct map, made once at boot, and what is mapped later.

#include <arch/space.h>

#include <arch/cpu.h>
#include <arch/layout.h>

#include <helix/boot_info.h>
#include <helix/cpu.h>
#include <helix/panic.h>
#include <helix/spinlock.h>

#include "space_flush.h"
#include "space_walk.h"

uint64_t direct_map_base = DIRECT_MAP_START;
struct arch_space table_kernel_space;
uint64_t table_kernel_groups;
static bool frames_ready; // tables come from frame_alloc instead of boot memory
struct spinlock table_kernel_lock = SPINLOCK(RANK_KERNEL_SPACE);

extern char kernel_image_start[], kernel_text_end[], kernel_rodata_start[], kernel_rodata_end[], kernel_data_start[], kernel_image_end[];
extern char boot_stack_guard[]; // a page, below the stack that boot runs on

// ---- tables ----

enum : uint64_t { TABLE_SPAN = PAGE_TABLE_ENTRIES * PAGE_SIZE }; // what one last-level table covers

static enum status kernel_table_new(phys_t *table)
{
    if (frames_ready)
        return frame_alloc(1, FRAME_ZEROED, table);
    *table = frame_alloc_boot(1);
    return STATUS_OK;
}

// The entry of `at` at `level`, nullptr when a table on the way is missing.
static struct table_entry *kernel_entry_find(uint64_t at, unsigned level)
{
    struct table_entry *table = direct_map(table_kernel_space.root);
    for (unsigned above = page_table_levels() - 1; above > level; above--) {
        uint64_t entry = entry_read(&table[table_index(at, above)]);
        if (!page_entry_is_own(entry))
            return nullptr;
        table = table_below(entry);
    }
    return &table[table_index(at, level)];
}

// As kernel_entry_find, making what is missing. STATUS_NO_MEMORY: tables already made stay, empty. Walks run ahead, too: they must
// find a table empty as soon as an entry leads to it.
static enum status kernel_entry_make(uint64_t at, unsigned level, struct table_entry **found)
{
    struct table_entry *table = direct_map(table_kernel_space.root);
    for (unsigned above = page_table_levels() - 1; above > level; above--) {
        struct table_entry *entry = &table[table_index(at, above)];
        if (!entry_read(entry)) {
            phys_t made;
            TRY(kernel_table_new(&made));
            atomic_thread_fence(memory_order_release);
            entry_write(entry, page_entry_table(made));
        }
        if (!page_entry_is_own(entry_read(entry)))
            return STATUS_ALREADY_MAPPED; // by a larger page
        table = table_below(entry_read(entry));
    }
    *found = &table[table_index(at, level)];
    return STATUS_OK;
}

enum status table_kernel_reach(uint64_t at, unsigned level, bool make, struct table_entry **entry)
{
    if (make)
        TRY(kernel_entry_make(at, level, entry));
    else
        *entry = kernel_entry_find(at, level);
    return *entry ? STATUS_OK : STATUS_NOT_MAPPED;
}

static bool table_is_empty(const struct table_entry *table)
{
    for (size_t i = 0; i < PAGE_TABLE_ENTRIES; i++) {
        if (entry_read(&table[i]))
            return false;
    }
    return true;
}

// ---- boot ----

// The largest pages that can begin the mapping of [at, at + size) to frames from `frame` on.
static unsigned boot_map_level(uint64_t at, uint64_t frame, uint64_t size, unsigned largest)
{
    unsigned level = largest;
    while (level && (!is_aligned(at | frame, 1ull << table_shift(level)) || size < 1ull << table_shift(level)))
        level--;
    return level;
}

// Maps the pages of one table from the first on, as far as larger ones do not fit. Returns the bytes mapped. Boot memory.
static uint64_t boot_map_run(uint64_t at, uint64_t frame, uint64_t size, uint32_t access, unsigned largest)
{
    unsigned level = boot_map_level(at, frame, size, largest);
    uint64_t step = 1ull << table_shift(level), done = 0;
    uint64_t room = (PAGE_TABLE_ENTRIES - table_index(at, level)) * step;
    struct table_entry *entry;
    if (kernel_entry_make(at, level, &entry) != STATUS_OK)
        panic("no memory for the kernel's page tables");
    size = MIN(size, room); // what lies behind the table's end may fit a larger page
    for (; size - done >= step; done += step) {
        uint64_t page = page_entry((phys_t){ frame + done }, access | PAGE_GLOBAL);
        entry_write(entry++, level ? page_entry_large(page) : page);
    }
    return done;
}

// Maps [at, at + size) to consecutive frames with the largest pages that alignment and `largest` allow.
static void boot_map(uint64_t at, uint64_t frame, uint64_t size, uint32_t access, unsigned largest)
{
    for (uint64_t done = 0; done < size;)
        done += boot_map_run(at + done, frame + done, size - done, access, largest);
}

static void boot_map_image(const char *from, const char *to, uint64_t load_offset, uint32_t access)
{
    uint64_t start = align_down((uint64_t)(uintptr_t)from, PAGE_SIZE);
    boot_map(start, start - load_offset, align_up((uint64_t)(uintptr_t)to, PAGE_SIZE) - start, access, 1);
}

// Every kernel-half root entry that later mappings may need exists from now on, since roots are copied at creation.
static void boot_make_kernel_roots(void)
{
    struct table_entry *root = direct_map(table_kernel_space.root);
    unsigned top = page_table_levels() - 1;
    for (unsigned i = page_table_kernel_first(); i < PAGE_TABLE_ENTRIES; i++) {
        bool area = i >= table_index(KERNEL_AREA_START, top) && i <= table_index(KERNEL_AREA_END - 1, top);
        if (!entry_read(&root[i]) && area)
            entry_write(&root[i], page_entry_table(frame_alloc_boot(1)));
        if (entry_read(&root[i]))
            table_kernel_groups |= 1ull << i / TABLE_GROUP;
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
    table_kernel_space.root = frame_alloc_boot(1);
    uint64_t load_offset = (uint64_t)(uintptr_t)kernel_image_start - boot->kernel_start.raw;
    boot_map_image(kernel_image_start, kernel_text_end, load_offset, PAGE_READ | PAGE_EXECUTE);
    boot_map_image(kernel_rodata_start, kernel_rodata_end, load_offset, PAGE_READ);
    boot_map_image(kernel_data_start, boot_stack_guard, load_offset, PAGE_READ | PAGE_WRITE);
    boot_map_image(boot_stack_guard + PAGE_SIZE, kernel_image_end, load_offset, PAGE_READ | PAGE_WRITE);
    for (uint32_t i = 0; i < boot->memory_count; i++)
        boot_map_memory(&boot->memory[i], (uint64_t)(uintptr_t)kernel_data_start - load_offset);
    boot_make_kernel_roots();
}

void arch_space_init_kernel(const struct boot_info *boot)
{
    for (unsigned attempt = 0; page_table_choose(attempt); attempt++) {
        boot_build(boot);
        if (!page_table_start(table_kernel_space.root))
            continue;
        cpu_local()->arch.space = &table_kernel_space;
        frames_ready = true;
        return;
    }
    panic("this CPU has none of the page tables that the kernel can make");
}

// ---- later ----

enum status arch_kernel_map(virt_t at, phys_t frame, size_t pages, uint32_t access)
{
    if (access & PAGE_WRITE && access & PAGE_EXECUTE)
        return STATUS_DENIED;
    enum status outcome = STATUS_OK;
    spinlock_acquire(&table_kernel_lock);
    size_t i;
    for (i = 0; i < pages && outcome == STATUS_OK; i++) {
        struct table_entry *entry;
        outcome = kernel_entry_make(at.raw + i * PAGE_SIZE, 0, &entry);
        if (outcome == STATUS_OK)
            entry_write(entry, page_entry((phys_t){ frame.raw + i * PAGE_SIZE }, access | PAGE_GLOBAL));
    }
    page_table_publish_kernel();
    spinlock_release(&table_kernel_lock);
    if (outcome != STATUS_OK)
        arch_kernel_unmap(at, i - 1);
    return outcome;
}

// Takes pages that lie in one last-level table out. Returns that table when nothing is left in it, 0 otherwise.
static phys_t kernel_unmap_in_table(uint64_t from, uint64_t to)
{
    phys_t empty = { 0 };
    spinlock_acquire(&table_kernel_lock);
    struct table_entry *above = kernel_entry_find(from, 1);
    if (above && page_entry_is_table(entry_read(above))) {
        struct table_entry *table = table_below(entry_read(above));
        for (uint64_t at = from; at < to; at += PAGE_SIZE)
            entry_write(&table[table_index(at, 0)], 0);
        if (table_is_empty(table)) {
            empty = page_entry_frame(entry_read(above));
            entry_write(above, 0);
        }
    }
    kernel_flush(from, to); // the way to the table as well, before another is put there
    spinlock_release(&table_kernel_lock);
    return empty;
}

void arch_kernel_unmap(virt_t at, size_t pages)
{
    uint64_t from = at.raw, end = at.raw + pages * PAGE_SIZE;
    while (from < end) {
        uint64_t to = MIN(end, align_down(from, TABLE_SPAN) + TABLE_SPAN);
        phys_t empty = kernel_unmap_in_table(from, to);
        if (empty.raw)
            frame_free_zeroed(empty);
        from = to;
    }
}
