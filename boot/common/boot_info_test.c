// SPDX-License-Identifier: MIT
// boot_info_test.c: memory maps as firmware should not write them, and what becomes of them.

#include <helix/boot_info.h>

#include <lib/string.h>

#include <helix/test.h>

static struct boot_info boot; // too large for a stack

static void begin(void)
{
    boot = (struct boot_info){ .kernel_start = { 2 * MIB }, .kernel_size = MIB };
}

static bool range_is(uint32_t index, uint64_t start, uint64_t end, enum memory_kind kind)
{
    const struct memory_range *range = &boot.memory[index];
    return index < boot.memory_count && range->start.raw == start && range->start.raw + range->size == end && range->kind == kind;
}

static uint64_t bytes_of(enum memory_kind kind)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < boot.memory_count; i++)
        bytes += boot.memory[i].kind == kind ? boot.memory[i].size : 0;
    return bytes;
}

// Sorted, disjoint, whole pages, nothing empty: what every reader of the map relies on.
static bool map_in_order(void)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < boot.memory_count; i++) {
        const struct memory_range *range = &boot.memory[i];
        if (range->start.raw < end || !range->size || !is_aligned(range->start.raw | range->size, PAGE_SIZE))
            return false;
        end = range->start.raw + range->size;
    }
    return true;
}

TEST(boot_info, carves_the_kernel_and_the_first_page_out_of_free_memory)
{
    begin();
    boot_info_add_memory(&boot, 0, 16 * MIB, MEMORY_USABLE);
    boot_info_finish(&boot);
    CHECK_EQUAL(boot.memory_count, 4);
    CHECK(range_is(0, 0, PAGE_SIZE, MEMORY_RESERVED));
    CHECK(range_is(1, PAGE_SIZE, 2 * MIB, MEMORY_USABLE));
    CHECK(range_is(2, 2 * MIB, 3 * MIB, MEMORY_KERNEL));
    CHECK(range_is(3, 3 * MIB, 16 * MIB, MEMORY_USABLE));
}

TEST(boot_info, sorts_and_joins_neighbours)
{
    begin();
    boot_info_add_memory(&boot, 12 * MIB, 4 * MIB, MEMORY_USABLE);
    boot_info_add_memory(&boot, 4 * MIB, 4 * MIB, MEMORY_USABLE);
    boot_info_add_memory(&boot, 8 * MIB, 4 * MIB, MEMORY_USABLE);
    boot_info_finish(&boot);
    CHECK(map_in_order());
    CHECK(range_is(boot.memory_count - 1, 4 * MIB, 16 * MIB, MEMORY_USABLE));
}

TEST(boot_info, lets_the_stricter_of_two_reports_win)
{
    begin();
    boot_info_add_memory(&boot, 4 * MIB, 12 * MIB, MEMORY_USABLE);
    boot_info_add_memory(&boot, 6 * MIB, MIB, MEMORY_RESERVED);
    boot_info_add_memory(&boot, 5 * MIB, 3 * MIB, MEMORY_ACPI_RECLAIMABLE);
    boot_info_finish(&boot);
    CHECK(map_in_order());
    CHECK_EQUAL(bytes_of(MEMORY_RESERVED), MIB + PAGE_SIZE);
    CHECK_EQUAL(bytes_of(MEMORY_ACPI_RECLAIMABLE), 2 * MIB);
    CHECK_EQUAL(bytes_of(MEMORY_USABLE), 9 * MIB);
}

TEST(boot_info, aligns_free_memory_inwards_and_all_other_outwards)
{
    begin();
    boot_info_add_memory(&boot, 4 * MIB + 1, 4 * PAGE_SIZE, MEMORY_USABLE);
    boot_info_add_memory(&boot, 8 * MIB - 1, 2, MEMORY_RESERVED);
    boot_info_finish(&boot);
    CHECK(map_in_order());
    CHECK_EQUAL(bytes_of(MEMORY_USABLE), 3 * PAGE_SIZE);
    CHECK_EQUAL(bytes_of(MEMORY_RESERVED), 3 * PAGE_SIZE);
}

TEST(boot_info, keeps_a_page_that_only_partly_is_reserved_from_use)
{
    begin();
    boot_info_add_memory(&boot, 4 * MIB, MIB, MEMORY_USABLE);
    boot_info_add_memory(&boot, 4 * MIB + 0x800, 1, MEMORY_RESERVED);
    boot_info_finish(&boot);
    CHECK_EQUAL(bytes_of(MEMORY_USABLE), MIB - PAGE_SIZE);
}

