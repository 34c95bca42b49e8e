// SPDX-License-Identifier: MIT
// platform.c: the start of everything, and what the device tree says about the boot hart.

#include "platform.h"

#include <lib/string.h>

#include <arch/boot.h>
#include <arch/counter.h>
#include <arch/platform_tree.h>

#include <helix/boot_info.h>

#include "early_console.h"

uint64_t boot_hart;

void arch_boot_begin(uint64_t data)
{
    counter_begin();
    early_console_init();
}

void arch_boot_platform(const struct physical_view *view, struct boot_info *boot)
{
    (void)platform_tree_read(view, boot->device_tree); // who needs it asks whether it is there
}

bool platform_boot_hart_node(struct device_node *node)
{
    const struct device_tree *tree = platform_tree();
    struct device_node cpus;
    if (!tree || !device_tree_path(tree, "/cpus", &cpus))
        return false;
    for (bool more = device_tree_child(tree, cpus, node); more; more = device_tree_sibling(tree, *node, node)) {
        uint64_t hart;
        if (device_tree_is_compatible(tree, *node, "riscv") && device_tree_figure(tree, *node, "reg", &hart) && hart == boot_hart)
            return true;
    }
    return false;
}

// "rv64imafdc_zicsr_sstc": whether `name` is one of the parts behind the first.
static bool isa_has(const char *isa, const char *name)
{
    size_t length = strlen(name);
    for (; *isa; isa++) {
        if (*isa == '_' && !strncmp(isa + 1, name, length) && (isa[1 + length] == '_' || !isa[1 + length]))
            return true;
    }
    return false;
}

bool platform_hart_has(const char *name)
{
    struct device_node hart;
    struct device_property list;
    const char *text;
    if (!platform_boot_hart_node(&hart))
        return false;
    if (device_tree_property(platform_tree(), hart, "riscv,isa-extensions", &list)) {
        for (uint32_t i = 0; device_property_string(list, i, &text); i++) {
            if (string_equal(text, name))
                return true;
        }
    }
    return device_tree_property(platform_tree(), hart, "riscv,isa", &list) && device_property_string(list, 0, &text) && isa_has(text, name);
}
