// SPDX-License-Identifier: MIT
// acpi.c: reads the ACPI tables: interrupt controllers (MADT), the HPET, power registers (FADT) and the S5 sleep type (DSDT).
//
// Purpose     Turn firmware tables, of which every byte may be wrong, into one small struct.
// How         A table is used only when its header is readable, its length fits the view and its bytes sum to 0. Fields behind
//             a table's end read as 0, so old and short tables need no case of their own.
// Invariants  Nothing is read outside what the view grants. Loops end: each step advances by at least one entry.
// Not here    AML. The sleep type is found by its name and the few encodings of a constant package.

#include <arch/acpi.h>

#include <lib/string.h>

enum { HEADER_SIZE = 36, ROOT_ENTRIES = 256, TABLE_MAX = 16 * 1024 * 1024, MADT_FIRST = 44, MADT_STEPS = 4096 };

struct table {
    const uint8_t *bytes;
    uint32_t size;
};

static uint64_t field(struct table table, uint32_t at, uint32_t size)
{
    uint64_t value = 0;
    if (at > table.size || size > table.size - at)
        return 0;
    for (uint32_t i = 0; i < size; i++)
        value |= (uint64_t)table.bytes[at + i] << 8 * i;
    return value;
}

static uint32_t field32(struct table table, uint32_t at)
{
    return (uint32_t)field(table, at, 4);
}

static uint8_t field8(struct table table, uint32_t at)
{
    return (uint8_t)field(table, at, 1);
}

static bool sums_to_zero(const uint8_t *bytes, uint32_t size)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

// False: no table there that holds.
static bool table_open(const struct physical_view *view, uint64_t at, struct table *table)
{
    const uint8_t *header = at ? physical_at(view, at, HEADER_SIZE) : nullptr;
    if (!header)
        return false;
    struct table found = { .bytes = header, .size = HEADER_SIZE };
    uint32_t size = field32(found, 4);
    if (size < HEADER_SIZE || size > TABLE_MAX)
        return false;
    found = (struct table){ .bytes = physical_at(view, at, size), .size = size };
    if (!found.bytes || !sums_to_zero(found.bytes, size))
        return false;
    *table = found;
    return true;
}

static bool table_named(struct table table, const char *name)
{
    return memcmp(table.bytes, name, 4) == 0;
}

static void madt_cpu(struct acpi_info *info, uint32_t apic_id, uint32_t flags)
{
    if (!(flags & 3)) // neither enabled nor to be enabled
        return;
    if (info->cpu_count < ACPI_CPUS)
        info->cpu_apic_id[info->cpu_count] = apic_id;
    info->cpu_count++;
}

static void madt_io_apic(struct acpi_info *info, struct table entry)
{
    if (info->io_apic_count == ACPI_IO_APICS || !field32(entry, 4))
        return;
    info->io_apic[info->io_apic_count++] =
        (struct acpi_io_apic){ .id = field8(entry, 2), .address = field32(entry, 4), .first_line = field32(entry, 8) };
}

static void madt_override(struct acpi_info *info, struct table entry)
{
    if (info->override_count == ACPI_OVERRIDES || field8(entry, 2) != 0)
        return;
    uint32_t flags = (uint32_t)field(entry, 8, 2);
    info->override[info->override_count++] = (struct acpi_override){
        .source = field8(entry, 3),
        .line = field32(entry, 4),
        .active_low = (flags & 3) == 3,
        .level = (flags >> 2 & 3) == 3,
    };
}

static void madt_entry(struct acpi_info *info, struct table entry)
{
    enum { LOCAL_APIC = 0, IO_APIC = 1, OVERRIDE = 2, LOCAL_APIC_ADDRESS = 5, LOCAL_X2APIC = 9 };
    switch (field8(entry, 0)) {
    case LOCAL_APIC:
        madt_cpu(info, field8(entry, 3), field32(entry, 4));
        break;
    case LOCAL_X2APIC:
        madt_cpu(info, field32(entry, 4), field32(entry, 8));
        break;
    case IO_APIC:
        madt_io_apic(info, entry);
        break;
    case OVERRIDE:
        madt_override(info, entry);
        break;
    case LOCAL_APIC_ADDRESS:
        info->local_apic = field(entry, 4, 8);
        break;
    }
}

static void madt_parse(struct acpi_info *info, struct table table)
{
    if (info->has_madt || table.size < MADT_FIRST)
        return;
    info->has_madt = true;
    info->local_apic = field32(table, 36);
    info->has_8259 = field32(table, 40) & 1;
    uint32_t at = MADT_FIRST;
    for (uint32_t step = 0; step < MADT_STEPS && table.size - at >= 2; step++) {
        uint32_t size = table.bytes[at + 1];
        if (size < 2 || size > table.size - at)
            return;
        madt_entry(info, (struct table){ .bytes = table.bytes + at, .size = size });
        at += size;
    }
}

static void hpet_parse(struct acpi_info *info, struct table table)
{
    if (field8(table, 40) != ACPI_MEMORY || !field(table, 44, 8))
        return;
    info->hpet = field(table, 44, 8);
    info->has_hpet = true;
}

static struct acpi_register register_parse(struct table table, uint32_t at)
{
    struct acpi_register found = { .space = field8(table, at), .address = field(table, at + 4, 8) };
    found.present = found.address && (found.space == ACPI_MEMORY || (found.space == ACPI_PORTS && found.address <= UINT16_MAX));
    return found;
}

