// SPDX-License-Identifier: MIT
// entropy.c: random bytes: from the CPU's entropy source where firmware lets the kernel have it, and the jitter of the CPU's own timing.

#include <arch/cpu.h>

#include <lib/string.h>

#include "probe.h"

enum quality : uint32_t { QUALITY_JITTER = 0, QUALITY_SEED = 4 };
enum { ATTEMPTS = 256, JITTER_ROUNDS = 16 };

// A reading's upper two bits say what it is, its lower 16 are the seed (Cryptography Extensions 1.0.1, 4.1).
enum : int64_t { READING_KIND = 3ll << 30, READING_SEED = 2ll << 30, READING_DEAD = 3ll << 30 };

static uint64_t pool[2];

static bool seed_read16(uint16_t *seed)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        int64_t reading = probe_seed();
        if (reading < 0 || (reading & READING_KIND) == READING_DEAD)
            return false;
        if ((reading & READING_KIND) == READING_SEED) {
            *seed = (uint16_t)reading;
            return true;
        }
    }
    return false;
}

static bool seed_read(uint64_t *value)
{
    static bool absent;
    uint16_t part;
    *value = 0;
    for (int i = 0; i < 4 && !absent; i++) {
        if (!seed_read16(&part))
            absent = true;
        *value = *value << 16 | part;
    }
    return !absent;
}

// Both words depend on all that was mixed in; the product's halves are added, so that what leaves does not tell the pool.
static uint64_t pool_mix(uint64_t word)
{
    unsigned __int128 product = (unsigned __int128)(pool[0] ^ word ^ 0x9e37'79b9'7f4a'7c15) * (pool[1] ^ 0xd6e8'feb8'6659'fd93);
    pool[0] += (uint64_t)product;
    pool[1] ^= (uint64_t)(product >> 64) + (word << 32 | word >> 32);
    return pool[0] + pool[1];
}

// How long a fence takes varies in its last bits.
static uint64_t pool_read(void)
{
    uint64_t word = 0;
    for (int i = 0; i < JITTER_ROUNDS; i++) {
        __asm__ volatile("fence iorw, iorw" : : : "memory");
        word = pool_mix(arch_cycles());
    }
    return word;
}

uint32_t arch_entropy(void *to, size_t size)
{
    enum quality worst = QUALITY_SEED;
    for (size_t done = 0; done < size; done += sizeof(uint64_t)) {
        uint64_t word, stretched = pool_read();
        if (!seed_read(&word)) {
            word = 0;
            worst = QUALITY_JITTER;
        }
        word ^= stretched;
        memcpy((uint8_t *)to + done, &word, MIN(sizeof word, size - done));
    }
    return worst;
}
