// SPDX-License-Identifier: MIT
// platform_tree_test.c: the machine's own tree, and a device that every machine with one has.

#include <arch/platform_tree.h>

#include <arch/device.h>

#include <helix/boot_info.h>
#include <helix/frames.h>
#include <helix/test.h>

KERNEL_TEST(platform_tree, is_the_one_that_the_loader_passed)
{
    const struct device_tree *tree = platform_tree();
    CHECK(tree != nullptr);
    CHECK(boot_info()->device_tree.raw != 0);
    CHECK(tree && tree->bytes == (const uint8_t *)direct_map(boot_info()->device_tree));
}

KERNEL_TEST(platform_tree, holds_no_seed_any_more)
{
    static const char *const names[] = { "rng-seed", "kaslr-seed" };
    struct device_node chosen;
    struct device_property seed;
    if (!platform_tree() || !device_tree_path(platform_tree(), "/chosen", &chosen))
        return;
    for (uint32_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (!device_tree_property(platform_tree(), chosen, names[i], &seed))
            continue;
        for (uint32_t at = 0; at < seed.size; at++)
            CHECK_EQUAL(seed.bytes[at], 0);
    }
}

// Every machine that is emulated has a virtio slot, on every port.
KERNEL_TEST(platform_tree, finds_a_device_with_registers_and_line)
{
    struct arch_device device, second;
    if (arch_device_find("virtio,mmio", 0, &device) != STATUS_OK || arch_device_find("virtio,mmio", 1, &second) != STATUS_OK)
        return;
    CHECK(device.line != ARCH_NO_LINE && second.line != ARCH_NO_LINE && device.line != second.line);
    CHECK(device.start.raw != second.start.raw);
    CHECK_EQUAL(arch_read32(device.registers.memory), 0x74726976); // "virt": virtio 1.1, 4.2.2
    CHECK_EQUAL(arch_read32(second.registers.memory), 0x74726976);
}

KERNEL_TEST(platform_tree, finds_no_device_that_is_not_there)
{
    struct arch_device device;
    CHECK(arch_device_find("acme,none", 0, &device) == STATUS_NOT_FOUND);
    CHECK(arch_device_find("virtio,mmio", UINT32_MAX, &device) == STATUS_NOT_FOUND);
}
