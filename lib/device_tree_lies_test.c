// SPDX-License-Identifier: MIT
// device_tree_lies_test.c: for every check of device_tree.c a tree that only this check refuses, and the last one that it takes.

#include <lib/device_tree.h>

#include <lib/device_tree_test.h>

#include <helix/test.h>

// On the host, what lies behind a tree is fenced: reading it ends the run.
#ifdef HELIX_HOST
#include <sanitizer/asan_interface.h>
#define FENCE(start_, size_)   ASAN_POISON_MEMORY_REGION(start_, size_)
#define UNFENCE(start_, size_) ASAN_UNPOISON_MEMORY_REGION(start_, size_)
#else
#define FENCE(start_, size_)   ((void)(start_), (void)(size_))
#define UNFENCE(start_, size_) ((void)(start_), (void)(size_))
#endif

enum { FIELD_TOTAL = 4, FIELD_STRUCTURE = 8, FIELD_STRINGS = 12, FIELD_RESERVATIONS = 16, FIELD_VERSION = 20, FIELD_STRUCTURE_SIZE = 36 };

static struct tree_test blob;
static struct device_tree tree;
static uint8_t packed[TREE_TEST_SIZE];
static uint32_t packed_structure, packed_size;

static void begin(uint32_t address_cells, uint32_t size_cells)
{
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    TREE_TEST_CELLS(&blob, "#address-cells", address_cells);
    TREE_TEST_CELLS(&blob, "#size-cells", size_cells);
}

static bool finish(void)
{
    tree_test_end(&blob);
    tree_test_seal(&blob);
    return device_tree_open(&tree, blob.bytes, blob.size) == STATUS_OK;
}

static struct device_node at_path(const char *path)
{
    struct device_node node = {};
    CHECK(device_tree_path(&tree, path, &node));
    return node;
}

static bool registers(const char *path, uint64_t wanted_start, uint64_t wanted_size)
{
    uint64_t start = 0, size = 0;
    return device_tree_registers(&tree, at_path(path), 0, &start, &size) && CHECK_EQUAL(start, wanted_start) &&
           CHECK_EQUAL(size, wanted_size);
}

// ---- blocks in another order: header, strings, reservations, structure ----

static void packed_put(uint32_t at, uint32_t cell)
{
    for (uint32_t i = 0; i < 4; i++)
        packed[at + i] = (uint8_t)(cell >> (24 - 8 * i));
}

// Of the sealed blob, with the structure at the next place that leaves `shift` when divided by 4.
static void pack(uint32_t header_size, uint32_t shift)
{
    uint32_t reservations = header_size + blob.strings_size;
    packed_structure = (uint32_t)align_up(reservations + 16, 4) + shift;
    packed_size = packed_structure + blob.structure_size;
    memset(packed, 0, sizeof packed);
    memcpy(packed, blob.bytes, header_size);
    memcpy(packed + header_size, blob.strings, blob.strings_size);
    memcpy(packed + packed_structure, blob.bytes + TREE_TEST_STRUCTURE_AT, blob.structure_size);
    packed_put(FIELD_TOTAL, packed_size);
    packed_put(FIELD_STRUCTURE, packed_structure);
    packed_put(FIELD_STRINGS, header_size);
    packed_put(FIELD_RESERVATIONS, reservations);
}

static void small_build(void)
{
    begin(1, 1);
    tree_test_node(&blob, "device@1000");
    TREE_TEST_CELLS(&blob, "reg", 0x1000, 0x100);
    tree_test_property(&blob, "odd", "abcde", 5);
    tree_test_property(&blob, "empty", "", 0);
    tree_test_end(&blob);
    tree_test_end(&blob);
    tree_test_seal(&blob);
}

