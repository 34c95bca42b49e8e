// SPDX-License-Identifier: MIT
// device_tree_test.c: what a kernel learns of its memory and its orders from a tree, and what it does not believe.

#include <helix/boot_tree.h>

#include <lib/device_tree_test.h>
#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/test.h>

enum : uint64_t { TREE_AT = 0x48000000, RAM = 0x40000000, RAM_SIZE = 256 * MIB };

static struct tree_test blob;
static struct device_tree tree;
static struct boot_info boot;

static void begin(void)
{
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    TREE_TEST_CELLS(&blob, "#address-cells", 2);
    TREE_TEST_CELLS(&blob, "#size-cells", 2);
}

static void memory_node(const char *name, uint32_t start, uint32_t size)
{
    tree_test_node(&blob, name);
    TREE_TEST_TEXT(&blob, "device_type", "memory");
    TREE_TEST_CELLS(&blob, "reg", 0, start, 0, size);
    tree_test_end(&blob);
}

static void reserved_begin(void)
{
    tree_test_node(&blob, "reserved-memory");
    TREE_TEST_CELLS(&blob, "#address-cells", 2);
    TREE_TEST_CELLS(&blob, "#size-cells", 2);
    tree_test_property(&blob, "ranges", "", 0);
}

static void reserved_node(const char *name, uint32_t start, uint32_t size, bool unmapped)
{
    tree_test_node(&blob, name);
    TREE_TEST_CELLS(&blob, "reg", 0, start, 0, size);
    if (unmapped)
        tree_test_property(&blob, "no-map", "", 0);
    tree_test_end(&blob);
}

static enum status finish(void)
{
    tree_test_end(&blob);
    tree_test_seal(&blob);
    boot = (struct boot_info){ .kernel_start = { RAM + 2 * MIB }, .kernel_size = MIB };
    CHECK(device_tree_open(&tree, blob.bytes, blob.size) == STATUS_OK);
    return boot_device_tree(&tree, TREE_AT, &boot);
}

// What the finished map calls the page at `at`; MEMORY_KINDS: nothing.
static enum memory_kind kind_of(uint64_t at)
{
    for (uint32_t i = 0; i < boot.memory_count; i++) {
        if (at >= boot.memory[i].start.raw && at - boot.memory[i].start.raw < boot.memory[i].size)
            return boot.memory[i].kind;
    }
    return MEMORY_KINDS;
}

TEST(boot_device_tree, adds_all_memory_that_is_enabled)
{
    begin();
    memory_node("memory@40000000", RAM, RAM_SIZE);
    memory_node("memory@60000000", 0x60000000, 16 * MIB);
    tree_test_node(&blob, "secram@e000000");
    TREE_TEST_TEXT(&blob, "device_type", "memory");
    TREE_TEST_TEXT(&blob, "status", "disabled");
    TREE_TEST_CELLS(&blob, "reg", 0, 0xe000000, 0, 16 * MIB);
    tree_test_end(&blob);
    CHECK(finish() == STATUS_OK);
    boot_info_finish(&boot);
    CHECK_EQUAL(kind_of(RAM), MEMORY_USABLE);
    CHECK_EQUAL(kind_of(RAM + 2 * MIB), MEMORY_KERNEL);
    CHECK_EQUAL(kind_of(0x60000000), MEMORY_USABLE);
    CHECK_EQUAL(kind_of(0xe000000), MEMORY_KINDS);
}

static void cpu_node(const char *name, const char *type, const char *status)
{
    tree_test_node(&blob, name);
    tree_test_property(&blob, "device_type", type, (uint32_t)strlen(type) + 1);
    tree_test_property(&blob, "status", status, (uint32_t)strlen(status) + 1);
    tree_test_end(&blob);
}

TEST(boot_device_tree, counts_the_cpus_that_may_be_used)
{
    begin();
    memory_node("memory", RAM, RAM_SIZE);
    tree_test_node(&blob, "cpus");
    cpu_node("cpu@0", "cpu", "okay");
    cpu_node("cpu@1", "cpu", "disabled");
    cpu_node("cpu@2", "cpu", "okay");
    cpu_node("cpu-map", "map", "okay");
    tree_test_end(&blob);
    CHECK(finish() == STATUS_OK);
    CHECK_EQUAL(boot.cpu_count, 2);
}

