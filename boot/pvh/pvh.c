// SPDX-License-Identifier: MIT
// pvh.c: reads the PVH start info that QEMU, Xen and Firecracker pass to a kernel with an ELF note.

#include "pvh.h"

#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/boot_protocol.h>

struct start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp;
    // version 1 and later
    uint64_t memory_map;
    uint32_t memory_map_count, reserved;
};
static_assert(sizeof(struct start_info) == 56);

struct start_module {
    uint64_t address, size, command_line, reserved;
};

struct start_memory {
    uint64_t address, size;
    uint32_t type, reserved;
};

enum { VERSION_0_SIZE = 40, MAP_ENTRIES = 4096 };

// The types of the BIOS's memory map (E820).
static enum memory_kind kind_of(uint32_t type)
{
    static const enum memory_kind kinds[] = { MEMORY_RESERVED,         MEMORY_USABLE,   MEMORY_RESERVED,
                                              MEMORY_ACPI_RECLAIMABLE, MEMORY_ACPI_NVS, MEMORY_BAD };
    return type < ARRAY_LENGTH(kinds) ? kinds[type] : MEMORY_RESERVED;
}

static void add_memory(const struct physical_view *view, const struct start_info *info, struct boot_info *boot)
{
    uint32_t count = MIN(info->memory_map_count, (uint32_t)MAP_ENTRIES);
    for (uint32_t i = 0; info->version >= 1 && i < count; i++) {
        const void *at = physical_at(view, info->memory_map + i * sizeof(struct start_memory), sizeof(struct start_memory));
        struct start_memory entry;
        if (!at)
            return;
        memcpy(&entry, at, sizeof entry);
        boot_info_add_memory(boot, entry.address, entry.size, kind_of(entry.type));
    }
}

static void add_modules(const struct physical_view *view, const struct start_info *info, struct boot_info *boot)
{
    for (uint32_t i = 0; i < info->module_count && boot->initramfs_count < BOOT_INITRAMFS; i++) {
        const void *at = physical_at(view, info->modules + i * sizeof(struct start_module), sizeof(struct start_module));
        struct start_module module;
        if (!at)
            return;
        memcpy(&module, at, sizeof module);
        if (module.size)
            boot->initramfs[boot->initramfs_count++] = (struct boot_module){ .start = { module.address }, .size = module.size };
    }
}

// The command line ends at its terminator, or where the view does.
static void add_command_line(const struct physical_view *view, uint64_t at, struct boot_info *boot)
{
    enum { LOOK = 2 * BOOT_COMMAND_LINE };
    char line[BOOT_COMMAND_LINE + 1];
    uint64_t length = 0;
    for (; at && length < LOOK; length++) {
        const char *byte = physical_at(view, at + length, 1);
        if (!byte || !*byte)
            break;
        if (length < BOOT_COMMAND_LINE)
            line[length] = *byte;
    }
    boot_info_set_command_line(boot, line, MIN(length, (uint64_t)BOOT_COMMAND_LINE));
}

enum status pvh_parse(const struct physical_view *view, uint64_t data, struct boot_info *boot)
{
    struct start_info info = {};
    const void *at = physical_at(view, data, VERSION_0_SIZE);
    if (!at)
        return STATUS_BAD_FORMAT;
    memcpy(&info, at, VERSION_0_SIZE);
    if (info.magic != PVH_MAGIC)
        return STATUS_BAD_FORMAT;
    if (info.version >= 1) {
        at = physical_at(view, data, sizeof info);
        if (!at)
            return STATUS_BAD_FORMAT;
        memcpy(&info, at, sizeof info);
    }
    boot->protocol = "pvh";
    boot->loader = "";
    boot->rsdp = (phys_t){ info.rsdp };
    add_command_line(view, info.command_line, boot);
    add_modules(view, &info, boot);
    add_memory(view, &info, boot);
    return STATUS_OK;
}

BOOT_PROTOCOL(pvh, .magic = PVH_MAGIC, .parse = pvh_parse);
