// SPDX-License-Identifier: MIT
// acpi_test.c: a small set of tables, and what is left of it when one field lies.

#include <arch/acpi.h>

#include <lib/string.h>

#include <helix/test.h>

enum : uint64_t { BASE = 0xe0000, SIZE = 2048 };
enum : uint32_t { RSDP = 0, XSDT = 64, RSDT = 128, MADT = 192, FADT = 512, HPET = 800, DSDT = 900 };

static uint8_t memory[SIZE];
static struct acpi_info info;
static struct physical_view view = { .at = physical_buffer_at, .bytes = memory, .base = BASE, .size = SIZE };

static void put(uint32_t at, uint64_t value, size_t size)
{
    memcpy(memory + at, &value, size);
}

static void seal(uint32_t at, uint32_t size, uint32_t checksum_at)
{
    uint8_t sum = 0;
    memory[at + checksum_at] = 0;
    for (uint32_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + memory[at + i]);
    memory[at + checksum_at] = (uint8_t)-sum;
}

static void table_seal(uint32_t at, const char *name, uint32_t size)
{
    memcpy(memory + at, name, 4);
    put(at + 4, size, 4);
    seal(at, size, 9);
}

static void madt_build(void)
{
    static const uint8_t entries[] = {
        0, 8,  0, 0, 1,    0,    0,    0,                               // CPU 0
        0, 8,  1, 7, 0,    0,    0,    0,                               // CPU 1, unusable
        1, 12, 0, 0, 0,    0,    0xc0, 0xfe, 0,    0, 0, 0,             // I/O APIC
        2, 10, 0, 0, 2,    0,    0,    0,    0,    0,                   // ISA 0 is line 2
        2, 10, 0, 9, 9,    0,    0,    0,    0x0f, 0,                   // ISA 9: level, low
        9, 16, 0, 0, 0x34, 0x12, 0,    0,    1,    0, 0, 0, 0, 0, 0, 0, // x2APIC 0x1234
        5, 12, 0, 0, 0,    0,    0xe0, 0xfe, 1,    0, 0, 0,             // local APIC at 0x1fee00000
    };
    put(MADT + 36, 0xfee00000, 4);
    put(MADT + 40, 1, 4);
    memcpy(memory + MADT + 44, entries, sizeof entries);
    table_seal(MADT, "APIC", 44 + sizeof entries);
}

static void dsdt_build(const uint8_t *code, uint32_t size)
{
    memset(memory + DSDT, 0, 128);
    memcpy(memory + DSDT + 36, code, size);
    table_seal(DSDT, "DSDT", 36 + size);
}

static void fadt_build(void)
{
    put(FADT + 40, BASE + DSDT, 4);
    put(FADT + 48, 0xb2, 4);
    put(FADT + 52, 2, 1);
    put(FADT + 64, 0x604, 4);
    put(FADT + 76, 0x608, 4);
    put(FADT + 108, 0x32, 1);
    put(FADT + 112, 1 << 10 | 1 << 8, 4);
    put(FADT + 116, ACPI_PORTS, 1);
    put(FADT + 120, 0xcf9, 8);
    put(FADT + 128, 6, 1);
    table_seal(FADT, "FACP", 244);
}

static void begin(void)
{
    static const uint8_t s5[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x01, 0x00, 0x00 };
    memset(memory, 0, sizeof memory);
    madt_build();
    dsdt_build(s5, sizeof s5);
    fadt_build();
    put(HPET + 40, ACPI_MEMORY, 1);
    put(HPET + 44, 0xfed00000, 8);
    table_seal(HPET, "HPET", 56);
    const uint32_t tables[] = { MADT, FADT, HPET };
    for (uint32_t i = 0; i < 3; i++) {
        put(XSDT + 36 + 8 * i, BASE + tables[i], 8);
        put(RSDT + 36 + 4 * i, BASE + tables[i], 4);
    }
    table_seal(XSDT, "XSDT", 36 + 24);
    table_seal(RSDT, "RSDT", 36 + 12);
    memcpy(memory + RSDP, "RSD PTR ", 8);
    put(RSDP + 15, 2, 1);
    put(RSDP + 16, BASE + RSDT, 4);
    put(RSDP + 20, 36, 4);
    put(RSDP + 24, BASE + XSDT, 8);
    seal(RSDP, 20, 8);
    seal(RSDP, 36, 32);
}

static enum status parse(void)
{
    return acpi_parse(&view, BASE + RSDP, &info);
}

TEST(acpi, finds_the_interrupt_controllers)
{
    begin();
    CHECK(parse() == STATUS_OK);
    CHECK(info.has_madt && info.has_8259);
    CHECK_EQUAL(info.local_apic, 0x1fee00000);
    CHECK_EQUAL(info.cpu_count, 2);
    CHECK_EQUAL(info.cpu_apic_id[0], 0);
    CHECK_EQUAL(info.cpu_apic_id[1], 0x1234);
    CHECK_EQUAL(info.io_apic_count, 1);
    CHECK_EQUAL(info.io_apic[0].address, 0xfec00000);
    CHECK_EQUAL(info.override_count, 2);
    CHECK_EQUAL(info.override[0].line, 2);
    CHECK(!info.override[0].level && !info.override[0].active_low);
    CHECK(info.override[1].level && info.override[1].active_low);
}