// What was there before the cut is there still, and would make a tree.
TEST(device_tree, reads_nothing_behind_the_end_of_the_structure)
{
    small_build();
    pack(DEVICE_TREE_HEADER_SIZE, 0);
    CHECK(device_tree_open(&tree, packed, packed_size) == STATUS_OK && registers("/device@1000", 0x1000, 0x100));
    for (uint32_t size = packed_structure; size < packed_size; size++) {
        packed_put(FIELD_TOTAL, size);
        packed_put(FIELD_STRUCTURE_SIZE, size - packed_structure);
        FENCE(packed + size, sizeof packed - size);
        CHECK(device_tree_open(&tree, packed, size) == STATUS_BAD_FORMAT);
        UNFENCE(packed + size, sizeof packed - size);
    }
}

TEST(device_tree, reads_nothing_behind_the_end_of_the_whole)
{
    small_build();
    pack(DEVICE_TREE_HEADER_SIZE, 0);
    for (uint32_t size = 0; size < packed_size; size++) {
        if (size >= FIELD_STRUCTURE)
            packed_put(FIELD_TOTAL, size);
        FENCE(packed + size, sizeof packed - size);
        CHECK(device_tree_open(&tree, packed, size) == STATUS_BAD_FORMAT);
        CHECK(size >= DEVICE_TREE_HEADER_SIZE || device_tree_size(packed, size) == 0);
        UNFENCE(packed + size, sizeof packed - size);
    }
}

TEST(device_tree, takes_the_shorter_header_of_version_16)
{
    small_build();
    pack(FIELD_STRUCTURE_SIZE, 0);
    packed_put(FIELD_VERSION, 16);
    CHECK(device_tree_open(&tree, packed, packed_size) == STATUS_OK && registers("/device@1000", 0x1000, 0x100));
}

// One byte further, with the padding of its one name where it belongs: all but the block's own place is right.
TEST(device_tree, refuses_a_structure_that_is_not_aligned)
{
    static const uint8_t root[] = { 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 9 }; // the name and its padding are three bytes
    for (uint32_t shift = 0; shift < 2; shift++) {
        tree_test_begin(&blob);
        tree_test_node(&blob, "");
        tree_test_end(&blob);
        tree_test_seal(&blob);
        pack(DEVICE_TREE_HEADER_SIZE, shift);
        if (shift) {
            memset(packed + packed_structure, 0, blob.structure_size);
            memcpy(packed + packed_structure, root, 4);
            memcpy(packed + packed_structure + 4 + 3, root + 6, sizeof root - 6);
            packed_put(FIELD_STRUCTURE_SIZE, 4 + 3 + 8);
        }
        CHECK(device_tree_open(&tree, packed, packed_size) == (shift ? STATUS_BAD_FORMAT : STATUS_OK));
    }
}

// ---- the header ----

TEST(device_tree, knows_a_tree_by_its_magic_and_a_size_that_may_be)
{
    small_build();
    CHECK_EQUAL(device_tree_size(blob.bytes, blob.size), blob.size);
    CHECK_EQUAL(device_tree_size(blob.bytes, DEVICE_TREE_HEADER_SIZE - 1), 0);
    tree_test_put(&blob, FIELD_TOTAL, DEVICE_TREE_SIZE_MAX);
    CHECK_EQUAL(device_tree_size(blob.bytes, blob.size), DEVICE_TREE_SIZE_MAX);
    CHECK(device_tree_open(&tree, blob.bytes, blob.size) == STATUS_BAD_FORMAT); // not too long: not there
    tree_test_put(&blob, FIELD_TOTAL, DEVICE_TREE_HEADER_SIZE);
    CHECK_EQUAL(device_tree_size(blob.bytes, blob.size), DEVICE_TREE_HEADER_SIZE);
    tree_test_put(&blob, 0, 0xd00dfeef);
    CHECK_EQUAL(device_tree_size(blob.bytes, blob.size), 0);
}

TEST(device_tree, takes_every_version_that_17_is_compatible_with)
{
    small_build();
    tree_test_put(&blob, FIELD_VERSION, 99);
    tree_test_put(&blob, FIELD_VERSION + 4, 17);
    CHECK(device_tree_open(&tree, blob.bytes, blob.size) == STATUS_OK);
    tree_test_put(&blob, FIELD_VERSION + 4, 18);
    CHECK(device_tree_open(&tree, blob.bytes, blob.size) == STATUS_BAD_FORMAT);
}

