// SPDX-License-Identifier: MIT
// device_tree_test.c: a small machine, and every way in which a tree can lie that anybody thought of.

#include <lib/device_tree.h>

#include <lib/device_tree_test.h>

#include <helix/test.h>

static struct tree_test blob;
static struct device_tree tree;

static void soc_build(void)
{
    tree_test_node(&blob, "soc");
    TREE_TEST_CELLS(&blob, "#address-cells", 1);
    TREE_TEST_CELLS(&blob, "#size-cells", 1);
    TREE_TEST_CELLS(&blob, "ranges", 0x1000, 1, 0x50000000, 0x1000, 0x8000, 2, 0, 0x100);
    TREE_TEST_CELLS(&blob, "interrupt-parent", 7);
    tree_test_node(&blob, "serial@1100");
    TREE_TEST_TEXT(&blob, "compatible", "acme,fast\0ns16550a");
    TREE_TEST_CELLS(&blob, "reg", 0x1100, 0x100, 0x8000, 0x10, 0x80f8, 0x10, 0x9000, 0x10);
    TREE_TEST_CELLS(&blob, "interrupts", 1, 2, 3, 4);
    tree_test_end(&blob);
    tree_test_node(&blob, "serial@1200");
    TREE_TEST_TEXT(&blob, "compatible", "ns16550a");
    TREE_TEST_TEXT(&blob, "status", "disabled");
    tree_test_end(&blob);
    tree_test_node(&blob, "pic");
    TREE_TEST_CELLS(&blob, "phandle", 7);
    TREE_TEST_CELLS(&blob, "#interrupt-cells", 2);
    tree_test_property(&blob, "interrupt-controller", "", 0);
    TREE_TEST_CELLS(&blob, "interrupts-extended", 8, 11, 7, 5, 6, 9);
    tree_test_end(&blob);
    tree_test_end(&blob);
}

static void machine_build(void)
{
    tree_test_begin(&blob);
    tree_test_reserve(&blob, 0x1000, 0x2000);
    tree_test_reserve(&blob, 1ull << 40, 4096);
    tree_test_node(&blob, "");
    TREE_TEST_CELLS(&blob, "#address-cells", 2);
    TREE_TEST_CELLS(&blob, "#size-cells", 2);
    tree_test_node(&blob, "aliases");
    TREE_TEST_TEXT(&blob, "serial0", "/soc/serial@1100");
    TREE_TEST_TEXT(&blob, "circle", "circle");
    tree_test_end(&blob);
    tree_test_node(&blob, "cpu-pic");
    TREE_TEST_CELLS(&blob, "linux,phandle", 8);
    TREE_TEST_CELLS(&blob, "#interrupt-cells", 1);
    tree_test_property(&blob, "interrupt-controller", "", 0);
    tree_test_end(&blob);
    soc_build();
    tree_test_node(&blob, "memory@40000000");
    TREE_TEST_CELLS(&blob, "reg", 0, 0x40000000, 0, 0x10000000, UINT32_MAX, UINT32_MAX, 1, 0);
    tree_test_end(&blob);
    tree_test_end(&blob);
    tree_test_seal(&blob);
}

static bool blob_open(void)
{
    return device_tree_open(&tree, blob.bytes, blob.size) == STATUS_OK;
}

static bool machine_open(void)
{
    machine_build();
    return blob_open();
}

static struct device_node at_path(const char *path)
{
    struct device_node node = {};
    CHECK(device_tree_path(&tree, path, &node));
    return node;
}

TEST(device_tree, walks_parents_before_children)
{
    static const char *const names[] = { "", "aliases", "cpu-pic", "soc", "serial@1100", "serial@1200", "pic", "memory@40000000" };
    CHECK(machine_open());
    CHECK_EQUAL(tree.nodes, ARRAY_LENGTH(names));
    CHECK_EQUAL(tree.size, blob.size);
    struct device_node node = device_tree_root(&tree);
    for (uint32_t i = 0; i < ARRAY_LENGTH(names); i++) {
        CHECK(string_equal(device_tree_name(&tree, node), names[i]));
        CHECK(device_tree_next(&tree, node, &node) == (i + 1 < ARRAY_LENGTH(names)));
    }
}

