// SPDX-License-Identifier: MIT
// entropy.c: random bytes: from the CPU's entropy source where firmware lets the kernel have it, else from what the loader put into
// the tree, stretched; and in both cases the jitter of the CPU's own timing.

#include <arch/cpu.h>

#include <lib/string.h>

#include <arch/platform_tree.h>

#include "platform.h"
#include "probe.h"

enum quality : uint32_t { QUALITY_JITTER = 0, QUALITY_LOADER = 2, QUALITY_SEED = 4 };
enum { ATTEMPTS = 256, JITTER_ROUNDS = 16 };

// A reading's upper two bits say what it is, its lower 16 are the seed (Cryptography Extensions 1.0.1, 4.1).
enum : int64_t { READING_KIND = 3ll << 30, READING_SEED = 2ll << 30, READING_DEAD = 3ll << 30 };

static uint64_t pool[2];
static enum quality pool_quality;
static bool pool_filled;

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

// The tree's seeds, once.
static void pool_fill(void)
{
    static const char *const names[] = { "rng-seed", "kaslr-seed" };
    struct device_node chosen;
    struct device_property seed;
    pool_filled = platform_tree();
    if (!pool_filled || !device_tree_path(platform_tree(), "/chosen", &chosen))
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (!device_tree_property(platform_tree(), chosen, names[i], &seed))
            continue;
        for (size_t at = 0; at + sizeof(uint64_t) <= seed.size; at += sizeof(uint64_t)) {
            uint64_t word;
            memcpy(&word, seed.bytes + at, sizeof word);
            (void)pool_mix(word);
            pool_quality = QUALITY_LOADER;
        }
    }
}

// How long a fence takes varies in its last bits.
static uint64_t pool_read(void)
{
    uint64_t word = 0;
    if (!pool_filled)
        pool_fill();
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
            worst = pool_quality;
        }
        word ^= stretched;
        memcpy((uint8_t *)to + done, &word, MIN(sizeof word, size - done));
    }
    return worst;
}
