// SPDX-License-Identifier: MIT
// entropy.c: the CPU's random numbers: RNDRRS, then RNDR (Arm ARM, FEAT_RNG).

#include <arch/entropy.h>

#include "features.h"

enum { ATTEMPTS = 32 };

// Both set the flag Z when they have nothing yet.
static bool seed_read(uint64_t *value)
{
    bool failed = true;
    for (int i = 0; i < ATTEMPTS && failed; i++)
        __asm__ volatile("mrs %0, s3_3_c2_c4_1" : "=r"(*value), "=@cceq"(failed));
    return !failed;
}

static bool generator_read(uint64_t *value)
{
    bool failed = true;
    for (int i = 0; i < ATTEMPTS && failed; i++)
        __asm__ volatile("mrs %0, s3_3_c2_c4_0" : "=r"(*value), "=@cceq"(failed));
    return !failed;
}

enum entropy_quality entropy_word(uint64_t *word)
{
    bool hardware = feature_field(system_register_read(ID_AA64ISAR0), 60) != 0;
    if (hardware && seed_read(word))
        return ENTROPY_SEED;
    if (hardware && generator_read(word))
        return ENTROPY_GENERATOR;
    return ENTROPY_JITTER;
}

// A barrier for the whole system.
void entropy_delay(void)
{
    __asm__ volatile("dsb sy" : : : "memory");
}
