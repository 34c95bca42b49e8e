// SPDX-License-Identifier: MIT
// boot.c: what boot.S's page tables show of physical memory, and where it found the image.

#include <arch/boot.h>

#include <arch/layout.h>
#include <arch/page_table.h>

// Left by boot.S.
extern const uint64_t boot_tables[PAGE_TABLE_ENTRIES];
extern const uint64_t boot_image;

enum : uint64_t { ROOT_DIRECT = DIRECT_MAP_START >> 30 & (PAGE_TABLE_ENTRIES - 1), BLOCK = GIB };

const void *arch_boot_view_at(const struct physical_view *view, uint64_t start, uint64_t size)
{
    if (!start || start >= DIRECT_MAP_SIZE || size > DIRECT_MAP_SIZE - start)
        return nullptr;
    for (uint64_t block = align_down(start, BLOCK); block < start + size; block += BLOCK) {
        if (!page_entry_present(boot_tables[ROOT_DIRECT + block / BLOCK]))
            return nullptr;
    }
    return (const void *)(uintptr_t)(DIRECT_MAP_START + start);
}

phys_t arch_boot_image(void)
{
    return (phys_t){ boot_image };
}
