// SPDX-License-Identifier: MIT
// multiboot2.c: reads the tags that a Multiboot2 loader (GRUB) passes. A tag that is too short for its type is skipped; one
// that reaches beyond the whole ends the reading.

#include "multiboot2.h"

#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/boot_protocol.h>

enum { INFO_MAX = 1024 * 1024, TAG_HEADER = 8 };

enum tag_type : uint32_t {
    TAG_END,
    TAG_COMMAND_LINE,
    TAG_LOADER,
    TAG_MODULE,
    TAG_BASIC_MEMORY,
    TAG_BOOT_DEVICE,
    TAG_MEMORY_MAP,
    TAG_VBE,
    TAG_FRAMEBUFFER,
    TAG_RSDP_OLD = 14,
    TAG_RSDP_NEW = 15,
};

struct tag {
    const uint8_t *bytes;
    uint32_t type, size; // size with the header
    uint64_t physical;
};

static uint64_t field(const struct tag *tag, uint32_t at, uint32_t size)
{
    uint64_t value = 0;
    if (at > tag->size || size > tag->size - at)
        return 0;
    for (uint32_t i = 0; i < size; i++)
        value |= (uint64_t)tag->bytes[at + i] << 8 * i;
    return value;
}

static uint32_t field32(const struct tag *tag, uint32_t at)
{
    return (uint32_t)field(tag, at, 4);
}

static void read_command_line(const struct tag *tag, struct boot_info *boot)
{
    boot_info_set_command_line(boot, (const char *)tag->bytes + TAG_HEADER, tag->size - TAG_HEADER);
}

static void read_loader(const struct tag *tag, struct boot_info *boot)
{
    static char name[64];
    size_t length = string_length_bounded((const char *)tag->bytes + TAG_HEADER, tag->size - TAG_HEADER);
    length = MIN(length, sizeof name - 1);
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = tag->bytes[TAG_HEADER + i];
        name[i] = byte >= ' ' && byte < 0x7f ? (char)byte : '?';
    }
    name[length] = '\0';
    boot->loader = name;
}

static void read_module(const struct tag *tag, struct boot_info *boot)
{
    uint32_t start = field32(tag, 8), end = field32(tag, 12);
    if (tag->size < 16 || end <= start || boot->initramfs_count == BOOT_INITRAMFS)
        return;
    boot->initramfs[boot->initramfs_count++] = (struct boot_module){ .start = { start }, .size = end - start };
}

static void read_memory_map(const struct tag *tag, struct boot_info *boot)
{
    static const enum memory_kind kinds[] = { MEMORY_RESERVED,         MEMORY_USABLE,   MEMORY_RESERVED,
                                              MEMORY_ACPI_RECLAIMABLE, MEMORY_ACPI_NVS, MEMORY_BAD };
    uint32_t step = field32(tag, 8);
    if (step < 20)
        return;
    for (uint32_t at = 16; at < tag->size && tag->size - at >= step; at += step) {
        uint32_t type = field32(tag, at + 16);
        boot_info_add_memory(boot, field(tag, at, 8), field(tag, at + 8, 8), type < ARRAY_LENGTH(kinds) ? kinds[type] : MEMORY_RESERVED);
    }
}

// Direct-colour framebuffers only: the others are text or need a palette.
static void read_framebuffer(const struct tag *tag, struct boot_info *boot)
{
    enum { DIRECT_COLOUR = 1 };
    if (tag->size < 32 || field(tag, 29, 1) != DIRECT_COLOUR)
        return;
    boot->framebuffer = (struct framebuffer){
        .base = { field(tag, 8, 8) },
        .pitch_bytes = field32(tag, 16),
        .width = field32(tag, 20),
        .height = field32(tag, 24),
        .bits_per_pixel = (uint32_t)field(tag, 28, 1),
    };
}

// The tag holds a copy of the root pointer; the newer one wins.
static void read_rsdp(const struct tag *tag, struct boot_info *boot)
{
    if (tag->size >= TAG_HEADER + 20 && (tag->type == TAG_RSDP_NEW || !boot->rsdp.raw))
        boot->rsdp = (phys_t){ tag->physical + TAG_HEADER };
}

static void read_tag(const struct tag *tag, struct boot_info *boot)
{
    switch (tag->type) {
    case TAG_COMMAND_LINE:
        read_command_line(tag, boot);
        break;
    case TAG_LOADER:
        read_loader(tag, boot);
        break;
    case TAG_MODULE:
        read_module(tag, boot);
        break;
    case TAG_MEMORY_MAP:
        read_memory_map(tag, boot);
        break;
    case TAG_FRAMEBUFFER:
        read_framebuffer(tag, boot);
        break;
    case TAG_RSDP_OLD:
    case TAG_RSDP_NEW:
        read_rsdp(tag, boot);
        break;
    }
}

enum status multiboot2_parse(const struct physical_view *view, uint64_t data, struct boot_info *boot)
{
    struct tag whole = { .bytes = physical_at(view, data, TAG_HEADER), .size = TAG_HEADER };
    if (!whole.bytes || !is_aligned(data, 8))
        return STATUS_BAD_FORMAT;
    uint32_t total = field32(&whole, 0);
    if (total < 2 * TAG_HEADER || total > INFO_MAX)
        return STATUS_BAD_FORMAT;
    whole = (struct tag){ .bytes = physical_at(view, data, total), .size = total };
    if (!whole.bytes)
        return STATUS_BAD_FORMAT;
    boot->protocol = "multiboot2";
    boot->loader = "";
    for (uint32_t at = TAG_HEADER; at < total && total - at >= TAG_HEADER;) {
        struct tag tag = { .bytes = whole.bytes + at, .type = field32(&whole, at), .size = field32(&whole, at + 4), .physical = data + at };
        if (tag.type == TAG_END || tag.size < TAG_HEADER || tag.size > total - at)
            break;
        read_tag(&tag, boot);
        at += (uint32_t)align_up(tag.size, 8);
    }
    return STATUS_OK;
}

BOOT_PROTOCOL(multiboot2, .magic = MULTIBOOT2_MAGIC, .parse = multiboot2_parse);