TEST(boot_info, survives_ranges_that_are_empty_or_wrap_round)
{
    begin();
    boot_info_add_memory(&boot, 4 * MIB, 0, MEMORY_USABLE);
    boot_info_add_memory(&boot, UINT64_MAX, UINT64_MAX, MEMORY_USABLE);
    boot_info_add_memory(&boot, UINT64_MAX - 5, 3, MEMORY_RESERVED);
    boot_info_add_memory(&boot, 8 * MIB, UINT64_MAX, MEMORY_BAD);
    boot_info_add_memory(&boot, 0, UINT64_MAX, MEMORY_USABLE);
    boot_info_finish(&boot);
    CHECK(map_in_order());
    CHECK_EQUAL(bytes_of(MEMORY_USABLE), 2 * MIB - PAGE_SIZE + 5 * MIB);
}

TEST(boot_info, treats_a_kind_it_does_not_know_as_reserved)
{
    begin();
    boot_info_add_memory(&boot, 4 * MIB, MIB, (enum memory_kind)77);
    boot_info_finish(&boot);
    CHECK_EQUAL(bytes_of(MEMORY_RESERVED), MIB + PAGE_SIZE);
}

TEST(boot_info, gives_up_free_memory_rather_than_a_restriction_when_there_are_too_many_ranges)
{
    begin();
    for (uint64_t i = 0; i < 2 * BOOT_MEMORY_RANGES; i++)
        boot_info_add_memory(&boot, (16 + 2 * i) * MIB, MIB, MEMORY_USABLE);
    boot_info_add_memory(&boot, 16 * MIB, 0x1000, MEMORY_RESERVED);
    CHECK_EQUAL(boot.memory_count, BOOT_MEMORY_RANGES);
    boot_info_finish(&boot);
    CHECK(map_in_order());
    CHECK(boot.memory_count <= BOOT_MEMORY_RANGES);
    for (uint32_t i = 0; i < boot.memory_count; i++)
        CHECK(boot.memory[i].kind != MEMORY_USABLE || boot.memory[i].start.raw != 16 * MIB);
}

TEST(boot_info, keeps_archives_that_lie_in_memory_and_forgets_the_others)
{
    begin();
    boot_info_add_memory(&boot, 0, 8 * MIB, MEMORY_USABLE);
    boot_info_add_memory(&boot, 8 * MIB, 8 * MIB, MEMORY_USABLE);
    boot_info_add_memory(&boot, 32 * MIB, MIB, MEMORY_RESERVED);
    const struct boot_module modules[] = {
        { { 7 * MIB + 5 }, 2 * MIB }, // good, across two ranges
        { { 2 * MIB + 5 }, 10 },      // in the kernel
        { { 15 * MIB }, 2 * MIB },    // runs out of memory
        { { 32 * MIB }, 16 },         // reserved
        { { UINT64_MAX - 4 }, 16 },   // wraps
        { { 64 * MIB }, 16 },         // nowhere
        { { 12 * MIB }, 0 },          // empty
    };
    memcpy(boot.initramfs, modules, sizeof modules);
    boot.initramfs_count = ARRAY_LENGTH(modules);
    boot_info_finish(&boot);
    CHECK_EQUAL(boot.initramfs_count, 1);
    CHECK_EQUAL(boot.initramfs[0].start.raw, 7 * MIB + 5);
    CHECK_EQUAL(bytes_of(MEMORY_INITRAMFS), 2 * MIB + PAGE_SIZE);
    CHECK(map_in_order());
}

TEST(boot_info, cuts_a_command_line_that_is_too_long)
{
    static char text[2 * BOOT_COMMAND_LINE];
    begin();
    memset(text, 'a', sizeof text);
    boot_info_set_command_line(&boot, text, sizeof text);
    CHECK_EQUAL(strlen(boot.command_line), BOOT_COMMAND_LINE - 1);
    boot_info_set_command_line(&boot, "ab\0cd", 5);
    CHECK(string_equal(boot.command_line, "ab"));
    boot_info_set_command_line(&boot, "abcdef", 3);
    CHECK(string_equal(boot.command_line, "abc"));
}
