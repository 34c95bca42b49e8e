// SPDX-License-Identifier: MIT
// region_manager.c: the map of physical memory: an array in ascending order, filled from the boot map and by device_map().
//
// Locks: RANK_DRIVER round the array, plain: it is looked at rarely, and changed when a driver comes or goes.

#include <helix/region_manager.h>

#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/spinlock.h>

static struct {
    struct spinlock lock; // RANK_DRIVER
    size_t count;
    struct physical_region region[PHYSICAL_REGIONS_MAX]; // by start
} map = { .lock = SPINLOCK(RANK_DRIVER) };

static uint64_t end_of(const struct physical_region *region)
{
    return region->start + region->size;
}

// The first region that ends behind `at`.
static size_t index_behind(uint64_t at) MUST_HOLD(map.lock)
{
    size_t index = 0;
    while (index < map.count && end_of(&map.region[index]) - 1 < at)
        index++;
    return index;
}

static void insert_at(size_t index, const struct physical_region *region) MUST_HOLD(map.lock)
{
    memmove(&map.region[index + 1], &map.region[index], (map.count - index) * sizeof map.region[0]);
    map.region[index] = *region;
    map.count++;
}

static void remove_at(size_t index) MUST_HOLD(map.lock)
{
    map.count--;
    memmove(&map.region[index], &map.region[index + 1], (map.count - index) * sizeof map.region[0]);
}

static bool compatible(const struct physical_region *low, const struct physical_region *high)
{
    return end_of(low) == high->start && low->type == high->type && low->reserved == high->reserved && strcmp(low->name, high->name) == 0;
}

// Makes one of the region and the one behind it, if they are alike.
static void join(size_t index) MUST_HOLD(map.lock)
{
    if (index + 1 >= map.count || !compatible(&map.region[index], &map.region[index + 1]))
        return;
    map.region[index].size += map.region[index + 1].size;
    remove_at(index + 1);
}

static void join_around(size_t index) MUST_HOLD(map.lock)
{
    join(index);
    if (index > 0)
        join(index - 1);
}

static bool range_sensible(uint64_t start, uint64_t size)
{
    return size && start <= UINT64_MAX - size;
}

static enum status add_locked(const struct physical_region *region) MUST_HOLD(map.lock)
{
    size_t index = index_behind(region->start);
    if (index < map.count && map.region[index].start < end_of(region))
        return STATUS_EXISTS;
    if (map.count == PHYSICAL_REGIONS_MAX)
        return STATUS_NO_SPACE;
    insert_at(index, region);
    join_around(index);
    return STATUS_OK;
}

enum status region_manager_add(uint64_t start, uint64_t size, enum physical_type type, const char *name)
{
    if (!range_sensible(start, size) || type >= PHYSICAL_TYPES || !name)
        return STATUS_BAD_ARGUMENT;
    const struct physical_region region = { .start = start, .size = size, .type = type, .name = name };
    spinlock_acquire(&map.lock);
    enum status outcome = add_locked(&region);
    spinlock_release(&map.lock);
    return outcome;
}

// Cuts [start, start + size), which lies in region `index`, out of it; `middle` takes its place unless it is nullptr.
static enum status carve(size_t index, uint64_t start, uint64_t size, const struct physical_region *middle) MUST_HOLD(map.lock)
{
    struct physical_region low = map.region[index], high = low;
    low.size = start - low.start;
    high.start = start + size;
    high.size = end_of(&map.region[index]) - high.start;
    if (map.count + (low.size > 0) + (high.size > 0) + (middle != nullptr) > PHYSICAL_REGIONS_MAX + 1)
        return STATUS_NO_SPACE;
    remove_at(index);
    if (high.size)
        insert_at(index, &high);
    if (middle)
        insert_at(index, middle);
    if (low.size)
        insert_at(index, &low);
    return STATUS_OK;
}

// The region that holds all of the range; map.count: no one does.
static size_t index_holding(uint64_t start, uint64_t size) MUST_HOLD(map.lock)
{
    size_t index = index_behind(start);
    bool holds = index < map.count && map.region[index].start <= start && start + size <= end_of(&map.region[index]);
    return holds ? index : map.count;
}

enum status region_manager_remove(uint64_t start, uint64_t size)
{
    if (!range_sensible(start, size))
        return STATUS_BAD_ARGUMENT;
    spinlock_acquire(&map.lock);
    size_t index = index_holding(start, size);
    enum status outcome = index < map.count ? carve(index, start, size, nullptr) : STATUS_NOT_FOUND;
    spinlock_release(&map.lock);
    return outcome;
}