TEST(device_tree, ends_reservations_with_two_zeros_and_not_with_one)
{
    uint64_t start, size;
    begin(1, 1);
    tree_test_reserve(&blob, 0, 0x1000);
    tree_test_reserve(&blob, 0x2000, 0);
    CHECK(finish());
    CHECK(device_tree_reservation(&tree, 0, &start, &size) && start == 0 && size == 0x1000);
    CHECK(device_tree_reservation(&tree, 1, &start, &size) && start == 0x2000 && size == 0);
    CHECK(!device_tree_reservation(&tree, 2, &start, &size));
}

// Ends and beginnings are as many, but at one place more nodes have ended than began.
TEST(device_tree, refuses_an_end_before_its_beginning)
{
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    tree_test_end(&blob);
    tree_test_end(&blob);
    tree_test_node(&blob, "");
    tree_test_seal(&blob);
    CHECK(device_tree_open(&tree, blob.bytes, blob.size) == STATUS_BAD_FORMAT);
}

// ---- properties and paths ----

TEST(device_tree, takes_figures_of_one_or_two_cells)
{
    static const uint8_t bytes[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7 };
    uint64_t value;
    for (uint32_t size = 0; size <= sizeof bytes; size++) {
        begin(1, 1);
        tree_test_property(&blob, "figure", bytes, size);
        CHECK(finish());
        CHECK(device_tree_figure(&tree, device_tree_root(&tree), "figure", &value) == (size == 4 || size == 8));
    }
}

TEST(device_tree, takes_both_words_for_a_device_in_use)
{
    begin(1, 1);
    tree_test_node(&blob, "on");
    TREE_TEST_TEXT(&blob, "status", "ok");
    tree_test_end(&blob);
    tree_test_node(&blob, "broken");
    TREE_TEST_TEXT(&blob, "status", "okey");
    tree_test_end(&blob);
    CHECK(finish());
    CHECK(device_tree_enabled(&tree, at_path("/on")) && !device_tree_enabled(&tree, at_path("/broken")));
}

#define LONGEST "a123456789012345678901234567890123456789012345678901234567890123"

TEST(device_tree, follows_aliases_from_the_root_only_and_of_limited_length)
{
    struct device_node node;
    begin(1, 1);
    tree_test_node(&blob, "aliases");
    TREE_TEST_TEXT(&blob, "whole", "/soc");
    TREE_TEST_TEXT(&blob, "part", "soc");
    TREE_TEST_TEXT(&blob, "", "/soc");
    TREE_TEST_TEXT(&blob, LONGEST, "/soc");
    TREE_TEST_TEXT(&blob, LONGEST "4", "/soc");
    tree_test_end(&blob);
    tree_test_node(&blob, "soc");
    tree_test_end(&blob);
    CHECK(finish());
    CHECK(device_tree_path(&tree, "whole", &node) && device_tree_path(&tree, LONGEST, &node));
    CHECK(!device_tree_path(&tree, "part", &node) && !device_tree_path(&tree, LONGEST "4", &node));
    CHECK(!device_tree_path(&tree, "", &node) && !device_tree_path(&tree, ":115200", &node));
}

TEST(device_tree, leaves_out_the_whole_address_of_a_name_or_nothing)
{
    struct device_node node;
    begin(1, 1);
    tree_test_node(&blob, "device@1@2");
    tree_test_end(&blob);
    CHECK(finish());
    CHECK(device_tree_path(&tree, "/device", &node) && device_tree_path(&tree, "/device@1@2", &node));
    CHECK(!device_tree_path(&tree, "/device@1", &node));
}

// ---- addresses ----

