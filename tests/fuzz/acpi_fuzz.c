// SPDX-License-Identifier: MIT
// acpi_fuzz.c: any bytes at all as physical memory of a machine, its root pointer at the start, behind one byte that says how
// honest the checksums are.
// sources: arch/common/acpi.c lib/string.c

#include <arch/acpi.h>

#include <lib/string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum : uint64_t { BASE = 0x1000 };
enum { MEMORY_MAX = 4096, POINTER_SIZE = 36, POINTER_OLD_SIZE = 20 };

static void require(bool condition)
{
    if (!condition)
        __builtin_trap();
}

static void seal(uint8_t *bytes, uint32_t size, uint32_t checksum_at)
{
    uint8_t sum = 0;
    bytes[checksum_at] = 0;
    for (uint32_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[checksum_at] = (uint8_t)-sum;
}

// Makes the checksums of whatever looks like a table true, so that mutations reach what lies behind them. The first byte of the
// input says how many tables stay as they are.
static void seal_all(uint8_t *bytes, uint32_t size, uint32_t left_alone)
{
    static const char names[][5] = { "DSDT", "HPET", "APIC", "FACP", "XSDT", "RSDT" };
    for (uint32_t name = left_alone; name < ARRAY_LENGTH(names); name++) {
        for (uint32_t at = 0; at + POINTER_SIZE <= size; at++) {
            uint32_t length;
            memcpy(&length, bytes + at + 4, sizeof length);
            if (memcmp(bytes + at, names[name], 4) == 0 && length >= POINTER_SIZE && length <= size - at)
                seal(bytes + at, length, 9);
        }
    }
    if (size >= POINTER_SIZE && left_alone < ARRAY_LENGTH(names)) {
        seal(bytes, POINTER_OLD_SIZE, 8);
        seal(bytes, POINTER_SIZE, 32);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t memory[MEMORY_MAX];
    uint8_t left_alone = size ? bytes[0] : 0;
    size = size ? MIN(size - 1, sizeof memory) : 0;
    if (size)
        memcpy(memory, bytes + 1, size);
    seal_all(memory, (uint32_t)size, left_alone);
    const struct physical_view view = { .at = physical_buffer_at, .bytes = memory, .base = BASE, .size = size };
    struct acpi_info info;
    if (acpi_parse(&view, BASE, &info) != STATUS_OK)
        require(!info.has_madt && !info.has_fadt && !info.has_hpet);
    require(info.io_apic_count <= ACPI_IO_APICS && info.override_count <= ACPI_OVERRIDES);
    require(info.pm1a_control <= UINT16_MAX && info.pm1b_control <= UINT16_MAX && info.pm_timer <= UINT16_MAX &&
            info.smi_command <= UINT16_MAX);
    require(!info.reset.present || info.reset.space == ACPI_MEMORY || info.reset.address <= UINT16_MAX);
    require(info.s5_type_a < 8 && info.s5_type_b < 8);
    return 0;
}
