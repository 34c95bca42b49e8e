// SPDX-License-Identifier: MIT
// entropy.c: random bytes from the CPU: RNDRRS, then RNDR, then the jitter of its own timing. The firmware's seed is boot_info's.

#include <arch/cpu.h>

#include <lib/string.h>

#include "features.h"

enum { ATTEMPTS = 32, JITTER_ROUNDS = 64 };
enum quality : uint32_t { QUALITY_JITTER = 0, QUALITY_GENERATOR = 3, QUALITY_SEED = 4 };

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

// How long a barrier takes varies in its last bits.
static uint64_t jitter_read(void)
{
    static uint64_t pool;
    for (int i = 0; i < JITTER_ROUNDS; i++) {
        __asm__ volatile("dsb sy" : : : "memory");
        pool = (pool ^ arch_cycles()) * 0x9e37'79b9'7f4a'7c15;
        pool ^= pool >> 29;
    }
    return pool;
}

static enum quality word_read(uint64_t *value)
{
    bool hardware = feature_field(system_register_read(ID_AA64ISAR0), 60) != 0;
    if (hardware && seed_read(value))
        return QUALITY_SEED;
    if (hardware && generator_read(value))
        return QUALITY_GENERATOR;
    *value = jitter_read();
    return QUALITY_JITTER;
}

uint32_t arch_entropy(void *to, size_t size)
{
    enum quality worst = QUALITY_SEED;
    for (size_t done = 0; done < size; done += sizeof(uint64_t)) {
        uint64_t word;
        enum quality quality = word_read(&word);
        worst = MIN(worst, quality);
        memcpy((uint8_t *)to + done, &word, MIN(sizeof word, size - done));
    }
    return worst;
}
