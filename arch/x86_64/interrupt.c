// SPDX-License-Identifier: MIT
// interrupt.c: from a device line to a vector: ISA numbering, the firmware's overrides, the I/O APIC's entry.

#include <arch/interrupt.h>

#include <helix/cpu.h>
#include <helix/spinlock.h>

#include "apic.h"
#include "io.h"
#include "ioapic.h"
#include "platform.h"

enum { ISA_LINES = 16, LINES_MAX = 256 };
enum : uint16_t { PIC_FIRST = 0x20, PIC_SECOND = 0xa0 };

static struct spinlock lock = SPINLOCK(RANK_DRIVER);
static uint8_t vector_of_line[LINES_MAX] GUARDED_BY(lock); // 0: not routed
static uint32_t next_vector GUARDED_BY(lock) = VECTOR_MORE_LINES;

// The old controllers stay masked, moved to vectors where a late interrupt of theirs harms nobody.
static void pic_retire(uint16_t base, uint8_t vector, uint8_t cascade)
{
    port_write8(base + 1, 0xff);
    port_write8(base, 0x11); // initialise: vector, cascade and mode follow
    port_write8(base + 1, vector);
    port_write8(base + 1, cascade);
    port_write8(base + 1, 0x01);
    port_write8(base + 1, 0xff);
}

enum status arch_interrupt_init(const struct boot_info *boot)
{
    pic_retire(PIC_FIRST, VECTOR_PIC, 1 << 2);
    pic_retire(PIC_SECOND, VECTOR_PIC + 8, 2);
    TRY(apic_init());
    TRY(ioapic_init(platform_acpi()));
    platform_map_power();
    return STATUS_OK;
}

// How the line is wired: ISA lines as ISA says unless the firmware overrides it, all others as PCI's.
static struct ioapic_route line_wiring(uint32_t *line)
{
    const struct acpi_info *acpi = platform_acpi();
    for (uint32_t i = 0; i < acpi->override_count; i++) {
        const struct acpi_override *override = &acpi->override[i];
        if (override->source != *line || *line >= ISA_LINES)
            continue;
        *line = override->line;
        return (struct ioapic_route){ .active_low = override->active_low, .level = override->level };
    }
    bool isa = *line < ISA_LINES;
    return (struct ioapic_route){ .active_low = !isa, .level = !isa };
}

static uint32_t vector_take(uint32_t line) MUST_HOLD(lock)
{
    if (line < ISA_LINES)
        return VECTOR_LINES + line;
    if (next_vector == VECTOR_SYSCALL)
        next_vector++;
    return next_vector < VECTOR_LINES_END ? next_vector++ : 0;
}

enum status arch_interrupt_route(uint32_t line, uint32_t *vector)
{
    uint32_t wired = line;
    struct ioapic_route route = line_wiring(&wired);
    if (line >= LINES_MAX || !ioapic_has(wired))
        return STATUS_NO_DEVICE;
    bool on = spinlock_acquire_irq(&lock);
    route.vector = vector_of_line[line];
    bool fresh = !route.vector;
    if (fresh)
        route.vector = vector_take(line);
    vector_of_line[line] = (uint8_t)route.vector;
    spinlock_release_irq(&lock, on);
    if (!route.vector)
        return STATUS_NO_SPACE;
    route.apic_id = cpu_local()->arch.apic_id;
    if (fresh)
        ioapic_route(wired, &route);
    *vector = route.vector;
    return STATUS_OK;
}

void arch_interrupt_mask(uint32_t line)
{
    (void)line_wiring(&line);
    ioapic_mask(line, true);
}

void arch_interrupt_unmask(uint32_t line)
{
    (void)line_wiring(&line);
    ioapic_mask(line, false);
}

void arch_ipi_send(uint32_t cpu)
{
    apic_send(cpu_by_id(cpu)->arch.apic_id, VECTOR_IPI);
}

const char *arch_interrupt_controller_name(void)
{
    return apic_name();
}
