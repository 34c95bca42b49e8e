// SPDX-License-Identifier: MIT
// random.c: the kernel's random generator.
//
// Purpose     Bytes nobody can predict, for programs and for the kernel, quickly.
// How         The state is a ChaCha20 key. A few blocks of its key stream are made at a time: their beginning becomes the next key, the
//             rest is a pool for short requests, cleared as it is handed out, and for the keys from which long ones are stretched,
//             outside the lock. So what was handed out cannot be computed from what is left. Fresh entropy is stirred in at the
//             first use and then every RESEED_NS.
// Invariants  A key is used once. Stirring in bytes of a stranger's choice cannot undo what is there: the old key goes through it; and
//             nothing of the pool before is handed out after it.
// Locks       RANK_DRIVER, for POOL_BLOCKS blocks at most, or those that stirring takes.
// Not here    Where entropy comes from (arch_entropy, boot protocol).
#include <helix/random.h>

#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/time.h>

#include <helix/boot_info.h>
#include <helix/spinlock.h>

#include "chacha.h"

enum { KEY_BYTES = CHACHA_KEY_WORDS * sizeof(uint32_t), POOL_BLOCKS = 4, POOL_BYTES = POOL_BLOCKS * CHACHA_BLOCK_BYTES };
enum : uint64_t { RESEED_NS = 60 * NS_PER_S };

static struct {
    struct spinlock lock;
    uint32_t key[CHACHA_KEY_WORDS];
    uint32_t quality;
    bool seeded;
    uint64_t reseed_at_ns;
    uint32_t left;            // bytes of the pool, at its end, that were not handed out
    uint8_t pool[POOL_BYTES]; // 0 where they were
} generator = { .lock = SPINLOCK(RANK_DRIVER) };

static const uint32_t no_nonce[CHACHA_NONCE_WORDS];

// The compiler may not drop it as a dead store.
static void forget(void *secret, size_t size)
{
    memset(secret, 0, size);
    __asm__ volatile("" : : "r"(secret) : "memory");
}

// The lock is held.
static void pool_fill(void)
{
    for (uint32_t i = 0; i < POOL_BLOCKS; i++)
        chacha20_block(generator.key, i, no_nonce, generator.pool + (size_t)i * CHACHA_BLOCK_BYTES);
    memcpy(generator.key, generator.pool, KEY_BYTES);
    forget(generator.pool, KEY_BYTES);
    generator.left = POOL_BYTES - KEY_BYTES;
}

// The lock is held. At most KEY_BYTES.
static void pool_take(void *to, size_t size)
{
    if (generator.left < size)
        pool_fill();
    uint8_t *from = generator.pool + POOL_BYTES - generator.left;
    memcpy(to, from, size);
    forget(from, size);
    generator.left -= (uint32_t)size;
}

// The lock is held.
static void stir(const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    uint8_t block[CHACHA_BLOCK_BYTES];
    while (size > 0) {
        size_t length = MIN(size, (size_t)KEY_BYTES);
        for (size_t i = 0; i < length; i++)
            ((uint8_t *)generator.key)[i] ^= from[i];
        chacha20_block(generator.key, 0, no_nonce, block);
        memcpy(generator.key, block, KEY_BYTES);
        from += length;
        size -= length;
    }
    forget(block, sizeof block);
    forget(generator.pool, sizeof generator.pool);
    generator.left = 0;
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
    bool is_short = size <= sizeof key;
    spinlock_acquire(&generator.lock);
    if (UNLIKELY(!generator.seeded || arch_time_ns() >= generator.reseed_at_ns))
        reseed();
    pool_take(is_short ? to : key, is_short ? size : sizeof key);
    spinlock_release(&generator.lock);
    if (is_short)
        return;
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
