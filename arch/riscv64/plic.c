// SPDX-License-Identifier: MIT
// plic.c: the platform-level interrupt controller, for one context.
//
// A source is masked by its priority: 0 never interrupts. Its enable bit stays set from plic_connect on, because the controller
// ignores the completion of a source that is not enabled (specification, "Interrupt Completion"), and a handler may mask its own line.

#include "plic.h"

#include <lib/types.h>

#include <arch/platform_tree.h>
#include <arch/registers.h>

#include <helix/kernel_map.h>

#include "platform.h"

// Where registers lie (specification, "Memory Map"): a priority for each source; for each context a bit for each source, and a page.
enum : uint32_t { PRIORITIES = 0, ENABLES = 0x2000, ENABLES_SIZE = 0x80, CONTEXTS = 0x20'0000, CONTEXT_SIZE = 0x1000 };
enum : uint32_t { THRESHOLD = 0, CLAIM = 4, PRIORITY_NEVER = 0, PRIORITY_ON = 1 };
enum { CONTROLLERS_MAX = 16, CONTEXTS_MAX = 1024 }; // that are looked through: two modes of 512 harts
enum { EXTERNAL_OF_SUPERVISOR = 9 }; // the hart's own interrupt that a context is wired to (Privileged Architecture 1.12, 4.1.3)

static struct device_node node;                                   // [const] after plic_init, as all below
static uint32_t sources;                                          // the highest number; 0: there is no controller
static volatile uint8_t *priorities, *enables, *context_register; // mapped

// The context that interrupts the boot hart in supervisor mode.
static bool context_find(struct device_node controller, uint32_t *context)
{
    struct device_node hart, parent;
    struct device_interrupt to;
    if (!platform_boot_hart_node(&hart))
        return false;
    for (uint32_t i = 0; i < CONTEXTS_MAX && device_tree_interrupt(platform_tree(), controller, i, &to); i++) {
        if (to.count == 1 && to.cells[0] == EXTERNAL_OF_SUPERVISOR && device_tree_parent(platform_tree(), to.controller, &parent) &&
            parent.at == hart.at) {
            *context = i;
            return true;
        }
    }
    return false;
}

static bool controller_find(const char *compatible, uint32_t *context)
{
    for (uint32_t i = 0; i < CONTROLLERS_MAX && platform_tree_find(compatible, i, &node); i++) {
        if (context_find(node, context))
            return true;
    }
    return false;
}

static enum status registers_map(uint32_t context)
{
    uint64_t start, size;
    volatile void *at;
    uint32_t page = CONTEXTS + context * CONTEXT_SIZE;
    if (!device_tree_registers(platform_tree(), node, 0, &start, &size) || start & PAGE_MASK || size < page || size - page < CLAIM + 4)
        return STATUS_NO_DEVICE;
    TRY(device_map((phys_t){ start + PRIORITIES }, PLIC_SOURCES * 4, &at));
    priorities = at;
    TRY(device_map((phys_t){ start + ENABLES + context * ENABLES_SIZE }, ENABLES_SIZE, &at));
    enables = at;
    TRY(device_map((phys_t){ start + page }, CONTEXT_SIZE, &at));
    context_register = at;
    return STATUS_OK;
}

enum status plic_init(void)
{
    uint32_t context;
    uint64_t count;
    if (!platform_tree() || (!controller_find("sifive,plic-1.0.0", &context) && !controller_find("riscv,plic0", &context)) ||
        !device_tree_figure(platform_tree(), node, "riscv,ndev", &count))
        return STATUS_NO_DEVICE;
    TRY(registers_map(context));
    sources = (uint32_t)MIN(count, PLIC_SOURCES - 1ull);
    for (uint32_t source = 1; source <= sources; source++)
        plic_mask(source, true);
    for (uint32_t word = 0; word <= sources / 32; word++)
        arch_write32(enables + word * 4, 0);
    arch_write32(context_register + THRESHOLD, 0);
    return STATUS_OK;
}

bool plic_is(struct device_node controller)
{
    return sources && controller.at == node.at;
}

bool plic_has(uint32_t source)
{
    return source && source <= sources;
}

void plic_connect(uint32_t source)
{
    volatile uint8_t *word = enables + source / 32 * 4;
    plic_mask(source, true);
    arch_write32(word, arch_read32(word) | 1u << source % 32);
}

void plic_mask(uint32_t source, bool masked)
{
    arch_write32(priorities + (size_t)source * 4, masked ? PRIORITY_NEVER : PRIORITY_ON);
}

uint32_t plic_claim(void)
{
    return arch_read32(context_register + CLAIM);
}

void plic_complete(uint32_t source)
{
    arch_write32(context_register + CLAIM, source);
}