TEST(device_tree, knows_child_sibling_and_parent)
{
    CHECK(machine_open());
    struct device_node node, parent;
    CHECK(device_tree_child(&tree, at_path("/soc"), &node));
    CHECK(string_equal(device_tree_name(&tree, node), "serial@1100"));
    CHECK(device_tree_sibling(&tree, node, &node) && device_tree_sibling(&tree, node, &node));
    CHECK(string_equal(device_tree_name(&tree, node), "pic"));
    CHECK(!device_tree_sibling(&tree, node, &node));
    CHECK(device_tree_parent(&tree, node, &parent));
    CHECK_EQUAL(parent.at, at_path("/soc").at);
    CHECK(device_tree_sibling(&tree, parent, &node) && string_equal(device_tree_name(&tree, node), "memory@40000000"));
    CHECK(!device_tree_child(&tree, node, &node));
    CHECK(device_tree_parent(&tree, parent, &parent));
    CHECK_EQUAL(parent.at, device_tree_root(&tree).at);
    CHECK(!device_tree_parent(&tree, parent, &node) && !device_tree_sibling(&tree, parent, &node));
}

TEST(device_tree, finds_paths_and_aliases)
{
    CHECK(machine_open());
    struct device_node serial = at_path("/soc/serial@1100"), node;
    CHECK_EQUAL(at_path("/").at, device_tree_root(&tree).at);
    CHECK_EQUAL(at_path("/soc/serial").at, serial.at);
    CHECK_EQUAL(at_path("serial0").at, serial.at);
    CHECK_EQUAL(at_path("serial0:115200n8").at, serial.at);
    CHECK_EQUAL(at_path("//soc//serial@1100/").at, serial.at);
    CHECK(!device_tree_path(&tree, "/soc/seria", &node) && !device_tree_path(&tree, "/soc/serial@", &node));
    CHECK(!device_tree_path(&tree, "", &node) && !device_tree_path(&tree, ":x", &node));
    CHECK(!device_tree_path(&tree, "circle", &node) && !device_tree_path(&tree, "serial", &node));
    CHECK(!device_tree_path(&tree, "/soc/pic/none", &node));
}

TEST(device_tree, reads_cells_and_strings_within_the_property_only)
{
    CHECK(machine_open());
    struct device_property property;
    const char *text;
    uint32_t cell;
    uint64_t figure;
    CHECK(device_tree_property(&tree, at_path("/soc/serial"), "reg", &property));
    CHECK(device_property_cell(property, 7, &cell) && cell == 0x10);
    CHECK(!device_property_cell(property, 8, &cell) && !device_property_cell(property, UINT32_MAX, &cell));
    CHECK(device_property_figure(property, 0, 2, &figure) && figure == 0x1100'0000'0100);
    CHECK(device_property_figure(property, 8, 0, &figure) && figure == 0);
    CHECK(!device_property_figure(property, 7, 2, &figure) && !device_property_figure(property, 0, 3, &figure));
    CHECK(!device_property_figure(property, UINT32_MAX, 2, &figure));
    CHECK(device_tree_property(&tree, at_path("/soc/serial"), "compatible", &property));
    CHECK(device_property_string(property, 1, &text) && string_equal(text, "ns16550a"));
    CHECK(!device_property_string(property, 2, &text));
    property.size--; // the last string loses its end
    CHECK(device_property_string(property, 0, &text) && !device_property_string(property, 1, &text));
    CHECK(!device_tree_property(&tree, at_path("/soc"), "range", &property) &&
          !device_tree_property(&tree, at_path("/soc"), "", &property));
}

TEST(device_tree, finds_what_is_compatible_and_not_disabled)
{
    CHECK(machine_open());
    struct device_node node;
    CHECK(device_tree_compatible(&tree, device_tree_root(&tree), "ns16550a", &node));
    CHECK_EQUAL(node.at, at_path("/soc/serial@1100").at);
    CHECK(device_tree_next(&tree, node, &node) && !device_tree_compatible(&tree, node, "ns16550a", &node));
    CHECK(device_tree_is_compatible(&tree, at_path("/soc/serial@1200"), "ns16550a"));
    CHECK(!device_tree_enabled(&tree, at_path("/soc/serial@1200")));
    CHECK(!device_tree_compatible(&tree, device_tree_root(&tree), "ns16550", &node));
}