TEST(boot_device_tree, keeps_the_tree_and_what_is_reserved)
{
    begin();
    tree_test_reserve(&blob, RAM + 64 * MIB, MIB);
    tree_test_reserve(&blob, TREE_AT, 64 * KIB); // as loaders do
    memory_node("memory", RAM, RAM_SIZE);
    reserved_begin();
    reserved_node("firmware@40000000", RAM, 512 * KIB, true);
    reserved_node("buffer@40080000", RAM + 512 * KIB, 4 * KIB, false);
    tree_test_node(&blob, "anywhere");
    TREE_TEST_CELLS(&blob, "size", 0, 0x100000);
    tree_test_end(&blob);
    tree_test_end(&blob);
    CHECK(finish() == STATUS_OK);
    CHECK_EQUAL(boot.device_tree.raw, TREE_AT);
    boot_info_finish(&boot);
    CHECK_EQUAL(kind_of(RAM), MEMORY_RESERVED);
    CHECK_EQUAL(kind_of(RAM + 512 * KIB), MEMORY_BOOTLOADER);
    CHECK_EQUAL(kind_of(RAM + 516 * KIB), MEMORY_USABLE);
    CHECK_EQUAL(kind_of(RAM + 64 * MIB), MEMORY_BOOTLOADER);
    CHECK_EQUAL(kind_of(TREE_AT), MEMORY_ACPI_RECLAIMABLE);
    CHECK_EQUAL(kind_of(TREE_AT + align_down(tree.size - 1, PAGE_SIZE)), MEMORY_ACPI_RECLAIMABLE);
    CHECK_EQUAL(kind_of(TREE_AT + 32 * KIB), MEMORY_BOOTLOADER);
}

TEST(boot_device_tree, takes_the_command_line_and_an_archive_in_reserved_memory)
{
    begin();
    tree_test_reserve(&blob, RAM + 64 * MIB, MIB);
    memory_node("memory", RAM, RAM_SIZE);
    tree_test_node(&blob, "chosen");
    TREE_TEST_TEXT(&blob, "bootargs", "quiet x=1");
    TREE_TEST_CELLS(&blob, "linux,initrd-start", 0, RAM + 64 * MIB); // 8 bytes, and the end 4
    TREE_TEST_CELLS(&blob, "linux,initrd-end", RAM + 64 * MIB + 1000);
    tree_test_end(&blob);
    CHECK(finish() == STATUS_OK);
    CHECK(string_equal(boot.command_line, "quiet x=1"));
    boot_info_finish(&boot);
    CHECK_EQUAL(boot.initramfs_count, 1);
    CHECK_EQUAL(boot.initramfs[0].start.raw, RAM + 64 * MIB);
    CHECK_EQUAL(boot.initramfs[0].size, 1000);
    CHECK_EQUAL(kind_of(RAM + 64 * MIB), MEMORY_INITRAMFS);
}

TEST(boot_device_tree, takes_no_archive_that_ends_before_it_begins_or_lies_on_the_tree)
{
    for (uint32_t size = 0; size < 2; size++) {
        begin();
        memory_node("memory", RAM, RAM_SIZE);
        tree_test_node(&blob, "chosen");
        tree_test_property(&blob, "bootargs", "abc", 3); // does not end
        TREE_TEST_CELLS(&blob, "linux,initrd-start", TREE_AT);
        TREE_TEST_CELLS(&blob, "linux,initrd-end", TREE_AT + size);
        tree_test_end(&blob);
        CHECK(finish() == STATUS_OK);
        CHECK_EQUAL(boot.initramfs_count, size);
        CHECK(string_equal(boot.command_line, "abc"));
        boot_info_finish(&boot);
        CHECK_EQUAL(boot.initramfs_count, 0);
    }
}