TEST(acpi, finds_power_registers_timers_and_the_sleep_type)
{
    begin();
    CHECK(parse() == STATUS_OK);
    CHECK(info.has_fadt && !info.hardware_reduced);
    CHECK_EQUAL(info.pm1a_control, 0x604);
    CHECK_EQUAL(info.pm_timer, 0x608);
    CHECK(info.pm_timer_32);
    CHECK_EQUAL(info.smi_command, 0xb2);
    CHECK_EQUAL(info.century, 0x32);
    CHECK(info.reset.present && info.reset.address == 0xcf9 && info.reset_value == 6);
    CHECK(info.has_s5 && info.s5_type_a == 5 && info.s5_type_b == 1);
    CHECK(info.has_hpet && info.hpet == 0xfed00000);
}

TEST(acpi, uses_the_old_root_table_when_the_new_one_does_not_hold)
{
    begin();
    memory[XSDT + 36]++;
    CHECK(parse() == STATUS_OK);
    CHECK(info.has_madt && info.has_fadt && info.has_hpet);
    begin();
    memory[RSDP + 15] = 0; // version 1 knows no other
    seal(RSDP, 20, 8);
    CHECK(parse() == STATUS_OK);
    CHECK(info.has_madt);
}

TEST(acpi, refuses_a_root_pointer_that_does_not_hold)
{
    begin();
    memory[RSDP + 8]++;
    CHECK(parse() == STATUS_NOT_FOUND);
    begin();
    memory[RSDP] = 'X';
    CHECK(parse() == STATUS_NOT_FOUND);
    begin();
    CHECK(acpi_parse(&view, 0, &info) == STATUS_NOT_FOUND);
    CHECK(acpi_parse(&view, BASE + SIZE - 10, &info) == STATUS_NOT_FOUND);
    CHECK(acpi_parse(&view, UINT64_MAX - 4, &info) == STATUS_NOT_FOUND);
    memory[XSDT + 9]++;
    memory[RSDT + 9]++;
    CHECK(parse() == STATUS_NOT_FOUND);
    CHECK(!info.has_madt && !info.has_fadt);
}

TEST(acpi, leaves_out_a_table_whose_checksum_or_length_is_wrong)
{
    begin();
    memory[MADT + 50]++;
    CHECK(parse() == STATUS_OK);
    CHECK(!info.has_madt && info.has_fadt);
    begin();
    put(HPET + 4, UINT32_MAX, 4);
    CHECK(parse() == STATUS_OK);
    CHECK(!info.has_hpet && info.has_madt);
    begin();
    put(FADT + 4, 35, 4);
    CHECK(parse() == STATUS_OK);
    CHECK(!info.has_fadt);
    begin();
    put(XSDT + 36, UINT64_MAX - 3, 8);
    table_seal(XSDT, "XSDT", 36 + 24);
    CHECK(parse() == STATUS_OK);
    CHECK(!info.has_madt && info.has_hpet);
}

TEST(acpi, stops_at_a_controller_entry_of_no_or_too_much_length)
{
    const uint8_t wrong[] = { 0, 1, 255 };
    for (size_t i = 0; i < sizeof wrong; i++) {
        begin();
        memory[MADT + 44 + 8 + 1] = wrong[i]; // the second entry's length
        table_seal(MADT, "APIC", 44 + 76);
        CHECK(parse() == STATUS_OK);
        CHECK_EQUAL(info.cpu_count, 1);
        CHECK_EQUAL(info.io_apic_count, 0);
    }
}

TEST(acpi, counts_more_cpus_than_it_can_list)
{
    begin();
    view.size = SIZE;
    for (uint32_t i = 0; i < 100; i++) {
        const uint8_t entry[] = { 0, 8, (uint8_t)i, (uint8_t)i, 1, 0, 0, 0 };
        memcpy(memory + 1024 + 44 + 8 * i, entry, sizeof entry);
    }
    table_seal(1024, "APIC", 44 + 800);
    put(XSDT + 36, BASE + 1024, 8);
    table_seal(XSDT, "XSDT", 36 + 24);
    CHECK(parse() == STATUS_OK);
    CHECK_EQUAL(info.cpu_count, 100);
    CHECK_EQUAL(info.cpu_apic_id[ACPI_CPUS - 1], ACPI_CPUS - 1);
}

TEST(acpi, takes_registers_of_a_hardware_reduced_machine_and_no_ports_beyond_16_bits)
{
    begin();
    put(FADT + 112, 1 << 20 | 1 << 10, 4);
    put(FADT + 120, 0x10cf9, 8);
    put(FADT + 244, ACPI_MEMORY, 1);
    put(FADT + 248, 0xfea00200, 8);
    table_seal(FADT, "FACP", 268);
    CHECK(parse() == STATUS_OK);
    CHECK(info.hardware_reduced && info.pm1a_control == 0);
    CHECK(info.sleep_control.present && info.sleep_control.address == 0xfea00200);
    CHECK(!info.reset.present);
}

TEST(acpi, takes_no_sleep_type_from_code_it_does_not_understand)
{
    static const uint8_t method[] = { 0x08, '_', 'S', '5', '_', 0x14, 0x06, 0x04, 0x0a, 0x05 };
    static const uint8_t string[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0d, 'x' };
    static const uint8_t cut[] = { 0x08, '_', 'S', '5', '_' };
    static const uint8_t cut_mid[] = { 0x08, '_', 'S', '5', '_', 0x12, 0xc6, 0x04 };
    const struct {
        const uint8_t *code;
        uint32_t size;
    } rows[] = { { method, sizeof method }, { string, sizeof string }, { cut, sizeof cut }, { cut_mid, sizeof cut_mid } };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        begin();
        dsdt_build(rows[i].code, rows[i].size);
        CHECK(parse() == STATUS_OK);
        CHECK(info.has_fadt && !info.has_s5);
    }
}
