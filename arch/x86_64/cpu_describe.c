// SPDX-License-Identifier: MIT
// cpu_describe.c: the CPU in words: its name, its family and its features, as people know them from Linux.

#include <arch/cpu.h>

#include <lib/format.h>
#include <lib/string.h>

#include "cpuid.h"

enum leaf_register : uint8_t { REGISTER_A, REGISTER_B, REGISTER_C, REGISTER_D };

static const struct feature {
    const char *name;
    uint32_t leaf;
    enum leaf_register in;
    uint8_t bit;
} features[] = {
    { "fpu", 1, REGISTER_D, 0 },
    { "de", 1, REGISTER_D, 2 },
    { "pse", 1, REGISTER_D, 3 },
    { "tsc", 1, REGISTER_D, 4 },
    { "msr", 1, REGISTER_D, 5 },
    { "pae", 1, REGISTER_D, 6 },
    { "cx8", 1, REGISTER_D, 8 },
    { "apic", 1, REGISTER_D, 9 },
    { "pge", 1, REGISTER_D, 13 },
    { "cmov", 1, REGISTER_D, 15 },
    { "pat", 1, REGISTER_D, 16 },
    { "clflush", 1, REGISTER_D, 19 },
    { "mmx", 1, REGISTER_D, 23 },
    { "fxsr", 1, REGISTER_D, 24 },
    { "sse", 1, REGISTER_D, 25 },
    { "sse2", 1, REGISTER_D, 26 },
    { "syscall", 0x8000'0001, REGISTER_D, 11 },
    { "nx", 0x8000'0001, REGISTER_D, 20 },
    { "pdpe1gb", 0x8000'0001, REGISTER_D, 26 },
    { "rdtscp", 0x8000'0001, REGISTER_D, 27 },
    { "lm", 0x8000'0001, REGISTER_D, 29 },
    { "constant_tsc", 0x8000'0007, REGISTER_D, 8 },
    { "nonstop_tsc", 0x8000'0007, REGISTER_D, 8 },
    { "pni", 1, REGISTER_C, 0 },
    { "pclmulqdq", 1, REGISTER_C, 1 },
    { "ssse3", 1, REGISTER_C, 9 },
    { "fma", 1, REGISTER_C, 12 },
    { "cx16", 1, REGISTER_C, 13 },
    { "sse4_1", 1, REGISTER_C, 19 },
    { "sse4_2", 1, REGISTER_C, 20 },
    { "x2apic", 1, REGISTER_C, 21 },
    { "movbe", 1, REGISTER_C, 22 },
    { "popcnt", 1, REGISTER_C, 23 },
    { "tsc_deadline_timer", 1, REGISTER_C, 24 },
    { "aes", 1, REGISTER_C, 25 },
    { "xsave", 1, REGISTER_C, 26 },
    { "avx", 1, REGISTER_C, 28 },
    { "f16c", 1, REGISTER_C, 29 },
    { "rdrand", 1, REGISTER_C, 30 },
    { "hypervisor", 1, REGISTER_C, 31 },
    { "lahf_lm", 0x8000'0001, REGISTER_C, 0 },
    { "svm", 0x8000'0001, REGISTER_C, 2 },
    { "abm", 0x8000'0001, REGISTER_C, 5 },
    { "sse4a", 0x8000'0001, REGISTER_C, 6 },
    { "bmi1", 7, REGISTER_B, 3 },
    { "avx2", 7, REGISTER_B, 5 },
    { "smep", 7, REGISTER_B, 7 },
    { "bmi2", 7, REGISTER_B, 8 },
    { "erms", 7, REGISTER_B, 9 },
    { "avx512f", 7, REGISTER_B, 16 },
    { "rdseed", 7, REGISTER_B, 18 },
    { "adx", 7, REGISTER_B, 19 },
    { "smap", 7, REGISTER_B, 20 },
    { "clflushopt", 7, REGISTER_B, 23 },
    { "sha_ni", 7, REGISTER_B, 29 },
    { "umip", 7, REGISTER_C, 2 },
    { "pku", 7, REGISTER_C, 3 },
    { "ospke", 7, REGISTER_C, 3 }, // the CPU says so only once a program has asked for a key
    { "rdpid", 7, REGISTER_C, 22 },
    { "fsrm", 7, REGISTER_D, 4 },
};

static bool feature_present(const struct feature *feature)
{
    struct cpuid leaf = cpuid_checked(feature->leaf, 0);
    uint32_t values[] = { leaf.a, leaf.b, leaf.c, leaf.d };
    return values[feature->in] >> feature->bit & 1;
}

static void cpu_vendor(char vendor[13])
{
    struct cpuid leaf = cpuid_read(0, 0);
    memcpy(vendor, &leaf.b, 4);
    memcpy(vendor + 4, &leaf.d, 4);
    memcpy(vendor + 8, &leaf.c, 4);
    vendor[12] = '\0';
}

static const char *cpu_model_name(char name[49])
{
    for (uint32_t i = 0; i < 3; i++) {
        struct cpuid leaf = cpuid_checked(0x8000'0002 + i, 0);
        memcpy(name + i * sizeof leaf, &leaf, sizeof leaf);
    }
    name[48] = '\0';
    const char *visible = name;
    while (*visible == ' ')
        visible++;
    return *visible ? visible : "unknown";
}

static void add_features(struct text *text)
{
    const char *space = "";
    for (size_t i = 0; i < ARRAY_LENGTH(features); i++) {
        if (!feature_present(&features[i]))
            continue;
        text_add(text, "%s%s", space, features[i].name);
        space = " ";
    }
}

size_t arch_cpu_describe(char *to, size_t size)
{
    static const char *const notable[] = { "nx",           "smep",  "smap",   "umip",  "x2apic", "tsc_deadline_timer",
                                           "constant_tsc", "xsave", "rdrand", "rdseed" };
    char name[49];
    struct text text = { .bytes = to, .size = size };
    text_add(&text, "%s:", cpu_model_name(name));
    for (size_t i = 0; i < ARRAY_LENGTH(features); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(notable); j++) {
            if (string_equal(features[i].name, notable[j]) && feature_present(&features[i]))
                text_add(&text, " %s", notable[j]);
        }
    }
    return text.length;
}

size_t arch_cpu_information(uint32_t cpu, char *to, size_t size)
{
    char vendor[13], name[49];
    struct text text = { .bytes = to, .size = size };
    struct cpuid leaf = cpuid_read(1, 0);
    uint32_t family = leaf.a >> 8 & 0xf, model = leaf.a >> 4 & 0xf;
    uint64_t khz = arch_cycles_per_second() / 1000;
    struct cpuid bits = cpuid_checked(0x8000'0008, 0);
    if (family == 0x6 || family == 0xf)
        model |= leaf.a >> 12 & 0xf0;
    if (family == 0xf)
        family += leaf.a >> 20 & 0xff;
    cpu_vendor(vendor);
    text_add(&text, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", cpu, vendor, family, model);
    text_add(&text, "model name\t: %s\nstepping\t: %u\n", cpu_model_name(name), leaf.a & 0xf);
    text_add(&text, "cpu MHz\t\t: %llu.%03llu\n", (unsigned long long)(khz / 1000), (unsigned long long)(khz % 1000));
    text_add(&text, "fpu\t\t: yes\nwp\t\t: yes\nflags\t\t: ");
    add_features(&text);
    uint64_t bogomips = khz / 5; // hundredths of twice the frequency in MHz, as Linux counts a constant-rate counter
    text_add(&text, "\nbogomips\t: %llu.%02llu\n", (unsigned long long)(bogomips / 100), (unsigned long long)(bogomips % 100));
    text_add(&text, "clflush size\t: %u\naddress sizes\t: %u bits physical, %u bits virtual\n\n", (leaf.b >> 8 & 0xff) * 8, bits.a & 0xff,
             bits.a >> 8 & 0xff);
    return text.length;
}