TEST(device_tree, translates_addresses_to_what_the_cpu_sees)
{
    CHECK(machine_open());
    struct device_node serial = at_path("/soc/serial");
    uint64_t start = 0, size = 0;
    CHECK(device_tree_registers(&tree, serial, 0, &start, &size) && start == 0x1'5000'0100 && size == 0x100);
    CHECK(device_tree_registers(&tree, serial, 1, &start, &size) && start == 0x2'0000'0000 && size == 0x10);
    CHECK(!device_tree_registers(&tree, serial, 2, &start, &size)); // half of it lies in no range
    CHECK(!device_tree_registers(&tree, serial, 3, &start, &size)); // nothing of it
    CHECK(!device_tree_registers(&tree, serial, 4, &start, &size) && !device_tree_registers(&tree, serial, UINT32_MAX, &start, &size));
    CHECK(device_tree_registers(&tree, at_path("/memory"), 0, &start, &size) && start == 0x40000000 && size == 0x10000000);
    CHECK(!device_tree_registers(&tree, at_path("/memory"), 1, &start, &size)); // beyond 64 bits
    CHECK(!device_tree_registers(&tree, device_tree_root(&tree), 0, &start, &size));
    CHECK(device_tree_registers_below(&tree, at_path("/soc"), serial, 0, &start, &size) && start == 0x1100 && size == 0x100);
}

TEST(device_tree, reaches_nothing_behind_a_bus_without_ranges)
{
    static const uint32_t wide[] = { 0x1000000, 0, 0x30, 0, 0x10 };
    uint64_t start, size;
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    tree_test_node(&blob, "cpus"); // 2 cells of address, 1 of size, since it does not say
    tree_test_node(&blob, "cpu");
    TREE_TEST_CELLS(&blob, "reg", 0, 3, 4);
    tree_test_end(&blob);
    tree_test_end(&blob);
    tree_test_node(&blob, "pci");
    TREE_TEST_CELLS(&blob, "#address-cells", 3);
    TREE_TEST_CELLS(&blob, "#size-cells", 2);
    TREE_TEST_CELLS(&blob, "ranges", 0x1000000, 0, 0, 0, 0x3000, 0, 0x100);
    tree_test_node(&blob, "device");
    tree_test_cells(&blob, "reg", wide, ARRAY_LENGTH(wide));
    tree_test_end(&blob);
    tree_test_end(&blob);
    tree_test_node(&blob, "wrong");
    TREE_TEST_CELLS(&blob, "#address-cells", 0x40000000);
    TREE_TEST_CELLS(&blob, "#size-cells", UINT32_MAX);
    tree_test_property(&blob, "ranges", "", 0);
    tree_test_node(&blob, "device");
    tree_test_cells(&blob, "reg", wide, ARRAY_LENGTH(wide));
    tree_test_end(&blob);
    tree_test_end(&blob);
    tree_test_end(&blob);
    tree_test_seal(&blob);
    CHECK(blob_open());
    CHECK(!device_tree_registers(&tree, at_path("/cpus/cpu"), 0, &start, &size));
    CHECK(!device_tree_registers(&tree, at_path("/pci/device"), 0, &start, &size));
    CHECK(!device_tree_registers(&tree, at_path("/wrong/device"), 0, &start, &size));
}

TEST(device_tree, finds_interrupts_and_their_controllers)
{
    CHECK(machine_open());
    struct device_interrupt interrupt;
    CHECK(device_tree_interrupt(&tree, at_path("/soc/serial"), 1, &interrupt));
    CHECK_EQUAL(interrupt.controller.at, at_path("/soc/pic").at);
    CHECK_EQUAL(interrupt.count, 2);
    CHECK_EQUAL(interrupt.cells[0], 3);
    CHECK_EQUAL(interrupt.cells[1], 4);
    CHECK(!device_tree_interrupt(&tree, at_path("/soc/serial"), 2, &interrupt));
    CHECK(!device_tree_interrupt(&tree, at_path("/soc/serial"), UINT32_MAX, &interrupt));
    CHECK(device_tree_interrupt(&tree, at_path("/soc/pic"), 0, &interrupt));
    CHECK_EQUAL(interrupt.controller.at, at_path("/cpu-pic").at);
    CHECK(interrupt.count == 1 && interrupt.cells[0] == 11);
    CHECK(device_tree_interrupt(&tree, at_path("/soc/pic"), 1, &interrupt) && interrupt.count == 2 && interrupt.cells[1] == 6);
    CHECK(!device_tree_interrupt(&tree, at_path("/soc/pic"), 2, &interrupt)); // of a node that is not there
    CHECK(!device_tree_interrupt(&tree, at_path("/memory"), 0, &interrupt));
}