TEST(boot_device_tree, takes_no_archive_when_all_slots_are_taken)
{
    begin();
    memory_node("memory@40000000", RAM, RAM_SIZE);
    tree_test_node(&blob, "chosen");
    TREE_TEST_CELLS(&blob, "linux,initrd-start", RAM + 16 * MIB);
    TREE_TEST_CELLS(&blob, "linux,initrd-end", RAM + 17 * MIB);
    tree_test_end(&blob);
    CHECK(finish() == STATUS_OK);
    CHECK_EQUAL(boot.initramfs_count, 1);
    struct boot_module last = boot.initramfs[BOOT_INITRAMFS - 1];
    boot.initramfs_count = BOOT_INITRAMFS;
    CHECK(boot_device_tree(&tree, TREE_AT, &boot) == STATUS_OK);
    CHECK_EQUAL(boot.initramfs_count, BOOT_INITRAMFS);
    CHECK_EQUAL(boot.initramfs[BOOT_INITRAMFS - 1].size, last.size);
}

TEST(boot_device_tree, takes_seeds_once)
{
    static uint32_t seed[2 * BOOT_RANDOM_SEED / sizeof(uint32_t)];
    memset(seed, 0xa5, sizeof seed);
    begin();
    memory_node("memory", RAM, RAM_SIZE);
    tree_test_node(&blob, "chosen");
    TREE_TEST_CELLS(&blob, "kaslr-seed", 0x12345678, 0x9abcdef0);
    tree_test_property(&blob, "rng-seed", seed, sizeof seed);
    tree_test_end(&blob);
    CHECK(finish() == STATUS_OK);
    CHECK_EQUAL(boot.entropy_seed, 0x1234'5678'9abc'def0);
    CHECK_EQUAL(boot.random_seed_size, BOOT_RANDOM_SEED);
    CHECK(memcmp(boot.random_seed, seed, BOOT_RANDOM_SEED) == 0);
    for (uint32_t i = 0; i < blob.size; i++)
        CHECK(blob.bytes[i] != 0xa5);
    boot = (struct boot_info){};
    CHECK(boot_device_tree(&tree, TREE_AT, &boot) == STATUS_OK);
    CHECK_EQUAL(boot.entropy_seed, 0);
}

TEST(boot_device_tree, reports_no_memory_where_the_tree_has_none)
{
    begin();
    tree_test_node(&blob, "memory@0"); // without its type it is a name like any other
    TREE_TEST_CELLS(&blob, "reg", 0, RAM, 0, RAM_SIZE);
    tree_test_end(&blob);
    CHECK(finish() == STATUS_OK);
    boot_info_finish(&boot);
    CHECK_EQUAL(kind_of(RAM), MEMORY_KINDS);
}

TEST(boot_device_tree, refuses_more_regions_than_anybody_has)
{
    static uint32_t regions[4 * 513];
    for (uint32_t count = 512; count <= 513; count++) {
        for (uint32_t i = 0; i < 4 * count; i++)
            regions[i] = i % 4 == 1 ? RAM + i * 1024 : i % 4 == 3 ? 4096 : 0;
        begin();
        tree_test_node(&blob, "memory");
        TREE_TEST_TEXT(&blob, "device_type", "memory");
        tree_test_cells(&blob, "reg", regions, 4 * count);
        tree_test_end(&blob);
        CHECK(finish() == (count == 512 ? STATUS_OK : STATUS_TOO_LONG));
        CHECK_EQUAL(boot.memory_count, BOOT_MEMORY_RANGES);
    }
    boot_info_finish(&boot); // counts what is lost no longer
}

TEST(boot_device_tree, refuses_more_reserved_regions_than_anybody_has)
{
    static uint32_t regions[4 * 512];
    for (uint32_t count = 511; count <= 512; count++) { // and one of memory
        for (uint32_t i = 0; i < 4 * count; i++)
            regions[i] = i % 4 == 1 ? RAM + i * 1024 : i % 4 == 3 ? 4096 : 0;
        begin();
        memory_node("memory@40000000", RAM, RAM_SIZE);
        reserved_begin();
        tree_test_node(&blob, "many");
        tree_test_cells(&blob, "reg", regions, 4 * count);
        tree_test_end(&blob);
        tree_test_end(&blob);
        CHECK(finish() == (count == 511 ? STATUS_OK : STATUS_TOO_LONG));
    }
    boot_info_finish(&boot); // counts what is lost no longer
}
