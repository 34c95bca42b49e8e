// SPDX-License-Identifier: MIT
// ioapic.c: programs the I/O APICs (82093AA data sheet), each through its pair of index and data registers.

#include "ioapic.h"

#include <helix/kernel_map.h>
#include <helix/log.h>
#include <helix/spinlock.h>

enum : uint32_t {
    FIXED_ADDRESS = 0xfec00000,
    INDEX = 0,
    DATA = 4, // in 32-bit words
    REGISTER_VERSION = 1,
    REGISTER_LINES = 0x10,
    LINE_ACTIVE_LOW = 1 << 13,
    LINE_LEVEL = 1 << 15,
    LINE_MASKED = 1 << 16,
};

static struct controller {
    volatile uint32_t *at;
    uint32_t first_line, lines;
} controllers[ACPI_IO_APICS];
static uint32_t controller_count;                    // [const] after ioapic_init
static struct spinlock lock = SPINLOCK(RANK_DRIVER); // index and data belong together

static uint32_t controller_read(const struct controller *controller, uint32_t index)
{
    controller->at[INDEX] = index;
    return controller->at[DATA];
}

static void controller_write(const struct controller *controller, uint32_t index, uint32_t value)
{
    controller->at[INDEX] = index;
    controller->at[DATA] = value;
}

static void controller_add(uint32_t address, uint32_t first_line)
{
    volatile void *mapped;
    uint32_t inside = address & (uint32_t)PAGE_MASK; // several may share a page
    if (device_map((phys_t){ address - inside }, PAGE_SIZE, &mapped) != STATUS_OK)
        return;
    struct controller controller = { .at = (volatile uint32_t *)((volatile char *)mapped + inside), .first_line = first_line };
    uint32_t version = controller_read(&controller, REGISTER_VERSION);
    if (version == UINT32_MAX || inside % 16) {
        log_warn("interrupts", "no I/O APIC answers at 0x%x", address);
        return;
    }
    controller.lines = (version >> 16 & 0xff) + 1;
    for (uint32_t i = 0; i < controller.lines; i++)
        controller_write(&controller, REGISTER_LINES + 2 * i, LINE_MASKED);
    controllers[controller_count++] = controller;
}

enum status ioapic_init(const struct acpi_info *acpi)
{
    for (uint32_t i = 0; i < acpi->io_apic_count; i++)
        controller_add(acpi->io_apic[i].address, acpi->io_apic[i].first_line);
    if (!acpi->io_apic_count)
        controller_add(FIXED_ADDRESS, 0);
    return controller_count ? STATUS_OK : STATUS_NO_DEVICE;
}

static const struct controller *controller_of(uint32_t line)
{
    for (uint32_t i = 0; i < controller_count; i++) {
        if (line >= controllers[i].first_line && line - controllers[i].first_line < controllers[i].lines)
            return &controllers[i];
    }
    return nullptr;
}

bool ioapic_has(uint32_t line)
{
    return controller_of(line) != nullptr;
}

void ioapic_route(uint32_t line, const struct ioapic_route *route)
{
    const struct controller *controller = controller_of(line);
    uint32_t index = REGISTER_LINES + 2 * (line - controller->first_line);
    bool on = spinlock_acquire_irq(&lock);
    controller_write(controller, index, LINE_MASKED);
    controller_write(controller, index + 1, route->apic_id << 24);
    controller_write(controller, index,
                     LINE_MASKED | route->vector | (route->active_low ? LINE_ACTIVE_LOW : 0) | (route->level ? LINE_LEVEL : 0));
    spinlock_release_irq(&lock, on);
}

void ioapic_mask(uint32_t line, bool masked)
{
    const struct controller *controller = controller_of(line);
    if (!controller)
        return;
    uint32_t index = REGISTER_LINES + 2 * (line - controller->first_line);
    bool on = spinlock_acquire_irq(&lock);
    uint32_t value = controller_read(controller, index) & ~LINE_MASKED;
    controller_write(controller, index, value | (masked ? LINE_MASKED : 0));
    spinlock_release_irq(&lock, on);
}
