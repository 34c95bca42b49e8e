// SPDX-License-Identifier: MIT
// boot.c: what boot.S has set up, for the code behind it: the image's place, the first view of memory, one page of registers.
//
// boot.S's direct map shows the device tree, in blocks of 2 MiB. Once that has said where memory is, as much of it is added as there
// are spare tables for, the lowest first: boot memory is handed out in about that order, and the kernel's own tables take little of it.

#include "boot.h"

#include <arch/boot.h>
#include <arch/layout.h>
#include <arch/page_table.h>

#include <helix/boot_info.h>
#include <helix/frames.h>

#include "early_console.h"

extern char kernel_image_start[];
extern uint64_t boot_root[], boot_identity_root[], boot_empty[], boot_device_pages[], boot_spare_end[];

void boot_root_exchange(uint64_t root, uint64_t identity, uint64_t empty, uint64_t offset);

enum { INDEX_MASK = PAGE_TABLE_ENTRIES - 1, DIRECT_ROOT = PAGE_TABLE_ENTRIES / 2 };
enum : uint64_t { BLOCK = 2 * MIB };

uint64_t boot_image_start; // [const] from boot.S, physical
uint64_t boot_table_next;  // from boot.S, physical: the first spare table
uint64_t boot_empty_root;  // [const] after boot_root_replace

static uint64_t image_offset(void)
{
    return virt_of(kernel_image_start).raw - boot_image_start;
}

static phys_t image_physical(const void *at)
{
    return (phys_t){ virt_of(at).raw - image_offset() };
}

phys_t arch_boot_image(void)
{
    return (phys_t){ boot_image_start };
}

// The table that an entry leads to, nullptr: none. `make`: a spare one then, as long as there are any.
static uint64_t *table_below(uint64_t *entry, bool make)
{
    if (!page_entry_present(*entry)) {
        if (!make || boot_table_next == image_physical(boot_spare_end).raw)
            return nullptr;
        *entry = page_entry_table((phys_t){ boot_table_next });
        boot_table_next += PAGE_SIZE;
    }
    return virt_pointer((virt_t){ page_entry_frame(*entry).raw + image_offset() });
}

// The direct map's entry for the block at `at`, nullptr: without a table for it.
static uint64_t *block_entry(uint64_t at, bool make)
{
    uint64_t *upper = table_below(&boot_root[DIRECT_ROOT + at / (512 * GIB)], make);
    uint64_t *table = upper ? table_below(&upper[at / GIB & INDEX_MASK], make) : nullptr;
    return table ? &table[at / BLOCK & INDEX_MASK] : nullptr;
}

static bool shown(uint64_t at)
{
    const uint64_t *entry = block_entry(at, false);
    return entry && page_entry_present(*entry);
}

static bool range_show(const struct memory_range *range)
{
    uint64_t end = MIN(range->start.raw + range->size, (uint64_t)DIRECT_MAP_SIZE);
    for (uint64_t at = align_down(range->start.raw, BLOCK); at < end; at += BLOCK) {
        uint64_t *entry = block_entry(at, true);
        if (!entry)
            return false;
        *entry = page_entry_large(page_entry((phys_t){ at }, PAGE_READ | PAGE_WRITE | PAGE_GLOBAL));
    }
    return true;
}

void boot_memory_show(void)
{
    const struct boot_info *boot = boot_info();
    bool more = true;
    for (uint32_t i = 0; i < boot->memory_count && more; i++) {
        if (boot->memory[i].kind == MEMORY_USABLE)
            more = range_show(&boot->memory[i]);
    }
    page_table_publish_kernel();
}

const void *arch_boot_view_at(const struct physical_view *view, uint64_t start, uint64_t size)
{
    if (!start || start >= DIRECT_MAP_SIZE || size > DIRECT_MAP_SIZE - start)
        return nullptr;
    for (uint64_t at = align_down(start, BLOCK); at < start + MAX(size, 1ull); at += BLOCK) {
        if (!shown(at))
            return nullptr;
    }
    return direct_map((phys_t){ start });
}

volatile void *boot_map_device(phys_t registers)
{
    phys_t page = { align_down(registers.raw, PAGE_SIZE) };
    boot_device_pages[0] = 0;
    translation_forget_kernel(EARLY_CONSOLE_VA);
    boot_device_pages[0] = page_entry(page, PAGE_READ | PAGE_WRITE | PAGE_UNCACHED | PAGE_GLOBAL);
    page_table_publish_kernel();
    return (volatile uint8_t *)virt_pointer((virt_t){ EARLY_CONSOLE_VA }) + (registers.raw & PAGE_MASK);
}

void boot_root_replace(phys_t root)
{
    early_console_keep();
    boot_empty_root = image_physical(boot_empty).raw;
    boot_root_exchange(root.raw, image_physical(boot_identity_root).raw, boot_empty_root, image_offset());
}
