// SPDX-License-Identifier: MIT
// entropy.c: the CPU's entropy source (Cryptography Extensions 1.0.1, chapter 4), where firmware lets the kernel have it.

#include <arch/entropy.h>

#include "probe.h"

enum { ATTEMPTS = 256 };

// A reading's upper two bits say what it is, its lower 16 are the seed (Cryptography Extensions 1.0.1, 4.1).
enum : int64_t { READING_KIND = 3ll << 30, READING_SEED = 2ll << 30, READING_DEAD = 3ll << 30 };

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

enum entropy_quality entropy_word(uint64_t *word)
{
    static bool absent;
    for (int i = 0; i < 4 && !absent; i++) {
        uint16_t part = 0;
        absent = !seed_read16(&part);
        *word = *word << 16 | part;
    }
    return absent ? ENTROPY_JITTER : ENTROPY_SEED;
}

// A fence for memory and devices.
void entropy_delay(void)
{
    __asm__ volatile("fence iorw, iorw" : : : "memory");
}
