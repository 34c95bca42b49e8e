// SPDX-License-Identifier: MIT
// ioapic.h: the I/O APICs: which vector a device line raises on which CPU.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <arch/acpi.h>

// Maps the controllers that the tables name, or the one at its fixed place when they name none, and masks all their lines.
// STATUS_NO_DEVICE: none answers.
enum status ioapic_init(const struct acpi_info *acpi);

struct ioapic_route {
    uint32_t vector, apic_id;
    bool active_low, level;
};

bool ioapic_has(uint32_t line);
void ioapic_route(uint32_t line, const struct ioapic_route *route); // masked; ioapic_has(line)
void ioapic_mask(uint32_t line, bool masked);
