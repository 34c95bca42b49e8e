// SPDX-License-Identifier: MIT
// gicv3.c: GICv3 and GICv4: a distributor, a redistributor for each CPU, and the CPU interface in system registers (IHI 0069,
// chapters 12.8 to 12.11 and 12.2).
//
// Redistributors lie in one or more regions of the device tree, one behind the other, and say themselves to which CPU they belong.
// All interrupts are in group 1, the non-secure one.

#include "gic.h"

#include <helix/cpu.h>
#include <helix/kernel_map.h>

#include "features.h"

enum { DISTRIBUTOR_SIZE = 0x10000, CONTROL = 0x0000, TYPE = 0x0004, TARGETS = 0x6000 };
enum : uint32_t { CONTROL_GROUP1 = 1 << 1, CONTROL_AFFINITY = 1 << 4, CONTROL_BUSY = 1u << 31, TYPE_NUMBERS = 0x1f };

enum { FRAME = 0x10000, R_CONTROL = 0x0000, R_TYPE = 0x0008, R_WAKER = 0x0014 };
enum : uint64_t { R_TYPE_VIRTUAL = 1 << 1, R_TYPE_LAST = 1 << 4, R_TYPE_AFFINITY = 32, R_BUSY = 1 << 3 };
enum : uint32_t { WAKER_SLEEPS = 1 << 1, WAKER_ASLEEP = 1 << 2 };
enum : uint32_t { SRE_ENABLE = 1, ANY_PRIORITY = 0xf0 };
enum { PATIENCE = 1'000'000, REDISTRIBUTORS_MAX = 4096, REGIONS_MAX = 64 };

static volatile uint8_t *redistributor; // this CPU's
static uint32_t affinities[CPU_MAX];    // as redistributors state them: levels 3 to 0, one byte each; from each CPU's open()

// The registers of the CPU interface; by number for assemblers that do not know them.
#define ICC_PMR    "s3_0_c4_c6_0"
#define ICC_IAR1   "s3_0_c12_c12_0"
#define ICC_EOIR1  "s3_0_c12_c12_1"
#define ICC_AP1R0  "s3_0_c12_c9_0"
#define ICC_AP1R1  "s3_0_c12_c9_1"
#define ICC_AP1R2  "s3_0_c12_c9_2"
#define ICC_AP1R3  "s3_0_c12_c9_3"
#define ICC_SGI1R  "s3_0_c12_c11_5"
#define ICC_BPR1   "s3_0_c12_c12_3"
#define ICC_CTLR   "s3_0_c12_c12_4"
#define ICC_SRE    "s3_0_c12_c12_5"
#define ICC_GRPEN1 "s3_0_c12_c12_7"

// What it changes holds for what follows.
#define interface_write(register_, value_)        \
    do {                                          \
        system_register_write(register_, value_); \
        __asm__ volatile("isb" : : : "memory");   \
    } while (0)

static bool wait_clear(const volatile uint8_t *at, uint32_t bits)
{
    for (uint32_t tries = 0; tries < PATIENCE; tries++) {
        if (!(arch_read32(at) & bits))
            return true;
        arch_cpu_relax();
    }
    return false;
}