TEST(device_tree, leaves_circles_of_interrupt_parents)
{
    struct device_interrupt interrupt;
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    TREE_TEST_CELLS(&blob, "interrupt-parent", 1);
    TREE_TEST_CELLS(&blob, "phandle", 3);
    for (uint32_t i = 1; i <= 2; i++) {
        tree_test_node(&blob, i == 1 ? "a" : "b");
        TREE_TEST_CELLS(&blob, "phandle", i);
        TREE_TEST_CELLS(&blob, "interrupt-parent", 3 - i);
        TREE_TEST_CELLS(&blob, "interrupts", 1);
        tree_test_end(&blob);
    }
    tree_test_node(&blob, "self");
    TREE_TEST_CELLS(&blob, "phandle", 4);
    TREE_TEST_CELLS(&blob, "interrupt-parent", 4);
    TREE_TEST_CELLS(&blob, "interrupts", 1);
    tree_test_end(&blob);
    tree_test_node(&blob, "zero"); // a controller of no cells
    TREE_TEST_CELLS(&blob, "phandle", 5);
    TREE_TEST_CELLS(&blob, "#interrupt-cells", 0);
    TREE_TEST_CELLS(&blob, "interrupts-extended", 5, 5, 5);
    tree_test_property(&blob, "interrupt-controller", "", 0);
    tree_test_end(&blob);
    tree_test_end(&blob);
    tree_test_seal(&blob);
    CHECK(blob_open());
    CHECK(!device_tree_interrupt(&tree, at_path("/a"), 0, &interrupt) && !device_tree_interrupt(&tree, at_path("/self"), 0, &interrupt));
    CHECK(!device_tree_interrupt(&tree, at_path("/zero"), 0, &interrupt) && !device_tree_interrupt(&tree, at_path("/zero"), 9, &interrupt));
}

TEST(device_tree, finds_more_handles_than_it_keeps)
{
    enum { NODES = DEVICE_TREE_HANDLES + 20 };
    struct device_node node, first = {};
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    for (uint32_t i = 1; i <= NODES; i++) {
        tree_test_node(&blob, "node");
        TREE_TEST_CELLS(&blob, "phandle", 0x8000 + MIN(i, (uint32_t)NODES - 1)); // the last one twice
        tree_test_end(&blob);
    }
    tree_test_end(&blob);
    tree_test_seal(&blob);
    CHECK(blob_open() && tree.handles_lost);
    CHECK(device_tree_child(&tree, device_tree_root(&tree), &first));
    for (uint32_t i = 1; i < NODES; i++) {
        CHECK(device_tree_handle(&tree, 0x8000 + i, &node) && node.at == first.at);
        CHECK(device_tree_sibling(&tree, first, &first));
    }
    CHECK(!device_tree_handle(&tree, 1, &node) && !device_tree_handle(&tree, 0, &node) && !device_tree_handle(&tree, UINT32_MAX, &node));
}

TEST(device_tree, lists_reservations)
{
    uint64_t start, size;
    CHECK(machine_open());
    CHECK(device_tree_reservation(&tree, 1, &start, &size) && start == 1ull << 40 && size == 4096);
    CHECK(!device_tree_reservation(&tree, 2, &start, &size) && !device_tree_reservation(&tree, UINT32_MAX, &start, &size));
}

TEST(device_tree, wipes_a_secret)
{
    struct device_property property;
    uint32_t cell;
    CHECK(machine_open());
    CHECK(device_tree_property(&tree, at_path("/memory"), "reg", &property));
    device_property_wipe(property);
    CHECK(blob_open() && device_property_cell(property, 4, &cell) && cell == 0);
}

// ---- what is a tree still ----

