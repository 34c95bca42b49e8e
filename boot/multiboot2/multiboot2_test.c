// SPDX-License-Identifier: MIT
// multiboot2_test.c: boot information as GRUB writes it, and tags that are too short, too long or too many.

#include "multiboot2.h"

#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/test.h>

enum : uint64_t { BASE = 0x20000, SIZE = 1024 };

static struct boot_info boot;
static uint8_t memory[SIZE];
static uint32_t used; // bytes of it

static struct physical_view view = { .at = physical_buffer_at, .bytes = memory, .base = BASE, .size = SIZE };

static void put(uint32_t at, uint64_t value, size_t size)
{
    memcpy(memory + at, &value, size);
}

// Appends a tag and the padding behind it; returns where its contents are.
static uint32_t tag_add(uint32_t type, const void *bytes, uint32_t size)
{
    uint32_t at = used;
    put(at, type, 4);
    put(at + 4, size + 8, 4);
    if (bytes)
        memcpy(memory + at + 8, bytes, size);
    used = (uint32_t)align_up(at + 8 + size, 8);
    put(0, used, 4);
    return at + 8;
}

static void begin(void)
{
    memset(memory, 0, sizeof memory);
    boot = (struct boot_info){};
    used = 8;
}

static uint32_t memory_map_add(uint32_t entries, uint32_t step)
{
    uint32_t at = tag_add(6, nullptr, 8 + entries * step);
    put(at, step, 4);
    for (uint32_t i = 0; i < entries; i++) {
        put(at + 8 + i * step, i * 16 * MIB, 8);
        put(at + 8 + i * step + 8, (i + 1) * MIB, 8);
        put(at + 8 + i * step + 16, i + 1, 4);
    }
    return at;
}

static enum status parse(void)
{
    tag_add(0, nullptr, 0);
    return multiboot2_parse(&view, BASE, &boot);
}

TEST(multiboot2, reads_what_a_loader_gives)
{
    begin();
    tag_add(1, "quiet a=\"b c\"", 14);
    tag_add(2, "GRUB\n2.06", 10);
    uint32_t module = tag_add(3, nullptr, 9);
    put(module, 8 * MIB, 4);
    put(module + 4, 8 * MIB + 77, 4);
    memory_map_add(5, 24);
    uint32_t pointer = tag_add(15, nullptr, 36);
    CHECK(parse() == STATUS_OK);
    CHECK(string_equal(boot.protocol, "multiboot2"));
    CHECK(string_equal(boot.command_line, "quiet a=\"b c\""));
    CHECK(string_equal(boot.loader, "GRUB?2.06"));
    CHECK_EQUAL(boot.initramfs_count, 1);
    CHECK_EQUAL(boot.initramfs[0].size, 77);
    CHECK_EQUAL(boot.memory_count, 5);
    CHECK_EQUAL(boot.memory[1].start.raw, 16 * MIB);
    CHECK_EQUAL(boot.memory[0].kind, MEMORY_USABLE);
    CHECK_EQUAL(boot.memory[2].kind, MEMORY_ACPI_RECLAIMABLE);
    CHECK_EQUAL(boot.memory[4].kind, MEMORY_BAD);
    CHECK_EQUAL(boot.rsdp.raw, BASE + pointer);
}

TEST(multiboot2, prefers_the_newer_root_pointer_wherever_it_stands)
{
    begin();
    uint32_t newer = tag_add(15, nullptr, 36);
    tag_add(14, nullptr, 20);
    CHECK(parse() == STATUS_OK);
    CHECK_EQUAL(boot.rsdp.raw, BASE + newer);
}

TEST(multiboot2, takes_memory_map_entries_of_any_size_from_20_bytes)
{
    begin();
    memory_map_add(3, 20);
    CHECK(parse() == STATUS_OK);
    CHECK_EQUAL(boot.memory_count, 3);
    begin();
    memory_map_add(3, 40);
    CHECK(parse() == STATUS_OK);
    CHECK_EQUAL(boot.memory_count, 3);
    begin();
    put(memory_map_add(3, 24), 0, 4);
    CHECK(parse() == STATUS_OK);
    CHECK_EQUAL(boot.memory_count, 0);
    begin();
    put(memory_map_add(3, 24), UINT32_MAX, 4);
    CHECK(parse() == STATUS_OK);
    CHECK_EQUAL(boot.memory_count, 0);
}

TEST(multiboot2, ignores_modules_that_end_before_they_begin_and_those_beyond_its_limit)
{
    begin();
    uint32_t module = tag_add(3, nullptr, 9);
    put(module, 8 * MIB, 4);
    put(module + 4, 4 * MIB, 4);
    for (int i = 0; i < BOOT_INITRAMFS + 3; i++) {
        module = tag_add(3, nullptr, 9);
        put(module, 8 * MIB, 4);
        put(module + 4, 9 * MIB, 4);
    }
    CHECK(parse() == STATUS_OK);
    CHECK_EQUAL(boot.initramfs_count, BOOT_INITRAMFS);
}

TEST(multiboot2, stops_at_a_tag_that_cannot_be)
{
    begin();
    tag_add(1, "one", 4);
    uint32_t bad = tag_add(1, "two", 4);
    put(bad - 4, 7, 4); // shorter than its own header
    CHECK(parse() == STATUS_OK);
    CHECK(string_equal(boot.command_line, "one"));
    put(bad - 4, SIZE, 4); // beyond the end
    CHECK(multiboot2_parse(&view, BASE, &boot) == STATUS_OK);
    CHECK(string_equal(boot.command_line, "one"));
    put(bad - 4, UINT32_MAX, 4);
    CHECK(multiboot2_parse(&view, BASE, &boot) == STATUS_OK);
}

TEST(multiboot2, refuses_what_is_no_boot_information)
{
    begin();
    CHECK(multiboot2_parse(&view, BASE, &boot) == STATUS_BAD_FORMAT); // size 0
    put(0, SIZE + 8, 4);
    CHECK(multiboot2_parse(&view, BASE, &boot) == STATUS_BAD_FORMAT);
    put(0, UINT32_MAX, 4);
    CHECK(multiboot2_parse(&view, BASE, &boot) == STATUS_BAD_FORMAT);
    CHECK(multiboot2_parse(&view, BASE + 4, &boot) == STATUS_BAD_FORMAT);
    CHECK(multiboot2_parse(&view, BASE + SIZE, &boot) == STATUS_BAD_FORMAT);
    CHECK(multiboot2_parse(&view, 0, &boot) == STATUS_BAD_FORMAT);
}

TEST(multiboot2, takes_only_framebuffers_of_direct_colour)
{
    begin();
    uint32_t at = tag_add(8, nullptr, 24);
    put(at, 0xfd000000, 8);
    put(at + 8, 4096, 4);
    put(at + 12, 1024, 4);
    put(at + 16, 768, 4);
    put(at + 20, 32, 1);
    CHECK(parse() == STATUS_OK);
    CHECK_EQUAL(boot.framebuffer.width, 0);
    put(at + 21, 1, 1);
    CHECK(multiboot2_parse(&view, BASE, &boot) == STATUS_OK);
    CHECK_EQUAL(boot.framebuffer.width, 1024);
    CHECK_EQUAL(boot.framebuffer.pitch_bytes, 4096);
}
