// SPDX-License-Identifier: MIT
// gic.c: what the versions of the interrupt controller have in common: the registers that describe single interrupts.
//
// They lie at the same offsets in the distributor (GICv2 and GICv3) and in a GICv3 redistributor's second frame (GIC architecture
// specification IHI 0069, chapter 12: GICD_, GICR_ IGROUPR, ISENABLER, ICENABLER, ICACTIVER, IPRIORITYR, ICFGR).

#include "gic.h"

#include <helix/kernel_map.h>

enum { GROUP = 0x080, UNMASK = 0x100, MASK = 0x180, CLEAR_ACTIVE = 0x380, PRIORITY = 0x400, TRIGGER = 0x0c00 };
enum : uint32_t { PRIORITY_ALL = 0x80808080 }; // the middle of what both security states can see

static volatile uint8_t *block_of(const struct gic *gic, uint32_t number)
{
    return number < GIC_SHARED ? gic->own : gic->shared;
}

void gic_reset_block(volatile uint8_t *block, uint32_t first, uint32_t end, bool group)
{
    for (uint32_t number = first; number < end; number += 32) {
        arch_write32(block + MASK + number / 8, UINT32_MAX);
        arch_write32(block + CLEAR_ACTIVE + number / 8, UINT32_MAX); // a loader may have left one half served
        if (group)
            arch_write32(block + GROUP + number / 8, UINT32_MAX);
        for (uint32_t i = 0; i < 32; i += 4)
            arch_write32(block + PRIORITY + number + i, PRIORITY_ALL);
    }
}

void gic_set_edge(const struct gic *gic, uint32_t number, bool edge)
{
    volatile uint8_t *at = block_of(gic, number) + TRIGGER + number / 16 * 4;
    uint32_t bit = 2u << number % 16 * 2;
    uint32_t now = arch_read32(at);
    arch_write32(at, edge ? now | bit : now & ~bit);
}

void gic_mask(const struct gic *gic, uint32_t number, bool masked)
{
    arch_write32(block_of(gic, number) + (masked ? MASK : UNMASK) + number / 32 * 4, 1u << number % 32);
}

enum status gic_map(const struct device_tree *tree, struct device_node node, uint32_t index, uint64_t size, volatile uint8_t **at)
{
    uint64_t start, length;
    volatile void *mapped;
    if (!device_tree_registers(tree, node, index, &start, &length) || length < size)
        return STATUS_NO_DEVICE;
    TRY(device_map((phys_t){ start }, size, &mapped));
    *at = mapped;
    return STATUS_OK;
}