TEST(device_tree, takes_addresses_and_sizes_of_one_to_four_cells)
{
    for (uint32_t cells = 0; cells <= 5; cells++) {
        uint32_t reg[10] = {};
        if (cells)
            reg[cells - 1] = 0x1000;
        reg[cells + 3] = 0x100;
        begin(cells, 4);
        tree_test_node(&blob, "device");
        tree_test_cells(&blob, "reg", reg, cells + 4);
        tree_test_end(&blob);
        CHECK(finish());
        CHECK(registers("/device", 0x1000, 0x100) == (cells >= 1 && cells <= 4));
    }
    for (uint32_t cells = 4; cells <= 5; cells++) {
        uint32_t reg[6] = { 0x1000 };
        reg[cells] = 0x100;
        begin(1, cells);
        tree_test_node(&blob, "device");
        tree_test_cells(&blob, "reg", reg, cells + 1);
        tree_test_end(&blob);
        CHECK(finish());
        CHECK(registers("/device", 0x1000, 0x100) == (cells == 4));
    }
}

TEST(device_tree, finds_no_register_behind_the_last_whatever_its_index)
{
    uint64_t start, size;
    small_build();
    CHECK(device_tree_open(&tree, blob.bytes, blob.size) == STATUS_OK);
    CHECK(device_tree_registers(&tree, at_path("/device@1000"), 0, &start, &size));
    CHECK(!device_tree_registers(&tree, at_path("/device@1000"), 1, &start, &size));
    CHECK(!device_tree_registers(&tree, at_path("/device@1000"), 1u << 31, &start, &size)); // 2 cells each: 2 to the 32nd
}

TEST(device_tree, takes_registers_up_to_the_last_address)
{
    for (uint32_t beyond = 0; beyond < 2; beyond++) {
        uint64_t start, size;
        begin(2, 2);
        tree_test_node(&blob, "device");
        TREE_TEST_CELLS(&blob, "reg", 0, 1 + beyond, UINT32_MAX, UINT32_MAX - 1);
        tree_test_end(&blob);
        CHECK(finish());
        CHECK(registers("/device", 1, UINT64_MAX - 1) == !beyond);
        CHECK(device_tree_registers_below(&tree, device_tree_root(&tree), at_path("/device"), 0, &start, &size) == !beyond);
    }
}

// A bus of the root, with one device and one entry of ranges: from, to and length.
static bool bus_build(uint64_t from, uint64_t to, uint64_t length, uint64_t start, uint64_t size)
{
    const uint32_t ranges[] = { (uint32_t)(from >> 32), (uint32_t)from,           (uint32_t)(to >> 32),
                                (uint32_t)to,           (uint32_t)(length >> 32), (uint32_t)length };
    const uint32_t reg[] = { (uint32_t)(start >> 32), (uint32_t)start, (uint32_t)(size >> 32), (uint32_t)size };
    begin(2, 2);
    tree_test_node(&blob, "bus");
    TREE_TEST_CELLS(&blob, "#address-cells", 2);
    TREE_TEST_CELLS(&blob, "#size-cells", 2);
    tree_test_cells(&blob, "ranges", ranges, length ? ARRAY_LENGTH(ranges) : 0);
    tree_test_node(&blob, "device");
    tree_test_cells(&blob, "reg", reg, ARRAY_LENGTH(reg));
    tree_test_end(&blob);
    tree_test_end(&blob);
    return CHECK(finish());
}

TEST(device_tree, raises_what_lies_in_a_window_whole)
{
    const uint64_t top = UINT64_MAX - 0xfff;
    CHECK(bus_build(0x1000, 0x50000, 0x2000, 0x1000, 0x2000) && registers("/bus/device", 0x50000, 0x2000));
    CHECK(bus_build(0x1000, 0x50000, 0x2000, 0x1000, 0x2001) && !registers("/bus/device", 0, 0));
    CHECK(bus_build(0x1000, 0x50000, 0x2000, 0x2fff, 0) && registers("/bus/device", 0x51fff, 0));
    CHECK(bus_build(0x1000, 0x50000, 0x2000, 0x3000, 0) && !registers("/bus/device", 0, 0));
    CHECK(bus_build(0x1000, 0, UINT64_MAX, 0, 0x10) && !registers("/bus/device", 0, 0)); // below it
    CHECK(bus_build(0, top, 0x4000, 0xfff, 0) && registers("/bus/device", UINT64_MAX, 0));
    CHECK(bus_build(0, top, 0x4000, 0x1800, 0x10) && !registers("/bus/device", 0, 0)); // wraps
    CHECK(bus_build(0, top, 0x4000, 0x800, 0x1000) && !registers("/bus/device", 0, 0));
}

