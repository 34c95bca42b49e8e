// SPDX-License-Identifier: MIT
// machine.c: power: the firmware's way first (ACPI), then ever cruder ones.

#include <arch/machine.h>

#include <arch/cpu.h>

#include <helix/kernel_map.h>

#include "io.h"
#include "platform.h"

enum : uint16_t { PORT_KEYBOARD = 0x64, PORT_RESET = 0xcf9, PORT_EXIT = 0xf4, PORT_Q35_PM1 = 0x604 };
enum : uint16_t { PM1_ENABLED = 1, PM1_SLEEP = 1 << 13, PM1_TYPE_SHIFT = 10 };
enum : uint8_t {
    SLEEP_ENABLE = 1 << 5,
    SLEEP_TYPE_SHIFT = 2,
    KEYBOARD_RESET = 0xfe,
    RESET_PREPARE = 0x02,
    RESET_NOW = 0x06,
    S5_TYPE_USUAL = 5
};
enum { PATIENCE = 100'000 };

static struct acpi_info acpi;
static volatile uint8_t *sleep_register, *reset_register; // mapped; nullptr: a port, or absent

const struct acpi_info *platform_acpi(void)
{
    return &acpi;
}

void platform_read_acpi(const struct physical_view *view, uint64_t rsdp)
{
    (void)acpi_parse(view, rsdp, &acpi); // all zero without tables: the fixed places of a PC are used then
}

static volatile uint8_t *register_map(const struct acpi_register *from)
{
    volatile void *mapped;
    if (!from->present || from->space != ACPI_MEMORY ||
        device_map((phys_t){ align_down(from->address, PAGE_SIZE) }, PAGE_SIZE, &mapped) != STATUS_OK)
        return nullptr;
    return (volatile uint8_t *)mapped + (from->address & PAGE_MASK);
}

void platform_map_power(void)
{
    sleep_register = register_map(&acpi.sleep_control);
    reset_register = register_map(&acpi.reset);
}

static void register_write(const struct acpi_register *to, volatile uint8_t *mapped, uint8_t value)
{
    if (!to->present)
        return;
    if (to->space == ACPI_PORTS)
        port_write8((uint16_t)to->address, value);
    else if (mapped)
        *mapped = value;
}

static void pause_while_it_works(void)
{
    for (int i = 0; i < PATIENCE; i++)
        arch_cpu_relax();
}

// PM1 registers listen only once the firmware has handed them over.
static void acpi_take_over(void)
{
    if (!acpi.smi_command || !acpi.acpi_enable || port_read16((uint16_t)acpi.pm1a_control) & PM1_ENABLED)
        return;
    port_write8((uint16_t)acpi.smi_command, acpi.acpi_enable);
    for (int i = 0; i < PATIENCE && !(port_read16((uint16_t)acpi.pm1a_control) & PM1_ENABLED); i++)
        arch_cpu_relax();
}

static void power_off_by_acpi(void)
{
    uint8_t type = acpi.has_s5 ? acpi.s5_type_a : acpi.hardware_reduced ? S5_TYPE_USUAL : 0;
    if (acpi.hardware_reduced) {
        register_write(&acpi.sleep_control, sleep_register, (uint8_t)(type << SLEEP_TYPE_SHIFT | SLEEP_ENABLE));
    } else if (acpi.pm1a_control) {
        acpi_take_over();
        port_write16((uint16_t)acpi.pm1a_control, (uint16_t)(type << PM1_TYPE_SHIFT | PM1_SLEEP));
        if (acpi.pm1b_control)
            port_write16((uint16_t)acpi.pm1b_control, (uint16_t)(acpi.s5_type_b << PM1_TYPE_SHIFT | PM1_SLEEP));
    }
    pause_while_it_works();
}

// Without ACPI there is no way off but QEMU's q35 port; a machine without that (microvm, acpi=off) ends with its reset, which
// is what QEMU's -no-reboot takes for the end.
void arch_power_off(void)
{
    (void)arch_interrupts_disable();
    if (acpi.has_fadt) {
        power_off_by_acpi();
        return;
    }
    port_write16(PORT_Q35_PM1, PM1_SLEEP);
    pause_while_it_works();
    arch_reboot();
}

// An exception without a table to look it up in: the CPU itself gives up and resets.
[[noreturn]] static void triple_fault(void)
{
    struct [[gnu::packed]] {
        uint16_t limit;
        uint64_t base;
    } nothing = {};
    for (;;)
        __asm__ volatile("lidt %0; int3" : : "m"(nothing));
}

void arch_reboot(void)
{
    (void)arch_interrupts_disable();
    register_write(&acpi.reset, reset_register, acpi.reset_value);
    pause_while_it_works();
    port_write8(PORT_KEYBOARD, KEYBOARD_RESET);
    pause_while_it_works();
    port_write8(PORT_RESET, RESET_PREPARE);
    port_write8(PORT_RESET, RESET_NOW);
    pause_while_it_works();
    triple_fault();
}

void arch_exit_emulator(uint32_t code)
{
    port_write32(PORT_EXIT, code); // QEMU's isa-debug-exit: ends with (code << 1) | 1
}

const char *arch_name(void)
{
    return "x86_64";
}
