// SPDX-License-Identifier: MIT
// features.c: the table of features that programs are told of, and how the CPU says that it has them.

#include "features.h"

// Bits of AT_HWCAP, from 64 on of AT_HWCAP2, and the words for them are Linux ABI (asm/hwcap.h). Not in it is what the kernel keeps shut:
// SVE, pointer authentication, memory tags.
const struct feature features[] = {
    { "fp", 0, FEATURES_PFR0, 16, 0 },        { "asimd", 1, FEATURES_PFR0, 20, 0 },      { "aes", 3, FEATURES_ISAR0, 4, 1 },
    { "pmull", 4, FEATURES_ISAR0, 4, 2 },     { "sha1", 5, FEATURES_ISAR0, 8, 1 },       { "sha2", 6, FEATURES_ISAR0, 12, 1 },
    { "crc32", 7, FEATURES_ISAR0, 16, 1 },    { "atomics", 8, FEATURES_ISAR0, 20, 2 },   { "fphp", 9, FEATURES_PFR0, 16, 1 },
    { "asimdhp", 10, FEATURES_PFR0, 20, 1 },  { "asimdrdm", 12, FEATURES_ISAR0, 28, 1 }, { "jscvt", 13, FEATURES_ISAR1, 12, 1 },
    { "fcma", 14, FEATURES_ISAR1, 16, 1 },    { "lrcpc", 15, FEATURES_ISAR1, 20, 1 },    { "dcpop", 16, FEATURES_ISAR1, 0, 1 },
    { "sha3", 17, FEATURES_ISAR0, 32, 1 },    { "sm3", 18, FEATURES_ISAR0, 36, 1 },      { "sm4", 19, FEATURES_ISAR0, 40, 1 },
    { "asimddp", 20, FEATURES_ISAR0, 44, 1 }, { "sha512", 21, FEATURES_ISAR0, 12, 2 },   { "asimdfhm", 23, FEATURES_ISAR0, 48, 1 },
    { "dit", 24, FEATURES_PFR0, 48, 1 },      { "uscat", 25, FEATURES_MMFR2, 32, 1 },    { "ilrcpc", 26, FEATURES_ISAR1, 20, 2 },
    { "flagm", 27, FEATURES_ISAR0, 52, 1 },   { "sb", 29, FEATURES_ISAR1, 36, 1 },       { "dcpodp", 64, FEATURES_ISAR1, 0, 2 },
    { "flagm2", 71, FEATURES_ISAR0, 52, 2 },  { "frint", 72, FEATURES_ISAR1, 32, 1 },    { "i8mm", 77, FEATURES_ISAR1, 52, 1 },
    { "bf16", 78, FEATURES_ISAR1, 44, 1 },    { "dgh", 79, FEATURES_ISAR1, 48, 1 },      { "rng", 80, FEATURES_ISAR0, 60, 1 },
};
const size_t feature_count = ARRAY_LENGTH(features);

static uint64_t feature_register_read(enum feature_register in)
{
    switch (in) {
    case FEATURES_ISAR0:
        return system_register_read(ID_AA64ISAR0);
    case FEATURES_ISAR1:
        return system_register_read(ID_AA64ISAR1);
    case FEATURES_PFR0:
        return system_register_read(ID_AA64PFR0);
    default:
        return system_register_read(ID_AA64MMFR2);
    }
}

bool feature_present(const struct feature *feature)
{
    enum { ABSENT = 0xf }; // of the two signed fields, which count from 0
    uint32_t field = feature_field(feature_register_read(feature->in), feature->shift);
    return field >= feature->least && !(feature->in == FEATURES_PFR0 && field == ABSENT);
}

uint64_t feature_register_shown(enum feature_register in)
{
    enum : uint64_t { LEVELS_64_BIT = 0x11 }; // EL1 and EL0
    uint64_t value = in == FEATURES_PFR0 ? LEVELS_64_BIT : 0;
    for (size_t i = 0; i < feature_count; i++) {
        if (features[i].in == in)
            value |= feature_register_read(in) & 0xfull << features[i].shift;
    }
    return value;
}
