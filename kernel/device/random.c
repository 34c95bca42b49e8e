// SPDX-License-Identifier: MIT
// random.c: the kernel's random generator.
//
// Purpose     Bytes nobody can predict, for programs and for the kernel, quickly.
// How         The state is a ChaCha20 key. A request takes one block of its key stream: the first half becomes the next key, the
//             second half serves a short request or is the key from which a long one is stretched, outside the lock. So what was
//             handed out cannot be computed from what is left. Fresh entropy is stirred in at the first use and then every RESEED_NS.
// Invariants  A key is used once. Stirring in bytes of a stranger's choice cannot undo what is there: the old key goes through it.
// Locks       RANK_DRIVER, for one or two blocks.
// Not here    Where entropy comes from (arch_entropy, boot protocol).
#include <helix/random.h>

#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/time.h>

#include <helix/boot_info.h>
#include <helix/spinlock.h>

#include "chacha.h"

enum { KEY_BYTES = CHACHA_KEY_WORDS * sizeof(uint32_t) };
enum : uint64_t { RESEED_NS = 60 * NS_PER_S };

static struct {
    struct spinlock lock;
    uint32_t key[CHACHA_KEY_WORDS];
    uint32_t quality;
    bool seeded;
    uint64_t reseed_at_ns;
} generator = { .lock = SPINLOCK(RANK_DRIVER) };

static const uint32_t no_nonce[CHACHA_NONCE_WORDS];

// The compiler may not drop it as a dead store.
static void forget(void *secret, size_t size)
{
    memset(secret, 0, size);
    __asm__ volatile("" : : "r"(secret) : "memory");
}

// The lock is held. Gives 32 bytes and moves on to the next key.
static void next_key(uint32_t given[CHACHA_KEY_WORDS])
{
    uint8_t block[CHACHA_BLOCK_BYTES];
    chacha20_block(generator.key, 0, no_nonce, block);
    memcpy(generator.key, block, KEY_BYTES);
    memcpy(given, block + KEY_BYTES, KEY_BYTES);
    forget(block, sizeof block);
}

// The lock is held.
static void stir(const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    uint32_t unused[CHACHA_KEY_WORDS];
    while (size > 0) {
        uint8_t part[KEY_BYTES] = {};
        size_t length = MIN(size, sizeof part);
        memcpy(part, from, length);
        for (size_t i = 0; i < KEY_BYTES; i++)
            ((uint8_t *)generator.key)[i] ^= part[i];
        next_key(unused);
        from += length;
        size -= length;
    }
    forget(unused, sizeof unused);
}

// What the loader gave is used once. Returns its quality.
static uint32_t stir_boot_seed(void)
{
    struct boot_info *boot = boot_info();
    uint32_t quality = boot->random_seed_size >= KEY_BYTES ? RANDOM_QUALITY_LOADER : 0;
    stir(boot->random_seed, boot->random_seed_size);
    forget(boot->random_seed, sizeof boot->random_seed);
    boot->random_seed_size = 0;
    return quality;
}

static void reseed(void)
{
    struct {
        uint8_t hardware[KEY_BYTES];
        uint64_t boot, cycles, time;
    } seed = { .boot = boot_info()->entropy_seed, .cycles = arch_cycles(), .time = arch_time_ns() };
    uint32_t quality = arch_entropy(seed.hardware, sizeof seed.hardware), given = stir_boot_seed();
    if (!generator.seeded)
        generator.quality = MAX(quality, given);
    generator.seeded = true;
    stir(&seed, sizeof seed);
    forget(&seed, sizeof seed);
    generator.reseed_at_ns = arch_time_ns() + RESEED_NS;
}

static void stretch(const uint32_t key[CHACHA_KEY_WORDS], uint8_t *to, size_t size)
{
    uint8_t block[CHACHA_BLOCK_BYTES];
    for (uint32_t counter = 0; size > 0; counter++) {
        size_t part = MIN(size, sizeof block);
        chacha20_block(key, counter, no_nonce, block);
        memcpy(to, block, part);
        to += part;
        size -= part;
    }
    forget(block, sizeof block);
}

void random_bytes(void *to, size_t size)
{
    uint32_t key[CHACHA_KEY_WORDS];
    spinlock_acquire(&generator.lock);
    if (UNLIKELY(!generator.seeded || arch_time_ns() >= generator.reseed_at_ns))
        reseed();
    next_key(key);
    spinlock_release(&generator.lock);
    if (size <= sizeof key)
        memcpy(to, key, size);
    else
        stretch(key, to, size);
    forget(key, sizeof key);
}

void random_add(const void *from, size_t size)
{
    spinlock_acquire(&generator.lock);
    stir(from, size);
    spinlock_release(&generator.lock);
}

uint32_t random_quality(void)
{
    return generator.quality;
}
