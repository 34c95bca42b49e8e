// SPDX-License-Identifier: MIT
// pvh_test.c: a start info as QEMU writes it, and the ways one can lie.

#include "pvh.h"

#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/test.h>

enum : uint64_t { BASE = 0x10000, INFO = BASE, LINE = BASE + 64, MODULES = BASE + 128, MAP = BASE + 192, SIZE = 512 };

static struct boot_info boot;
static uint8_t memory[SIZE];

static const struct physical_view view = { .at = physical_buffer_at, .bytes = memory, .base = BASE, .size = SIZE };

static void put(uint64_t at, uint64_t value, size_t size)
{
    memcpy(memory + (at - BASE), &value, size);
}

static void put_memory(uint32_t index, uint64_t start, uint64_t size, uint32_t type)
{
    put(MAP + 24 * index, start, 8);
    put(MAP + 24 * index + 8, size, 8);
    put(MAP + 24 * index + 16, type, 4);
}

static void begin(void)
{
    memset(memory, 0, sizeof memory);
    boot = (struct boot_info){};
    put(INFO, PVH_MAGIC, 4);
    put(INFO + 4, 1, 4);  // version
    put(INFO + 12, 1, 4); // modules
    put(INFO + 16, MODULES, 8);
    put(INFO + 24, LINE, 8);
    put(INFO + 32, 0xf5000, 8); // root pointer
    put(INFO + 40, MAP, 8);
    put(INFO + 48, 3, 4);
    memcpy(memory + (LINE - BASE), "quiet x=1", 10);
    put(MODULES, 8 * MIB, 8);
    put(MODULES + 8, 12345, 8);
    put_memory(0, 0, 0x9f000, 1);
    put_memory(1, MIB, 15 * MIB, 1);
    put_memory(2, 0xfffc0000, 0x40000, 2);
}

TEST(pvh, reads_memory_archives_and_command_line)
{
    begin();
    CHECK(pvh_parse(&view, INFO, &boot) == STATUS_OK);
    CHECK(string_equal(boot.protocol, "pvh"));
    CHECK(string_equal(boot.command_line, "quiet x=1"));
    CHECK_EQUAL(boot.rsdp.raw, 0xf5000);
    CHECK_EQUAL(boot.initramfs_count, 1);
    CHECK_EQUAL(boot.initramfs[0].start.raw, 8 * MIB);
    CHECK_EQUAL(boot.initramfs[0].size, 12345);
    CHECK_EQUAL(boot.memory_count, 3);
    CHECK_EQUAL(boot.memory[1].size, 15 * MIB);
    CHECK_EQUAL(boot.memory[2].kind, MEMORY_RESERVED);
}

TEST(pvh, refuses_what_is_no_start_info)
{
    begin();
    put(INFO, 0x12345678, 4);
    CHECK(pvh_parse(&view, INFO, &boot) == STATUS_BAD_FORMAT);
    begin();
    CHECK(pvh_parse(&view, BASE + SIZE, &boot) == STATUS_BAD_FORMAT);
    CHECK(pvh_parse(&view, BASE + SIZE - 39, &boot) == STATUS_BAD_FORMAT);
    CHECK(pvh_parse(&view, 0, &boot) == STATUS_BAD_FORMAT);
}

TEST(pvh, has_no_memory_map_before_version_1)
{
    begin();
    put(INFO + 4, 0, 4);
    CHECK(pvh_parse(&view, INFO, &boot) == STATUS_OK);
    CHECK_EQUAL(boot.memory_count, 0);
}

TEST(pvh, stops_where_the_loaders_pointers_leave_memory)
{
    begin();
    put(INFO + 12, UINT32_MAX, 4);
    put(INFO + 24, UINT64_MAX - 2, 8);
    put(INFO + 40, UINT64_MAX - 8, 8);
    put(INFO + 48, UINT32_MAX, 4);
    CHECK(pvh_parse(&view, INFO, &boot) == STATUS_OK);
    CHECK_EQUAL(boot.memory_count, 0);
    CHECK(boot.initramfs_count <= BOOT_INITRAMFS);
    CHECK(string_equal(boot.command_line, ""));
}

TEST(pvh, ends_a_command_line_without_terminator_where_memory_ends)
{
    begin();
    memset(memory + SIZE - 8, 'x', 8);
    put(INFO + 24, BASE + SIZE - 8, 8);
    CHECK(pvh_parse(&view, INFO, &boot) == STATUS_OK);
    CHECK(string_equal(boot.command_line, "xxxxxxxx"));
}
