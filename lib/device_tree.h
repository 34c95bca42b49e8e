// SPDX-License-Identifier: MIT
// device_tree.h: reads a flattened device tree in place (Devicetree Specification 0.4, chapters 2 and 5).
//
// A tree is opened once, which walks all of it and refuses whatever does not hold: lengths, offsets, nesting, terminators. All
// questions after that are pure, bounded by the size of the tree, and cannot fail otherwise than by "not there". What the functions
// find is untouched when they return false.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

enum { DEVICE_TREE_SIZE_MAX = 2 * 1024 * 1024, DEVICE_TREE_DEPTH_MAX = 32, DEVICE_TREE_HEADER_SIZE = 40, DEVICE_TREE_HANDLES = 256 };

// A node that others refer to. handle 0: an empty place.
struct device_handle {
    uint32_t handle;
    uint32_t node : 24, interrupt_cells : 8; // 0 cells: no interrupt controller
};

// Two KiB and some: better not on a stack.
struct device_tree {
    const uint8_t *bytes;
    uint32_t size;                      // up to the end of the last block; the blob itself may be padded behind it
    uint32_t structure, structure_size; // offsets into bytes
    uint32_t strings, strings_size, reservations, reservation_count;
    uint32_t nodes;                                    // how many there are
    bool handles_lost;                                 // some found their place taken
    struct device_handle handles[DEVICE_TREE_HANDLES]; // by handle modulo the size
};
static_assert(DEVICE_TREE_SIZE_MAX <= 1 << 24);

// A node is the offset of its beginning in the structure block; the root's is not 0 for a tree that was opened.
struct device_node {
    uint32_t at;
};

struct device_property {
    const uint8_t *bytes;
    uint32_t size;
};

// The size that the header at `bytes` states, 0: no header of a tree of a size that is read. `size` >= DEVICE_TREE_HEADER_SIZE.
uint32_t device_tree_size(const void *bytes, size_t size);

// Checks all of the tree. STATUS_BAD_FORMAT: it breaks a rule; STATUS_TOO_LONG: it is larger or deeper than what is read.
// The bytes stay the caller's and must outlive the tree.
enum status device_tree_open(struct device_tree *tree, const void *bytes, size_t size);

struct device_node device_tree_root(const struct device_tree *tree);

// The first child, and the next node with the same parent. False: there is none; *found is untouched.
bool device_tree_child(const struct device_tree *tree, struct device_node parent, struct device_node *found);
bool device_tree_sibling(const struct device_tree *tree, struct device_node node, struct device_node *found);
bool device_tree_parent(const struct device_tree *tree, struct device_node node, struct device_node *found);

// The next node of the whole tree in its order, parents before children: the walk that visits everything.
bool device_tree_next(const struct device_tree *tree, struct device_node node, struct device_node *found);

// "memory@40000000"; "" for the root.
const char *device_tree_name(const struct device_tree *tree, struct device_node node);

// "/soc/serial@10000000"; a part without its "@…" finds the first of that name; the first part may be an alias of /aliases. A ':' ends
// the path, as in "serial0:115200n8" of /chosen.
bool device_tree_path(const struct device_tree *tree, const char *path, struct device_node *found);

// The first node at or after `from` whose "compatible" names `compatible` and which is not disabled by "status". To go on:
// device_tree_next() of the one found.
bool device_tree_compatible(const struct device_tree *tree, struct device_node from, const char *compatible, struct device_node *found);
bool device_tree_is_compatible(const struct device_tree *tree, struct device_node node, const char *compatible);

// The node with this phandle.
bool device_tree_handle(const struct device_tree *tree, uint32_t handle, struct device_node *found);

bool device_tree_property(const struct device_tree *tree, struct device_node node, const char *name, struct device_property *found);

// One 32-bit cell of a property; false: it has not so many.
bool device_property_cell(struct device_property property, uint32_t index, uint32_t *value);

// `count` cells from `index` on as one figure; 0 cells are 0. False: too few, or more than 64 bits.
bool device_property_figure(struct device_property property, uint32_t index, uint32_t count, uint64_t *value);

// The whole property as one figure of 4 or 8 bytes.
bool device_tree_figure(const struct device_tree *tree, struct device_node node, const char *name, uint64_t *value);

// Overwrites the value with zeroes, for secrets that have been read. The bytes must be writable, whoever passed them to open.
void device_property_wipe(struct device_property property);

// The `index`th string of a list of strings; false: not so many, or not terminated.
bool device_property_string(struct device_property property, uint32_t index, const char **string);

// "okay", "ok" or no status at all.
bool device_tree_enabled(const struct device_tree *tree, struct device_node node);

// The `index`th address and size of "reg", by the parent's cell counts and translated through every "ranges" above.
// False: there is none, or it is not reachable by the CPU.
bool device_tree_registers(const struct device_tree *tree, struct device_node node, uint32_t index, uint64_t *start, uint64_t *size);

// The same by the cells of `parent`, whose child the node is, without translation and without a walk.
bool device_tree_registers_below(const struct device_tree *tree, struct device_node parent, struct device_node node, uint32_t index,
                                 uint64_t *start, uint64_t *size);

// One interrupt of a device as its controller counts: the cells of one specifier, 1 to 4.
struct device_interrupt {
    struct device_node controller;
    uint32_t cells[4], count;
};

// The `index`th interrupt, from "interrupts-extended" or from "interrupts" and the "interrupt-parent" next above. False also where
// that is no controller but maps interrupts on (PCI bridges).
bool device_tree_interrupt(const struct device_tree *tree, struct device_node node, uint32_t index, struct device_interrupt *interrupt);

// The `index`th entry of the reservation block. False: not so many.
bool device_tree_reservation(const struct device_tree *tree, uint32_t index, uint64_t *start, uint64_t *size);
