// SPDX-License-Identifier: MIT
// entropy.c: random bytes from the CPU: RDSEED, then RDRAND, then the jitter of its own timing.

#include <arch/cpu.h>

#include <lib/string.h>

#include "cpuid.h"
#include "io.h"

enum { ATTEMPTS = 32, JITTER_ROUNDS = 16 };
enum quality : uint32_t { QUALITY_JITTER = 0, QUALITY_GENERATOR = 3, QUALITY_SEED = 4 };

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

// How long reading a slow port takes varies in its last bits; a multiplication spreads them.
static uint64_t jitter_read(void)
{
    static uint64_t pool;
    for (int i = 0; i < JITTER_ROUNDS; i++) {
        (void)port_read8(0x80);
        pool = (pool ^ arch_cycles()) * 0x9e37'79b9'7f4a'7c15;
        pool ^= pool >> 29;
    }
    return pool;
}

// Some CPUs return all ones for ever after waking from sleep, with the carry that says it is random.
static bool plausible(uint64_t value)
{
    return value != 0 && value != UINT64_MAX;
}

static enum quality word_read(uint64_t *value)
{
    if (cpuid_checked(7, 0).b >> 18 & 1 && seed_read(value) && plausible(*value))
        return QUALITY_SEED;
    if (cpuid_read(1, 0).c >> 30 & 1 && generator_read(value) && plausible(*value))
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
