// SPDX-License-Identifier: MIT
// early_console.c: a PL011 by polling, as firmware has set it up.
//
// Its registers keep one address from the first line to the last: boot code's page tables show them there, and so do the kernel's own
// when they come into force. There is no moment at which a line would fault.

#include "early_console.h"

#include <arch/machine.h>
#include <arch/registers.h>
#include <arch/space.h>

#include "boot.h"
#include "offsets.h"

enum { DATA = 0x00, FLAGS = 0x18, CONTROL = 0x30 }; // PL011, Arm DDI 0183, chapter 3
enum : uint32_t { FLAG_FULL = 1 << 5, CONTROL_ON = 1 << 0 | 1 << 8 };
enum { PATIENCE = 1'000'000 }; // polls: a byte takes 87 us

static volatile uint8_t *registers; // nullptr: none
static uint64_t page;               // physical, where they lie

static bool standard_output(const struct device_tree *tree, struct device_node *node)
{
    struct device_node chosen;
    struct device_property property;
    const char *path;
    return device_tree_path(tree, "/chosen", &chosen) && device_tree_property(tree, chosen, "stdout-path", &property) &&
           device_property_string(property, 0, &path) && device_tree_path(tree, path, node) &&
           device_tree_is_compatible(tree, *node, "arm,pl011");
}

// Until the tree has told, what goes wrong is told where boot.S would tell it.
void early_console_guess(void)
{
    page = VIRT_UART;
    registers = boot_map_device((phys_t){ page });
}

void early_console_find(const struct device_tree *tree)
{
    struct device_node node;
    uint64_t start, size;
    registers = nullptr;
    if (!standard_output(tree, &node) && !device_tree_compatible(tree, device_tree_root(tree), "arm,pl011", &node))
        return;
    if (!device_tree_registers(tree, node, 0, &start, &size) || size <= CONTROL || !is_aligned(start, 4) ||
        (start & PAGE_MASK) > PAGE_SIZE - CONTROL - 4)
        return;
    page = align_down(start, PAGE_SIZE);
    registers = boot_map_device((phys_t){ start });
    if (registers)
        arch_write32(registers + CONTROL, arch_read32(registers + CONTROL) | CONTROL_ON);
}

void early_console_keep(void)
{
    virt_t at = { align_down((uint64_t)(uintptr_t)registers, PAGE_SIZE) };
    if (registers && arch_kernel_map(at, (phys_t){ page }, 1, PAGE_READ | PAGE_WRITE | PAGE_UNCACHED) != STATUS_OK)
        registers = nullptr;
}

static bool is_full(void)
{
    return arch_read32(registers + FLAGS) & FLAG_FULL;
}

// A port that never gets ready costs its patience once and nothing else.
static void byte_write(uint8_t byte)
{
    static bool stuck;
    for (int polls = 0; is_full() && !stuck && polls < PATIENCE; polls++)
        __asm__ volatile("yield");
    stuck = is_full();
    arch_write32(registers + DATA, byte);
}

void arch_early_console_write(const char *text, size_t length)
{
    for (size_t i = 0; registers && i < length; i++) {
        if (text[i] == '\n')
            byte_write('\r');
        byte_write((uint8_t)text[i]);
    }
}
