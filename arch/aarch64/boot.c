// SPDX-License-Identifier: MIT
// boot.c: what boot.S has set up, for the code behind it: the image's place, the first view of memory, one page of registers.

#include "boot.h"

#include <arch/boot.h>
#include <arch/layout.h>
#include <arch/page_table.h>

#include <helix/frames.h>

#include "early_console.h"

extern char kernel_image_start[];
extern uint64_t boot_root[], boot_identity_root[], boot_empty[], boot_device_pages[];

void boot_root_exchange(uint64_t root, uint64_t identity, uint64_t empty, uint64_t offset);

enum { INDEX_MASK = PAGE_TABLE_ENTRIES - 1 };

uint64_t boot_image_start; // [const] from boot.S, physical
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

// Whether the boot tables show the GiB number `number` of physical memory.
static bool shown(uint64_t number)
{
    uint64_t upper = boot_root[PAGE_TABLE_ENTRIES / 2 + (number >> 9)];
    if (!page_entry_present(upper))
        return false;
    const uint64_t *table = virt_pointer((virt_t){ page_entry_frame(upper).raw + image_offset() });
    return page_entry_present(table[number & INDEX_MASK]);
}

const void *arch_boot_view_at(const struct physical_view *view, uint64_t start, uint64_t size)
{
    if (!start || start >= DIRECT_MAP_SIZE || size > DIRECT_MAP_SIZE - start)
        return nullptr;
    uint64_t last = (start + size - (size != 0)) / GIB;
    for (uint64_t number = start / GIB; number <= last; number++) {
        if (!shown(number))
            return nullptr;
    }
    return direct_map((phys_t){ start });
}

volatile void *boot_map_device(phys_t registers)
{
    phys_t page = { align_down(registers.raw, PAGE_SIZE) };
    if (boot_device_pages[0])
        return nullptr;
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