static uint32_t port_or_none(uint32_t port)
{
    return port <= UINT16_MAX ? port : 0;
}

// A constant of AML: ZeroOp, OneOp or a byte. Anything else is not what firmware writes here.
static bool aml_byte(struct table code, uint32_t *at, uint8_t *value)
{
    enum { ZERO = 0x00, ONE = 0x01, BYTE = 0x0a };
    uint8_t op = field8(code, *at);
    if (*at >= code.size || (op != ZERO && op != ONE && op != BYTE))
        return false;
    *value = op == BYTE ? field8(code, *at + 1) : op;
    *at += op == BYTE ? 2 : 1;
    return true;
}

// Name (_S5_, Package (n) { a, b, … }): 08 "_S5_" 12 length n a b.
static bool s5_parse(struct acpi_info *info, struct table code, uint32_t at)
{
    enum { PACKAGE = 0x12 };
    if (field8(code, at) != PACKAGE)
        return false;
    at += 2 + (field8(code, at + 1) >> 6); // the length's upper two bits count its further bytes
    if (field8(code, at) < 1)
        return false;
    uint8_t first, second;
    at++;
    if (!aml_byte(code, &at, &first))
        return false;
    if (!aml_byte(code, &at, &second))
        second = first;
    info->s5_type_a = first & 7;
    info->s5_type_b = second & 7;
    return true;
}

static void dsdt_parse(struct acpi_info *info, struct table table)
{
    for (uint32_t at = HEADER_SIZE; table.size - at >= 5; at++) {
        if (table.bytes[at] == '_' && memcmp(table.bytes + at, "_S5_", 4) == 0 && (info->has_s5 = s5_parse(info, table, at + 4)))
            return;
    }
}

static void fadt_parse(const struct physical_view *view, struct acpi_info *info, struct table table)
{
    enum : uint32_t { FLAG_TIMER_32 = 1 << 8, FLAG_RESET = 1 << 10, FLAG_REDUCED = 1 << 20 };
    if (info->has_fadt)
        return;
    info->has_fadt = true;
    uint32_t flags = field32(table, 112);
    info->hardware_reduced = flags & FLAG_REDUCED;
    info->century = field8(table, 108);
    if (flags & FLAG_RESET) {
        info->reset = register_parse(table, 116);
        info->reset_value = field8(table, 128);
    }
    if (info->hardware_reduced) {
        info->sleep_control = register_parse(table, 244);
    } else {
        info->smi_command = port_or_none(field32(table, 48));
        info->acpi_enable = field8(table, 52);
        info->pm1a_control = port_or_none(field32(table, 64));
        info->pm1b_control = port_or_none(field32(table, 68));
        info->pm_timer = port_or_none(field32(table, 76));
        info->pm_timer_32 = flags & FLAG_TIMER_32;
    }
    struct table dsdt;
    uint64_t wide = field(table, 140, 8);
    if (table_open(view, wide ? wide : field32(table, 40), &dsdt) && table_named(dsdt, "DSDT"))
        dsdt_parse(info, dsdt);
}

static void table_parse(const struct physical_view *view, struct acpi_info *info, uint64_t at)
{
    struct table table;
    if (!table_open(view, at, &table))
        return;
    if (table_named(table, "APIC"))
        madt_parse(info, table);
    else if (table_named(table, "FACP"))
        fadt_parse(view, info, table);
    else if (table_named(table, "HPET"))
        hpet_parse(info, table);
}

// The root table, of 8-byte addresses where there is one (XSDT), else of 4-byte ones. False: none that holds.
static bool root_open(const struct physical_view *view, uint64_t rsdp, struct table *root, uint32_t *entry_size)
{
    enum { FIRST_SIZE = 20, EXTENDED_SIZE = 36 };
    struct table pointer = { .bytes = rsdp ? physical_at(view, rsdp, FIRST_SIZE) : nullptr, .size = FIRST_SIZE };
    if (!pointer.bytes || memcmp(pointer.bytes, "RSD PTR ", 8) != 0 || !sums_to_zero(pointer.bytes, FIRST_SIZE))
        return false;
    const uint8_t *extended = pointer.bytes[15] >= 2 ? physical_at(view, rsdp, EXTENDED_SIZE) : nullptr;
    if (extended && sums_to_zero(extended, EXTENDED_SIZE)) {
        pointer = (struct table){ .bytes = extended, .size = EXTENDED_SIZE };
        *entry_size = 8;
        if (table_open(view, field(pointer, 24, 8), root) && table_named(*root, "XSDT"))
            return true;
    }
    *entry_size = 4;
    return table_open(view, field32(pointer, 16), root) && table_named(*root, "RSDT");
}

enum status acpi_parse(const struct physical_view *view, uint64_t rsdp, struct acpi_info *info)
{
    struct table root;
    uint32_t entry_size;
    *info = (struct acpi_info){};
    if (!root_open(view, rsdp, &root, &entry_size))
        return STATUS_NOT_FOUND;
    uint32_t count = MIN((root.size - HEADER_SIZE) / entry_size, (uint32_t)ROOT_ENTRIES);
    for (uint32_t i = 0; i < count; i++)
        table_parse(view, info, field(root, HEADER_SIZE + i * entry_size, entry_size));
    return STATUS_OK;
}
