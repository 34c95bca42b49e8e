// SPDX-License-Identifier: MIT
// device_tree.c: reads memory, reservations and /chosen of a device tree (Devicetree Specification 0.4, chapters 3.4 to 3.6 and 5.3).
//
// What must not be mapped is MEMORY_RESERVED. What is only kept from the allocator is MEMORY_BOOTLOADER: loaders list the tree and the
// archive there too, which are then found in it. The tree is kept as firmware tables are.

#include <helix/boot_tree.h>

#include <lib/string.h>

#include <helix/boot_info.h>

enum { REGIONS_MAX = 512 }; // each may cost a walk of its node

struct reading {
    const struct device_tree *tree;
    struct boot_info *boot;
    uint32_t regions;
};

// Adds every region of "reg" of `node`. Its parent shows addresses as the CPU does.
static enum status add_regions(struct reading *reading, struct device_node parent, struct device_node node, enum memory_kind kind)
{
    uint64_t start, size;
    for (uint32_t i = 0; device_tree_registers_below(reading->tree, parent, node, i, &start, &size); i++) {
        if (reading->regions++ == REGIONS_MAX)
            return STATUS_TOO_LONG;
        boot_info_add_memory(reading->boot, start, size, kind);
    }
    return STATUS_OK;
}

static bool is_of_type(const struct device_tree *tree, struct device_node node, const char *wanted)
{
    struct device_property property;
    const char *type;
    return device_tree_property(tree, node, "device_type", &property) && device_property_string(property, 0, &type) &&
           string_equal(type, wanted) && device_tree_enabled(tree, node);
}

static enum status add_memory(struct reading *reading)
{
    const struct device_tree *tree = reading->tree;
    struct device_node root = device_tree_root(tree), node;
    for (bool more = device_tree_child(tree, root, &node); more; more = device_tree_sibling(tree, node, &node)) {
        if (is_of_type(tree, node, "memory"))
            TRY(add_regions(reading, root, node, MEMORY_USABLE));
    }
    return STATUS_OK;
}

static void count_cpus(struct reading *reading)
{
    struct device_node parent, node;
    if (!device_tree_path(reading->tree, "/cpus", &parent))
        return;
    for (bool more = device_tree_child(reading->tree, parent, &node); more; more = device_tree_sibling(reading->tree, node, &node))
        reading->boot->cpu_count += is_of_type(reading->tree, node, "cpu");
}

// Regions with a place only: those that ask for memory anywhere are for drivers that are not there.
static enum status add_reserved(struct reading *reading)
{
    const struct device_tree *tree = reading->tree;
    struct device_node parent, node;
    struct device_property property;
    if (!device_tree_path(tree, "/reserved-memory", &parent))
        return STATUS_OK;
    for (bool more = device_tree_child(tree, parent, &node); more; more = device_tree_sibling(tree, node, &node)) {
        bool unmapped = device_tree_property(tree, node, "no-map", &property);
        if (device_tree_enabled(tree, node))
            TRY(add_regions(reading, parent, node, unmapped ? MEMORY_RESERVED : MEMORY_BOOTLOADER));
    }
    return STATUS_OK;
}

static void add_reservations(struct reading *reading)
{
    uint64_t start, size;
    for (uint32_t i = 0; device_tree_reservation(reading->tree, i, &start, &size); i++)
        boot_info_add_memory(reading->boot, start, size, MEMORY_BOOTLOADER);
}

static void add_initramfs(struct reading *reading, struct device_node chosen)
{
    struct boot_info *boot = reading->boot;
    uint64_t start, end;
    if (device_tree_figure(reading->tree, chosen, "linux,initrd-start", &start) &&
        device_tree_figure(reading->tree, chosen, "linux,initrd-end", &end) && end > start && boot->initramfs_count < BOOT_INITRAMFS)
        boot->initramfs[boot->initramfs_count++] = (struct boot_module){ .start = { start }, .size = end - start };
}

// "rng-seed" is for the random generator, "kaslr-seed" for placement; whoever is given one must not find it again.
static void take_seeds(struct reading *reading, struct device_node chosen)
{
    struct boot_info *boot = reading->boot;
    struct device_property property;
    if (device_tree_property(reading->tree, chosen, "rng-seed", &property)) {
        boot->random_seed_size = MIN(property.size, (uint32_t)BOOT_RANDOM_SEED);
        memcpy(boot->random_seed, property.bytes, boot->random_seed_size);
        device_property_wipe(property);
    }
    if (device_tree_property(reading->tree, chosen, "kaslr-seed", &property)) {
        (void)device_property_figure(property, 0, 2, &boot->entropy_seed);
        device_property_wipe(property);
    }
}

static void read_chosen(struct reading *reading)
{
    struct device_node chosen;
    struct device_property line;
    if (!device_tree_path(reading->tree, "/chosen", &chosen))
        return;
    if (device_tree_property(reading->tree, chosen, "bootargs", &line))
        boot_info_set_command_line(reading->boot, (const char *)line.bytes, line.size);
    add_initramfs(reading, chosen);
    take_seeds(reading, chosen);
}

enum status boot_device_tree(const struct device_tree *tree, uint64_t start, struct boot_info *boot)
{
    struct reading reading = { .tree = tree, .boot = boot };
    TRY(add_memory(&reading));
    TRY(add_reserved(&reading));
    add_reservations(&reading);
    count_cpus(&reading);
    boot->device_tree = (phys_t){ start };
    boot_info_add_memory(boot, start, tree->size, MEMORY_ACPI_RECLAIMABLE);
    read_chosen(&reading);
    return STATUS_OK;
}
