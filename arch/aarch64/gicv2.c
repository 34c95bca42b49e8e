// SPDX-License-Identifier: MIT
// gicv2.c: GICv2: a distributor for all CPUs and one interface for each, both in memory (IHI 0048, chapter 4).
//
// The groups stay as firmware left them: a kernel in the non-secure state sees its own group only, under the names of the first one;
// without security states every interrupt is in the first group, which arrives as an ordinary interrupt request. Either way bit 0 of
// both control registers is the one that counts.

#include "gic.h"

#include <helix/cpu.h>

enum { DISTRIBUTOR_SIZE = 0x1000, CONTROL = 0x000, TYPE = 0x004, TARGETS = 0x800, SEND = 0xf00 };
enum { INTERFACE_SIZE = 0x100, CPU_CONTROL = 0x00, CPU_PRIORITY = 0x04, CPU_TAKE = 0x0c, CPU_END = 0x10, CPU_ACTIVE = 0xd0 };
enum : uint32_t { ACTIVE_WORDS = 4, ENABLE = 1, ANY_PRIORITY = 0xf0, TYPE_NUMBERS = 0x1f, SEND_SELF = 2 << 24, SEND_TARGETS = 16 };

static volatile uint8_t *interface; // [const] after find
static uint8_t targets[CPU_MAX];    // each CPU's bit as a target, from its open(); 0: the machine has but one, and no targets

// The private interrupts' targets name the CPU that reads them; not every one of them needs to be there.
static uint8_t read_target(void)
{
    uint8_t target = 0;
    for (uint32_t number = 0; number < GIC_SHARED && !target; number++)
        target = arch_read8(gicv2.shared + TARGETS + number);
    return target;
}

static enum status gicv2_find(const struct device_tree *tree, struct device_node node)
{
    TRY(gic_map(tree, node, 0, DISTRIBUTOR_SIZE, &gicv2.shared));
    TRY(gic_map(tree, node, 1, INTERFACE_SIZE, &interface));
    gicv2.own = gicv2.shared; // banked: each CPU sees its own at the same place
    gicv2.numbers = MIN(((arch_read32(gicv2.shared + TYPE) & TYPE_NUMBERS) + 1) * 32, (uint32_t)GIC_NUMBERS);
    arch_write32(gicv2.shared + CONTROL, 0);
    gic_reset_block(gicv2.shared, 0, gicv2.numbers, false);
    return STATUS_OK;
}

static void gicv2_open(void)
{
    targets[cpu_local()->id] = read_target();
    gic_mask(&gicv2, GIC_IPI, false);
    arch_write32(gicv2.shared + CONTROL, ENABLE);
    for (uint32_t i = 0; i < ACTIVE_WORDS; i++)
        arch_write32(interface + CPU_ACTIVE + i * 4,
                     0); // what a loader has taken and never ended would shut out all that is not more urgent
    arch_write32(interface + CPU_PRIORITY, ANY_PRIORITY);
    arch_write32(interface + CPU_CONTROL, ENABLE);
}

static void gicv2_send_here(uint32_t number)
{
    uint8_t here = targets[cpu_local()->id];
    if (here)
        arch_write8(gicv2.shared + TARGETS + number, here);
}

static void gicv2_send(uint32_t cpu)
{
    uint32_t target = targets[cpu];
    arch_write32(gicv2.shared + SEND, (target ? target << SEND_TARGETS : SEND_SELF) | GIC_IPI);
}

// For an interrupt from another CPU the figure also says which, and its end must, too.
static uint32_t gicv2_take(void)
{
    return arch_read32(interface + CPU_TAKE);
}

static void gicv2_end(uint32_t taken)
{
    arch_write32(interface + CPU_END, taken);
}

static const char *const names[] = { "arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic", nullptr };

struct gic gicv2 = {
    .name = "gicv2",
    .compatible = names,
    .find = gicv2_find,
    .open = gicv2_open,
    .send_here = gicv2_send_here,
    .send = gicv2_send,
    .take = gicv2_take,
    .end = gicv2_end,
};
