// SPDX-License-Identifier: MIT
// features.h: what the CPU can do, from its identification registers (Arm ARM D19.2).
#pragma once

#include <lib/types.h>

// By their encodings, since assemblers know the newer ones by name only where the target has them.
#define ID_AA64PFR0  "s3_0_c0_c4_0"
#define ID_AA64DFR0  "s3_0_c0_c5_0"
#define ID_AA64ISAR0 "s3_0_c0_c6_0"
#define ID_AA64ISAR1 "s3_0_c0_c6_1"
#define ID_AA64MMFR0 "s3_0_c0_c7_0"
#define ID_AA64MMFR1 "s3_0_c0_c7_1"
#define ID_AA64MMFR2 "s3_0_c0_c7_2"

#define system_register_read(name_)                                       \
    ({                                                                    \
        uint64_t system_register_value;                                   \
        __asm__ volatile("mrs %0, " name_ : "=r"(system_register_value)); \
        system_register_value;                                            \
    })

#define system_register_write(name_, value_) __asm__ volatile("msr " name_ ", %0" : : "rZ"((uint64_t)(value_)) : "memory")

// The field of four bits at `shift`.
static inline uint32_t feature_field(uint64_t identification, uint32_t shift)
{
    return identification >> shift & 0xf;
}

// What programs are told: a bit of AT_HWCAP (from 64 on of AT_HWCAP2) and a word of /proc/cpuinfo for a field of at least so much.
struct feature {
    const char *name;
    uint8_t hwcap, in, shift, least; // `in`: enum feature_register
};
enum feature_register : uint8_t { FEATURES_ISAR0, FEATURES_ISAR1, FEATURES_PFR0, FEATURES_MMFR2, FEATURE_REGISTERS };

extern const struct feature features[];
extern const size_t feature_count;

bool feature_present(const struct feature *feature);

// An identification register as programs see it: the fields of the table above.
uint64_t feature_register_shown(enum feature_register in);
