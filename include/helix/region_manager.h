// SPDX-License-Identifier: MIT
// region_manager.h: what lies where in the physical address space: RAM and who has had pieces of it since boot, firmware, devices.
//
// Regions never overlap. Neighbours that are alike are one; taking a piece out of one splits it.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

struct boot_info;

enum physical_type : uint8_t {
    PHYSICAL_RAM,
    PHYSICAL_ROM,
    PHYSICAL_DEVICE,
    PHYSICAL_RESERVED,
    PHYSICAL_ACPI,
    PHYSICAL_KERNEL,
    PHYSICAL_INITRD,
    PHYSICAL_FRAMEBUFFER,
    PHYSICAL_TYPES,
};
const char *physical_type_name(enum physical_type type);

struct physical_region {
    uint64_t start, size; // bytes, any alignment
    const char *name;     // lives as long as the kernel
    enum physical_type type;
    bool reserved; // RAM that region_manager_reserve() gave a name
};

enum { PHYSICAL_REGIONS_MAX = 192 };

// All of these: any thread context and boot; a spinlock inside.

// Adds [start, start + size). STATUS_BAD_ARGUMENT: empty, or beyond the address space. STATUS_EXISTS: overlaps what is there.
// STATUS_NO_SPACE: PHYSICAL_REGIONS_MAX. Nothing changed then.
enum status region_manager_add(uint64_t start, uint64_t size, enum physical_type type, const char *name);

// Takes [start, start + size) out of the one region that holds all of it, splitting it. STATUS_NOT_FOUND: no one region does.
// STATUS_BAD_ARGUMENT, STATUS_NO_SPACE as above.
enum status region_manager_remove(uint64_t start, uint64_t size);

// The range becomes a region of its own with a name of its own, and type and place in RAM as before. STATUS_NOT_FOUND: not within one
// region of usable RAM. STATUS_BUSY: (part of) it is reserved already. STATUS_BAD_ARGUMENT, STATUS_NO_SPACE.
enum status region_manager_reserve(uint64_t start, uint64_t size, const char *name);

// Copies up to `limit` regions in ascending order, all or those of one type; how many there are.
size_t region_manager_all(struct physical_region *regions, size_t limit);
size_t region_manager_by_type(enum physical_type type, struct physical_region *regions, size_t limit);

// Bytes of RAM that are not reserved; of all RAM, with what the kernel and the initial files lie in.
uint64_t region_manager_usable_ram(void);
uint64_t region_manager_total_ram(void);

// Whether such a region lies in RAM.
static inline bool physical_is_ram(const struct physical_region *region)
{
    return region->type == PHYSICAL_RAM || region->type == PHYSICAL_KERNEL || region->type == PHYSICAL_INITRD;
}

// Takes over what the boot protocol told. Once; false: something did not fit.
bool region_manager_init(const struct boot_info *boot);
