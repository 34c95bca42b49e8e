// SPDX-License-Identifier: MIT
// acpi.h: the figures that the kernel needs from the ACPI tables (ACPI specification 6.5, chapter 5).
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <arch/physical.h>

enum { ACPI_CPUS = 64, ACPI_IO_APICS = 8, ACPI_OVERRIDES = 24 };

enum acpi_space : uint8_t { ACPI_MEMORY = 0, ACPI_PORTS = 1 };

struct acpi_register {
    bool present;
    uint8_t space; // enum acpi_space; registers elsewhere are reported as absent
    uint64_t address;
};

struct acpi_io_apic {
    uint32_t id, address, first_line;
};

// An ISA interrupt that is wired to another line, or otherwise than ISA's edge, active high.
struct acpi_override {
    uint8_t source;
    uint32_t line;
    bool active_low, level;
};

struct acpi_info {
    bool has_madt, has_fadt, has_hpet;
    bool has_8259;       // the old interrupt controllers are there too
    uint64_t local_apic; // 0: not said
    uint32_t cpu_count;  // usable ones; beyond ACPI_CPUS they are not listed
    uint32_t cpu_apic_id[ACPI_CPUS];
    uint32_t io_apic_count;
    struct acpi_io_apic io_apic[ACPI_IO_APICS];
    uint32_t override_count;
    struct acpi_override override[ACPI_OVERRIDES];
    uint64_t hpet;                       // physical address
    bool hardware_reduced;               // no PM1 registers: sleep goes through sleep_control
    uint32_t pm1a_control, pm1b_control; // ports, 0: none
    uint32_t smi_command;                // port; 0: ACPI is always on
    uint8_t acpi_enable;
    uint32_t pm_timer; // port, 0: none
    bool pm_timer_32;  // 32 bits wide instead of 24
    struct acpi_register reset, sleep_control;
    uint8_t reset_value;
    uint8_t century; // CMOS index of the century, 0: none
    bool has_s5;
    uint8_t s5_type_a, s5_type_b;
};

// Reads the tables behind the root pointer at `rsdp`. Every length and checksum is verified before use; a table that does
// not hold is left out. Pure. STATUS_NOT_FOUND: no valid root pointer or root table there; *info is all zero then.
enum status acpi_parse(const struct physical_view *view, uint64_t rsdp, struct acpi_info *info);
