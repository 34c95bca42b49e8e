// SPDX-License-Identifier: MIT
// cpu_describe.c: the CPU in words: its core, its revision and its features, as people know them from Linux.

#include <arch/cpu.h>
#include <arch/page_table.h>

#include <lib/format.h>

#include "features.h"

static const struct core {
    uint8_t implementer;
    uint16_t part;
    const char *name;
} cores[] = {
    { 0x00, 0x051, "QEMU max" },   { 0x41, 0xd03, "Cortex-A53" },  { 0x41, 0xd04, "Cortex-A35" },  { 0x41, 0xd05, "Cortex-A55" },
    { 0x41, 0xd07, "Cortex-A57" }, { 0x41, 0xd08, "Cortex-A72" },  { 0x41, 0xd09, "Cortex-A73" },  { 0x41, 0xd0a, "Cortex-A75" },
    { 0x41, 0xd0b, "Cortex-A76" }, { 0x41, 0xd0c, "Neoverse-N1" }, { 0x41, 0xd0d, "Cortex-A77" },  { 0x41, 0xd40, "Neoverse-V1" },
    { 0x41, 0xd41, "Cortex-A78" }, { 0x41, 0xd44, "Cortex-X1" },   { 0x41, 0xd46, "Cortex-A510" }, { 0x41, 0xd47, "Cortex-A710" },
    { 0x41, 0xd48, "Cortex-X2" },  { 0x41, 0xd49, "Neoverse-N2" }, { 0x41, 0xd4f, "Neoverse-V2" }, { 0x46, 0x001, "A64FX" },
};

// MIDR_EL1: implementer, variant, architecture, part, revision.
static uint32_t identity_field(uint64_t identity, uint32_t shift, uint32_t bits)
{
    return (uint32_t)(identity >> shift) & ((1u << bits) - 1);
}

static const char *core_name(uint64_t identity)
{
    for (size_t i = 0; i < ARRAY_LENGTH(cores); i++) {
        if (cores[i].implementer == identity_field(identity, 24, 8) && cores[i].part == identity_field(identity, 4, 12))
            return cores[i].name;
    }
    return nullptr;
}

static void add_core(struct text *text, uint64_t identity)
{
    const char *name = core_name(identity);
    if (name)
        text_add(text, "%s", name);
    else
        text_add(text, "core 0x%02x-0x%03x", identity_field(identity, 24, 8), identity_field(identity, 4, 12));
    text_add(text, " r%up%u:", identity_field(identity, 20, 4), identity_field(identity, 0, 4));
}

size_t arch_cpu_describe(char *to, size_t size)
{
    struct text text = { .bytes = to, .size = size };
    add_core(&text, system_register_read("midr_el1"));
    if (feature_field(system_register_read(ID_AA64MMFR1), 20))
        text_add(&text, " pan");
    if (feature_field(system_register_read(ID_AA64MMFR2), 60))
        text_add(&text, " e0pd");
    if (feature_field(system_register_read(ID_AA64ISAR0), 60))
        text_add(&text, " rndr");
    text_add(&text, " asid%u", translation_tags() > 256 ? 16 : 8);
    return text.length;
}

size_t arch_cpu_information(uint32_t cpu, char *to, size_t size)
{
    struct text text = { .bytes = to, .size = size };
    uint64_t identity = system_register_read("midr_el1");
    uint64_t bogomips = arch_cycles_per_second() / 5000; // hundredths of twice the counter's MHz, as Linux counts them
    text_add(&text, "processor\t: %u\nBogoMIPS\t: %llu.%02llu\nFeatures\t:", cpu, (unsigned long long)(bogomips / 100),
             (unsigned long long)(bogomips % 100));
    for (size_t i = 0; i < feature_count; i++) {
        if (feature_present(&features[i]))
            text_add(&text, " %s", features[i].name);
    }
    text_add(&text, " cpuid\nCPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\n", identity_field(identity, 24, 8),
             identity_field(identity, 20, 4));
    text_add(&text, "CPU part\t: 0x%03x\nCPU revision\t: %u\n\n", identity_field(identity, 4, 12), identity_field(identity, 0, 4));
    return text.length;
}