static bool touches_reserved(uint64_t start, uint64_t size) MUST_HOLD(map.lock)
{
    for (size_t index = index_behind(start); index < map.count && map.region[index].start < start + size; index++) {
        if (map.region[index].reserved)
            return true;
    }
    return false;
}

static enum status reserve_locked(uint64_t start, uint64_t size, const char *name) MUST_HOLD(map.lock)
{
    if (touches_reserved(start, size))
        return STATUS_BUSY;
    size_t index = index_holding(start, size);
    if (index == map.count || map.region[index].type != PHYSICAL_RAM)
        return STATUS_NOT_FOUND;
    const struct physical_region middle = { .start = start, .size = size, .name = name, .type = PHYSICAL_RAM, .reserved = true };
    return carve(index, start, size, &middle);
}

enum status region_manager_reserve(uint64_t start, uint64_t size, const char *name)
{
    if (!range_sensible(start, size) || !name)
        return STATUS_BAD_ARGUMENT;
    spinlock_acquire(&map.lock);
    enum status outcome = reserve_locked(start, size, name);
    spinlock_release(&map.lock);
    return outcome;
}

// ---- looking ----

static size_t copy_out(bool all, enum physical_type type, struct physical_region *regions, size_t limit)
{
    size_t found = 0;
    spinlock_acquire(&map.lock);
    for (size_t i = 0; i < map.count; i++) {
        if (!all && map.region[i].type != type)
            continue;
        if (found < limit)
            regions[found] = map.region[i];
        found++;
    }
    spinlock_release(&map.lock);
    return found;
}

size_t region_manager_all(struct physical_region *regions, size_t limit)
{
    return copy_out(true, PHYSICAL_RAM, regions, limit);
}

size_t region_manager_by_type(enum physical_type type, struct physical_region *regions, size_t limit)
{
    return copy_out(false, type, regions, limit);
}

static uint64_t ram_bytes(bool usable_only)
{
    uint64_t bytes = 0;
    spinlock_acquire(&map.lock);
    for (size_t i = 0; i < map.count; i++) {
        const struct physical_region *region = &map.region[i];
        bool counts = usable_only ? region->type == PHYSICAL_RAM && !region->reserved : physical_is_ram(region);
        bytes += counts ? region->size : 0;
    }
    spinlock_release(&map.lock);
    return bytes;
}

uint64_t region_manager_usable_ram(void)
{
    return ram_bytes(true);
}

uint64_t region_manager_total_ram(void)
{
    return ram_bytes(false);
}

const char *physical_type_name(enum physical_type type)
{
    static const char *const names[PHYSICAL_TYPES] = { "ram", "rom", "device", "reserved", "acpi", "kernel", "initrd", "framebuffer" };
    return names[type];
}

// ---- the boot map ----

bool region_manager_init(const struct boot_info *boot)
{
    static const struct {
        enum physical_type type;
        const char *name; // Linux's
    } kinds[MEMORY_KINDS] = {
        [MEMORY_USABLE] = { PHYSICAL_RAM, "System RAM" },
        [MEMORY_RESERVED] = { PHYSICAL_RESERVED, "Reserved" },
        [MEMORY_ACPI_RECLAIMABLE] = { PHYSICAL_ACPI, "ACPI Tables" },
        [MEMORY_ACPI_NVS] = { PHYSICAL_ACPI, "ACPI Non-volatile Storage" },
        [MEMORY_BAD] = { PHYSICAL_RESERVED, "Unusable memory" },
        [MEMORY_BOOTLOADER] = { PHYSICAL_RAM, "System RAM" },
        [MEMORY_KERNEL] = { PHYSICAL_KERNEL, "Kernel" },
        [MEMORY_FRAMEBUFFER] = { PHYSICAL_FRAMEBUFFER, "Framebuffer" },
        [MEMORY_INITRAMFS] = { PHYSICAL_INITRD, "Initial files" },
    };
    bool whole = true;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct memory_range *range = &boot->memory[i];
        enum status outcome = region_manager_add(range->start.raw, range->size, kinds[range->kind].type, kinds[range->kind].name);
        whole &= !range->size || outcome == STATUS_OK;
    }
    return whole;
}