static uint32_t own_affinity(void)
{
    uint64_t mpidr = system_register_read("mpidr_el1");
    return (uint32_t)((mpidr >> 32 & 0xff) << 24 | (mpidr & 0xff'ffff));
}

// Goes through one region. *found: where this CPU's redistributor lies.
static bool find_in_region(uint64_t start, uint64_t size, uint64_t stride, uint64_t *found)
{
    for (uint64_t at = 0; at + 2 * FRAME <= size && at / FRAME < REDISTRIBUTORS_MAX;) {
        volatile void *mapped;
        if (device_map((phys_t){ start + at }, PAGE_SIZE, &mapped) != STATUS_OK)
            return false;
        uint64_t type = arch_read64((volatile uint8_t *)mapped + R_TYPE);
        if ((uint32_t)(type >> R_TYPE_AFFINITY) == own_affinity()) {
            *found = start + at;
            return true;
        }
        if (type & R_TYPE_LAST)
            return false;
        at += stride ? stride : (type & R_TYPE_VIRTUAL ? 4 : 2) * FRAME;
    }
    return false;
}

static bool find_redistributor(const struct device_tree *tree, struct device_node node, uint64_t *found)
{
    uint64_t regions = 1, stride = 0, start, size;
    (void)device_tree_figure(tree, node, "#redistributor-regions", &regions);
    (void)device_tree_figure(tree, node, "redistributor-stride", &stride);
    if (stride % FRAME)
        return false;
    for (uint32_t i = 0; i < MIN(regions, (uint64_t)REGIONS_MAX); i++) {
        if (device_tree_registers(tree, node, 1 + i, &start, &size) && find_in_region(start, size, stride, found))
            return true;
    }
    return false;
}

static enum status start_redistributor(const struct device_tree *tree, struct device_node node)
{
    uint64_t start;
    volatile void *mapped;
    if (!find_redistributor(tree, node, &start))
        return STATUS_NO_DEVICE;
    TRY(device_map((phys_t){ start }, 2 * FRAME, &mapped));
    redistributor = mapped;
    gicv3.own = redistributor + FRAME;
    arch_write32(redistributor + R_WAKER, arch_read32(redistributor + R_WAKER) & ~WAKER_SLEEPS);
    if (!wait_clear(redistributor + R_WAKER, WAKER_ASLEEP))
        return STATUS_NO_DEVICE;
    gic_reset_block(gicv3.own, 0, GIC_SHARED, true);
    return wait_clear(redistributor + R_CONTROL, R_BUSY) ? STATUS_OK : STATUS_NO_DEVICE;
}

// Affinity routing may change only while nothing is delivered.
static enum status start_distributor(void)
{
    gicv3.numbers = MIN(((arch_read32(gicv3.shared + TYPE) & TYPE_NUMBERS) + 1) * 32, (uint32_t)GIC_NUMBERS);
    arch_write32(gicv3.shared + CONTROL, 0);
    if (!wait_clear(gicv3.shared + CONTROL, CONTROL_BUSY))
        return STATUS_NO_DEVICE;
    arch_write32(gicv3.shared + CONTROL, CONTROL_AFFINITY);
    gic_reset_block(gicv3.shared, GIC_SHARED, gicv3.numbers, true);
    return wait_clear(gicv3.shared + CONTROL, CONTROL_BUSY) ? STATUS_OK : STATUS_NO_DEVICE;
}

// Firmware above may keep the registers of the CPU interface from us: then the CPU has none, or the bit does not stay set.
static bool has_interface(void)
{
    enum { FEATURES_GIC = 24 };
    if (!feature_field(system_register_read(ID_AA64PFR0), FEATURES_GIC))
        return false;
    interface_write(ICC_SRE, system_register_read(ICC_SRE) | SRE_ENABLE);
    return system_register_read(ICC_SRE) & SRE_ENABLE;
}

static enum status gicv3_find(const struct device_tree *tree, struct device_node node)
{
    if (!has_interface())
        return STATUS_NO_DEVICE;
    TRY(gic_map(tree, node, 0, DISTRIBUTOR_SIZE, &gicv3.shared));
    TRY(start_distributor());
    return start_redistributor(tree, node);
}

// What a loader has taken and never ended would shut out all that is not more urgent. There is a bit for each level of preemption.
static void forget_active(void)
{
    enum { PRIORITY_BITS = 8, BITS_MASK = 7 };
    uint32_t bits = (system_register_read(ICC_CTLR) >> PRIORITY_BITS & BITS_MASK) + 1;
    system_register_write(ICC_AP1R0, 0);
    if (bits > 5)
        system_register_write(ICC_AP1R1, 0);
    if (bits > 6) {
        system_register_write(ICC_AP1R2, 0);
        system_register_write(ICC_AP1R3, 0);
    }
    __asm__ volatile("isb" : : : "memory");
}

static void gicv3_open(void)
{
    affinities[cpu_local()->id] = own_affinity();
    gic_mask(&gicv3, GIC_IPI, false);
    arch_write32(gicv3.shared + CONTROL, CONTROL_AFFINITY | CONTROL_GROUP1);
    forget_active();
    interface_write(ICC_PMR, ANY_PRIORITY);
    interface_write(ICC_BPR1, 0);
    interface_write(ICC_CTLR, 0); // one write ends an interrupt
    interface_write(ICC_GRPEN1, 1);
}

static void gicv3_send_here(uint32_t number)
{
    uint64_t affinity = own_affinity();
    arch_write64(gicv3.shared + TARGETS + number * 8, (affinity >> 24) << 32 | (affinity & 0xff'ffff));
}

// One CPU of the 16 that share levels 3 to 1 and the upper half of level 0.
static void gicv3_send(uint32_t cpu)
{
    uint64_t affinity = affinities[cpu];
    uint64_t target = (affinity >> 24) << 48 | (affinity >> 4 & 0xf) << 44 | (affinity >> 16 & 0xff) << 32 | (affinity >> 8 & 0xff) << 16 |
                      1u << (affinity & 0xf);
    __asm__ volatile("dsb ishst" : : : "memory");
    interface_write(ICC_SGI1R, target | GIC_IPI << 24);
}

// The barrier: what the device is asked next is asked after the interrupt was taken.
static uint32_t gicv3_take(void)
{
    uint32_t taken = (uint32_t)system_register_read(ICC_IAR1);
    __asm__ volatile("dsb sy" : : : "memory");
    return taken;
}

static void gicv3_end(uint32_t taken)
{
    interface_write(ICC_EOIR1, taken);
}

static const char *const names[] = { "arm,gic-v3", nullptr };

struct gic gicv3 = {
    .name = "gicv3",
    .compatible = names,
    .find = gicv3_find,
    .open = gicv3_open,
    .send_here = gicv3_send_here,
    .send = gicv3_send,
    .take = gicv3_take,
    .end = gicv3_end,
};
