// SPDX-License-Identifier: MIT
// entropy.c: random bytes from the CPU's own source, or else from the jitter of its timing.

#include <arch/entropy.h>

#include <lib/string.h>

#include <arch/cpu.h>

enum { JITTER_ROUNDS = 64 }; // some counters are slow

// A multiplication spreads the last bits.
static uint64_t jitter_word(void)
{
    static uint64_t pool;
    for (int i = 0; i < JITTER_ROUNDS; i++) {
        entropy_delay();
        pool = (pool ^ arch_cycles()) * 0x9e37'79b9'7f4a'7c15;
        pool ^= pool >> 29;
    }
    return pool;
}

// Some sources return all ones or zeros for ever once they have failed, and say that it is random.
static bool plausible(uint64_t word)
{
    return word != 0 && word != UINT64_MAX;
}

uint32_t arch_entropy(void *to, size_t size)
{
    enum entropy_quality worst = ENTROPY_SEED;
    for (size_t done = 0; done < size; done += sizeof(uint64_t)) {
        uint64_t word = 0;
        enum entropy_quality quality = entropy_word(&word);
        if (quality == ENTROPY_JITTER || !plausible(word)) {
            quality = ENTROPY_JITTER;
            word = jitter_word();
        }
        worst = MIN(worst, quality);
        memcpy((uint8_t *)to + done, &word, MIN(sizeof word, size - done));
    }
    return worst;
}