TEST(device_tree, raises_nothing_where_ranges_are_empty)
{
    CHECK(bus_build(0, 0, 0, 0x1234, 0x10) && registers("/bus/device", 0x1234, 0x10));
}

// ---- references and interrupts ----

static void controller_build(const char *name, uint32_t handle, uint32_t cells, bool is_controller)
{
    tree_test_node(&blob, name);
    TREE_TEST_CELLS(&blob, "phandle", handle);
    TREE_TEST_CELLS(&blob, "#interrupt-cells", cells);
    if (is_controller)
        tree_test_property(&blob, "interrupt-controller", "", 0);
    tree_test_end(&blob);
}

TEST(device_tree, takes_handles_of_one_cell_and_the_first_of_two_alike)
{
    struct device_node node;
    begin(1, 1);
    tree_test_node(&blob, "wide");
    TREE_TEST_CELLS(&blob, "phandle", 5, 5);
    tree_test_end(&blob);
    controller_build("one", 6, 1, true);
    controller_build("two", 6, 1, true);
    CHECK(finish());
    CHECK(!device_tree_handle(&tree, 5, &node) && !tree.handles_lost);
    CHECK(device_tree_handle(&tree, 6, &node) && node.at == at_path("/one").at);
}

// The parent and the list of /device; whether that makes an interrupt.
static bool interrupt_found(const uint32_t *parent, uint32_t parent_cells, uint32_t index, struct device_interrupt *interrupt)
{
    begin(1, 1);
    controller_build("four", 4, 4, true);
    controller_build("five", 5, 5, true);
    controller_build("two", 7, 2, true);
    controller_build("plain", 8, 2, false);
    tree_test_node(&blob, "device");
    tree_test_cells(&blob, "interrupt-parent", parent, parent_cells);
    TREE_TEST_CELLS(&blob, "interrupts", 11, 12, 13, 14, 15);
    tree_test_end(&blob);
    tree_test_node(&blob, "listed");
    TREE_TEST_CELLS(&blob, "interrupts-extended", 8, 7, 1, 2);
    tree_test_end(&blob);
    return finish() && device_tree_interrupt(&tree, at_path("/device"), index, interrupt);
}

TEST(device_tree, takes_interrupts_of_controllers_with_up_to_four_cells)
{
    struct device_interrupt interrupt;
    CHECK(interrupt_found((const uint32_t[]){ 4 }, 1, 0, &interrupt));
    CHECK(interrupt.count == 4 && interrupt.cells[0] == 11 && interrupt.cells[3] == 14);
    CHECK(!interrupt_found((const uint32_t[]){ 5 }, 1, 0, &interrupt));
    CHECK(!interrupt_found((const uint32_t[]){ 8 }, 1, 0, &interrupt)); // no controller
}

TEST(device_tree, takes_whole_interrupts_only)
{
    struct device_interrupt interrupt;
    CHECK(interrupt_found((const uint32_t[]){ 7 }, 1, 1, &interrupt) && interrupt.cells[1] == 14);
    CHECK(!interrupt_found((const uint32_t[]){ 7 }, 1, 2, &interrupt)); // one cell of two is left
    CHECK(!interrupt_found((const uint32_t[]){ 4 }, 1, 1, &interrupt));
}

TEST(device_tree, takes_no_reference_that_is_cut_to_fit)
{
    struct device_interrupt interrupt;
    CHECK(interrupt_found((const uint32_t[]){ 0, 7 }, 2, 0, &interrupt));
    CHECK(!interrupt_found((const uint32_t[]){ 1, 7 }, 2, 0, &interrupt));
}

TEST(device_tree, skips_no_listed_interrupt_whose_cells_nobody_tells)
{
    struct device_interrupt interrupt;
    CHECK(interrupt_found((const uint32_t[]){ 7 }, 1, 0, &interrupt));
    CHECK(!device_tree_interrupt(&tree, at_path("/listed"), 1, &interrupt));
}