TEST(device_tree, takes_version_16_padding_and_any_alignment)
{
    static uint8_t moved[TREE_TEST_SIZE + 64];
    machine_build();
    tree_test_put(&blob, 20, 16);
    tree_test_put(&blob, 36, UINT32_MAX); // was no field then
    CHECK(blob_open());
    tree_test_put(&blob, 4, blob.size + 32); // as a loader that leaves room for more
    memcpy(moved + 1, blob.bytes, blob.size);
    CHECK(device_tree_open(&tree, moved + 1, blob.size + 32) == STATUS_OK);
    CHECK_EQUAL(tree.nodes, 8);
    CHECK_EQUAL(tree.size, blob.size);
    CHECK_EQUAL(device_tree_size(moved + 1, DEVICE_TREE_HEADER_SIZE), blob.size + 32);
}

TEST(device_tree, ends_where_the_header_says_that_the_last_block_does)
{
    machine_build();
    memset(blob.bytes + blob.size, 0, 32);
    tree_test_put(&blob, 4, blob.size + 32);
    tree_test_put(&blob, 36, blob.size + 32 - TREE_TEST_STRUCTURE_AT); // the last token stands before that
    CHECK(device_tree_open(&tree, blob.bytes, blob.size + 32) == STATUS_OK);
    CHECK_EQUAL(tree.size, blob.size + 32);
}

TEST(device_tree, skips_padding_between_tokens)
{
    struct device_property property;
    struct device_node node;
    tree_test_begin(&blob);
    tree_test_token(&blob, 4);
    tree_test_node(&blob, "");
    tree_test_token(&blob, 4);
    TREE_TEST_CELLS(&blob, "a", 1);
    tree_test_token(&blob, 4);
    tree_test_node(&blob, "child");
    tree_test_token(&blob, 4);
    tree_test_end(&blob);
    tree_test_token(&blob, 4);
    tree_test_node(&blob, "other");
    tree_test_end(&blob);
    tree_test_token(&blob, 4);
    tree_test_end(&blob);
    tree_test_token(&blob, 4);
    tree_test_seal(&blob);
    CHECK(blob_open());
    CHECK(device_tree_property(&tree, device_tree_root(&tree), "a", &property));
    CHECK(device_tree_child(&tree, device_tree_root(&tree), &node) && device_tree_sibling(&tree, node, &node));
    CHECK(string_equal(device_tree_name(&tree, node), "other") && device_tree_parent(&tree, node, &node));
    CHECK_EQUAL(node.at, device_tree_root(&tree).at);
}

// ---- what is none ----

TEST(device_tree, refuses_every_tree_cut_short)
{
    machine_build();
    for (uint32_t size = 0; size < blob.size; size++)
        CHECK(device_tree_open(&tree, blob.bytes, size) == STATUS_BAD_FORMAT);
    for (uint32_t size = 0; size < blob.size; size++) { // and says so itself
        tree_test_put(&blob, 4, size);
        CHECK(device_tree_open(&tree, blob.bytes, blob.size) == STATUS_BAD_FORMAT);
    }
}

TEST(device_tree, refuses_headers_that_lie)
{
    static const uint32_t fields[] = { 0, 4, 8, 12, 16, 24, 32, 36 };
    for (uint32_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        machine_build();
        tree_test_put(&blob, fields[i], UINT32_MAX);
        CHECK(device_tree_open(&tree, blob.bytes, blob.size) != STATUS_OK);
        machine_build();
        tree_test_put(&blob, fields[i], i == 5 ? 18 : 0);
        CHECK(device_tree_open(&tree, blob.bytes, blob.size) == STATUS_BAD_FORMAT);
    }
    machine_build();
    tree_test_put(&blob, 20, 15);
    CHECK(device_tree_open(&tree, blob.bytes, blob.size) == STATUS_BAD_FORMAT);
    machine_build();
    tree_test_put(&blob, 4, DEVICE_TREE_SIZE_MAX + 1);
    CHECK(device_tree_open(&tree, blob.bytes, blob.size) == STATUS_TOO_LONG);
    CHECK_EQUAL(device_tree_size(blob.bytes, DEVICE_TREE_HEADER_SIZE), 0);
    tree_test_put(&blob, 4, DEVICE_TREE_HEADER_SIZE - 1);
    CHECK_EQUAL(device_tree_size(blob.bytes, DEVICE_TREE_HEADER_SIZE), 0);
}

// Seals what was built, which is wrong.
static void check_refused(enum status why)
{
    tree_test_seal(&blob);
    CHECK(device_tree_open(&tree, blob.bytes, blob.size) == why);
}

