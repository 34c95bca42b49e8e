// SPDX-License-Identifier: MIT
// entropy.c: the CPU's random numbers: RDSEED, then RDRAND (Intel SDM volume 1, 7.3.17).

#include <arch/entropy.h>

#include "cpuid.h"
#include "io.h"

enum { ATTEMPTS = 32 };

static bool seed_read(uint64_t *value)
{
    bool carry = false;
    for (int i = 0; i < ATTEMPTS && !carry; i++)
        __asm__ volatile("rdseed %0" : "=r"(*value), "=@ccc"(carry));
    return carry;
}

static bool generator_read(uint64_t *value)
{
    bool carry = false;
    for (int i = 0; i < ATTEMPTS && !carry; i++)
        __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(carry));
    return carry;
}

enum entropy_quality entropy_word(uint64_t *word)
{
    if (cpuid_checked(7, 0).b >> 18 & 1 && seed_read(word))
        return ENTROPY_SEED;
    if (cpuid_read(1, 0).c >> 30 & 1 && generator_read(word))
        return ENTROPY_GENERATOR;
    return ENTROPY_JITTER;
}

// A port of the slow bus.
void entropy_delay(void)
{
    (void)port_read8(0x80);
}
