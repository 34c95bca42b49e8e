// SPDX-License-Identifier: MIT
// device_tree_fuzz.c: any bytes at all as a device tree: every question about every node, then all that a boot takes from it.
// sources: boot/linux_image/linux_image.c boot/common/device_tree.c boot/common/boot_info.c
// Its corpus is text: see tools/helix/trees.py.

#include <stdlib.h>

#include <lib/device_tree.h>

#include "../../boot/linux_image/linux_image.h"

#include "boot_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum : uint64_t { BASE = 0x40000000 };
enum { ASKED_MAX = 48, INDEX_MAX = 6 }; // nodes that are asked everything: each question walks the tree

static struct device_tree tree;

static void check_property(struct device_property property)
{
    uint64_t figure;
    uint32_t cell;
    const char *text;
    require(property.bytes >= tree.bytes && property.bytes + property.size <= tree.bytes + tree.size);
    for (uint32_t i = 0; i < INDEX_MAX; i++) {
        require(device_property_cell(property, i, &cell) == (i < property.size / 4));
        if (device_property_string(property, i, &text))
            require(text + strlen(text) < (const char *)property.bytes + property.size);
        require(!device_property_figure(property, i, 2, &figure) || property.size >= 8);
        require(!device_property_figure(property, UINT32_MAX - i, i + 1, &figure));
    }
}

static void check_figures(struct device_node node)
{
    static const char *const names[] = { "compatible", "reg", "status", "phandle", "interrupts", "bootargs", "ranges", "" };
    struct device_property property;
    uint64_t start, size;
    struct device_interrupt interrupt;
    for (uint32_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (device_tree_property(&tree, node, names[i], &property))
            check_property(property);
    }
    for (uint32_t i = 0; i < INDEX_MAX; i++) {
        if (device_tree_registers(&tree, node, i, &start, &size) || device_tree_registers_below(&tree, node, node, i, &start, &size))
            require(size <= UINT64_MAX - start);
        if (device_tree_interrupt(&tree, node, i, &interrupt)) {
            require(interrupt.count >= 1 && interrupt.count <= ARRAY_LENGTH(interrupt.cells));
            require(device_tree_property(&tree, interrupt.controller, "interrupt-controller", &property));
        }
    }
    (void)device_tree_registers(&tree, node, UINT32_MAX, &start, &size);
    (void)device_tree_interrupt(&tree, node, UINT32_MAX, &interrupt);
}

static void check_place(struct device_node node)
{
    struct device_node other, above;
    bool root = !device_tree_parent(&tree, node, &above);
    require(root == (node.at == device_tree_root(&tree).at));
    if (device_tree_child(&tree, node, &other)) {
        struct device_node next, parent;
        require(device_tree_next(&tree, node, &next) && next.at == other.at);
        require(device_tree_parent(&tree, other, &parent) && parent.at == node.at);
    }
    if (device_tree_sibling(&tree, node, &other)) {
        struct device_node parent;
        require(!root && device_tree_parent(&tree, other, &parent) && parent.at == above.at);
    }
}

static void check_references(struct device_node node)
{
    struct device_property property;
    struct device_node found;
    const char *text;
    uint64_t figure;
    if (device_tree_figure(&tree, node, "phandle", &figure) && figure <= UINT32_MAX && device_tree_handle(&tree, (uint32_t)figure, &found))
        require(device_tree_property(&tree, found, "phandle", &property) || device_tree_property(&tree, found, "linux,phandle", &property));
    if (device_tree_property(&tree, node, "compatible", &property) && device_property_string(property, 0, &text)) {
        require(device_tree_is_compatible(&tree, node, text));
        require(device_tree_compatible(&tree, device_tree_root(&tree), text, &found) || !device_tree_enabled(&tree, node));
    }
    if (device_tree_property(&tree, node, "stdout-path", &property) && device_property_string(property, 0, &text))
        (void)device_tree_path(&tree, text, &found);
    (void)device_tree_path(&tree, device_tree_name(&tree, node), &found);
}

static void check_nodes(void)
{
    struct device_node node = device_tree_root(&tree);
    uint32_t count = 0, step = tree.nodes / ASKED_MAX + 1;
    do {
        const char *name = device_tree_name(&tree, node);
        require((const uint8_t *)name + strlen(name) < tree.bytes + tree.size);
        if (count++ % step)
            continue;
        check_place(node);
        check_figures(node);
        check_references(node);
    } while (device_tree_next(&tree, node, &node));
    require(count == tree.nodes);
}

// What is behind the part in use is not needed.
static void check_extent(uint8_t *bytes)
{
    static struct device_tree shorter;
    uint8_t kept[4];
    memcpy(kept, bytes + 4, sizeof kept);
    for (uint32_t i = 0; i < sizeof kept; i++)
        bytes[4 + i] = (uint8_t)(tree.size >> (24 - 8 * i));
    require(device_tree_open(&shorter, bytes, tree.size) == STATUS_OK);
    require(shorter.nodes == tree.nodes && shorter.size == tree.size && shorter.reservation_count == tree.reservation_count);
    memcpy(bytes + 4, kept, sizeof kept);
}

// The bytes are alone in their block, so that nothing beside them can be read unnoticed, and may be written: seeds are wiped.
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static struct boot_info boot;
    uint8_t *bytes = malloc(size ? size : 1);
    if (size)
        memcpy(bytes, input, size);
    const struct physical_view view = { .at = physical_buffer_at, .bytes = bytes, .base = BASE, .size = size };
    uint64_t start, length;
    if (device_tree_open(&tree, bytes, size) == STATUS_OK) {
        require(tree.size <= size && tree.nodes);
        check_extent(bytes);
        check_nodes();
        require(!tree.reservation_count || device_tree_reservation(&tree, tree.reservation_count - 1, &start, &length));
        require(!device_tree_reservation(&tree, tree.reservation_count, &start, &length));
    }
    boot = (struct boot_info){};
    if (linux_image_parse(&view, BASE, &boot) == STATUS_OK) {
        require(boot.device_tree.raw == BASE && boot.random_seed_size <= BOOT_RANDOM_SEED);
        require(device_tree_open(&tree, bytes, size) == STATUS_OK); // what was wiped broke nothing
        boot_info_verify(&boot);
    }
    free(bytes);
    return 0;
}
