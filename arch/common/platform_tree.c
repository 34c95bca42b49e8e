// SPDX-License-Identifier: MIT
// platform_tree.c: the device tree of the machine, and the devices in it, for ports that have no registers but mapped ones.

#include <arch/platform_tree.h>

#include <arch/device.h>

#include <helix/kernel_map.h>

static struct device_tree tree;
static bool tree_read; // [const] once it is set

bool platform_tree_read(const struct physical_view *view, phys_t start)
{
    const void *bytes = start.raw ? physical_at(view, start.raw, DEVICE_TREE_HEADER_SIZE) : nullptr;
    uint32_t size = bytes ? device_tree_size(bytes, DEVICE_TREE_HEADER_SIZE) : 0;
    bytes = size ? physical_at(view, start.raw, size) : nullptr;
    tree_read = bytes && device_tree_open(&tree, bytes, size) == STATUS_OK;
    return tree_read;
}

const struct device_tree *platform_tree(void)
{
    return tree_read ? &tree : nullptr;
}

bool platform_tree_find(const char *compatible, uint32_t index, struct device_node *node)
{
    if (!tree_read)
        return false;
    struct device_node found = device_tree_root(&tree);
    bool more = device_tree_compatible(&tree, found, compatible, &found);
    for (; more && index; index--)
        more = device_tree_next(&tree, found, &found) && device_tree_compatible(&tree, found, compatible, &found);
    if (more)
        *node = found;
    return more;
}

// Registers as far apart as a byte block can have them; wider ones would leave the page.
static bool registers_find(struct device_node node, uint64_t *start, uint64_t *size, uint64_t *shift)
{
    enum { SHIFT_MAX = 4 };
    uint64_t offset = 0;
    *shift = 0;
    (void)device_tree_figure(&tree, node, "reg-shift", shift);
    (void)device_tree_figure(&tree, node, "reg-offset", &offset);
    if (!device_tree_registers(&tree, node, 0, start, size) || !*size || *shift > SHIFT_MAX || offset >= *size)
        return false;
    *start += offset;
    *size -= offset;
    return true;
}

static enum status registers_map(uint64_t start, uint64_t size, uint64_t shift, struct arch_registers *registers)
{
    volatile void *mapped;
    uint64_t inside = start & PAGE_MASK;
    if (size > UINT64_MAX - PAGE_SIZE - inside)
        return STATUS_NO_SPACE;
    TRY(device_map((phys_t){ start - inside }, align_up(inside + size, PAGE_SIZE), &mapped));
    *registers = (struct arch_registers){ .memory = (volatile uint8_t *)mapped + inside, .shift = (uint8_t)shift };
    return STATUS_OK;
}

// Its own "clock-frequency", or that of the first of its "clocks".
static uint64_t clock_find(struct device_node node)
{
    struct device_property clocks;
    struct device_node clock;
    uint32_t handle;
    uint64_t rate = 0;
    if (device_tree_figure(&tree, node, "clock-frequency", &rate))
        return rate;
    if (device_tree_property(&tree, node, "clocks", &clocks) && device_property_cell(clocks, 0, &handle) &&
        device_tree_handle(&tree, handle, &clock))
        (void)device_tree_figure(&tree, clock, "clock-frequency", &rate);
    return rate;
}

static uint32_t line_find(struct device_node node)
{
    struct device_interrupt interrupt;
    return device_tree_interrupt(&tree, node, 0, &interrupt) ? platform_tree_line(&interrupt) : (uint32_t)ARCH_NO_LINE;
}

enum status arch_device_find(const char *compatible, uint32_t index, struct arch_device *device)
{
    struct device_node node;
    uint64_t start, size, shift;
    if (!platform_tree_find(compatible, index, &node) || !registers_find(node, &start, &size, &shift))
        return STATUS_NOT_FOUND;
    struct arch_registers registers;
    TRY(registers_map(start, size, shift, &registers));
    *device = (struct arch_device){ .registers = registers, .start = { start }, .line = line_find(node), .clock_hz = clock_find(node) };
    return STATUS_OK;
}