TEST(device_tree, refuses_tokens_out_of_place)
{
    tree_test_begin(&blob);
    check_refused(STATUS_BAD_FORMAT); // no root
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    check_refused(STATUS_BAD_FORMAT); // no end of it
    tree_test_end(&blob);
    tree_test_begin(&blob);
    tree_test_end(&blob);
    check_refused(STATUS_BAD_FORMAT); // an end of nothing
    tree_test_begin(&blob);
    for (uint32_t i = 0; i < 2; i++) {
        tree_test_node(&blob, "");
        tree_test_end(&blob);
    }
    check_refused(STATUS_BAD_FORMAT); // two roots
    tree_test_begin(&blob);
    TREE_TEST_CELLS(&blob, "a", 1);
    check_refused(STATUS_BAD_FORMAT); // a property of nothing
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    tree_test_node(&blob, "child");
    tree_test_end(&blob);
    TREE_TEST_CELLS(&blob, "a", 1);
    tree_test_end(&blob);
    check_refused(STATUS_BAD_FORMAT); // a property behind a child
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    tree_test_token(&blob, 5);
    tree_test_end(&blob);
    check_refused(STATUS_BAD_FORMAT); // no token at all
}

TEST(device_tree, refuses_nesting_beyond_what_it_keeps)
{
    for (uint32_t extra = 0; extra < 2; extra++) {
        uint32_t depth = DEVICE_TREE_DEPTH_MAX + extra;
        tree_test_begin(&blob);
        for (uint32_t i = 0; i < depth; i++)
            tree_test_node(&blob, "x");
        for (uint32_t i = 0; i < depth; i++)
            tree_test_end(&blob);
        check_refused(extra ? STATUS_TOO_LONG : STATUS_OK);
    }
}

TEST(device_tree, refuses_names_and_values_without_end)
{
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    tree_test_property(&blob, "a", "", 0);
    tree_test_end(&blob);
    tree_test_seal(&blob);
    const uint32_t property = TREE_TEST_STRUCTURE_AT + 8;
    CHECK(blob_open());
    tree_test_put(&blob, property + 4, UINT32_MAX);
    CHECK(!blob_open());
    tree_test_put(&blob, property + 4, 9); // up to within the last token
    CHECK(!blob_open());
    tree_test_put(&blob, property + 4, 0);
    tree_test_put(&blob, property + 8, 2); // behind the strings
    CHECK(!blob_open());
    tree_test_put(&blob, property + 8, 0);
    blob.bytes[blob.size - 1] = 'b'; // a string that does not end
    CHECK(!blob_open());
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    tree_test_end(&blob);
    tree_test_seal(&blob);
    memset(blob.bytes + TREE_TEST_STRUCTURE_AT + 4, 'x', blob.size - TREE_TEST_STRUCTURE_AT - 4);
    CHECK(!blob_open());
}

TEST(device_tree, refuses_reservations_without_end)
{
    tree_test_begin(&blob);
    tree_test_node(&blob, "");
    tree_test_end(&blob);
    tree_test_seal(&blob);
    memset(blob.bytes + DEVICE_TREE_HEADER_SIZE, 1, 16 * TREE_TEST_RESERVATIONS);
    CHECK(!blob_open());
}

// Every byte of the blob takes a few wrong values; whatever opens then can be asked everything.
TEST(device_tree, survives_any_byte_that_is_wrong)
{
    static const uint8_t wrong[] = { 0x00, 0x01, 0x7f, 0xff };
    machine_build();
    for (uint32_t i = 0; i < blob.size * ARRAY_LENGTH(wrong); i++) {
        uint8_t *byte = &blob.bytes[i / ARRAY_LENGTH(wrong)], kept = *byte;
        *byte = wrong[i % ARRAY_LENGTH(wrong)];
        struct device_node node = {};
        uint32_t nodes = 0;
        uint64_t start, size;
        struct device_interrupt interrupt;
        bool more = blob_open();
        for (node = device_tree_root(&tree); more; more = device_tree_next(&tree, node, &node)) {
            nodes++;
            (void)device_tree_registers(&tree, node, 0, &start, &size);
            (void)device_tree_interrupt(&tree, node, 0, &interrupt);
        }
        CHECK(!nodes || nodes == tree.nodes);
        *byte = kept;
    }
}
