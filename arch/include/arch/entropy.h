// SPDX-License-Identifier: MIT
// entropy.h: what arch/common/entropy.c asks of the port: the CPU's own source of random bits, and something whose time varies.
#pragma once

#include <lib/types.h>

enum entropy_quality : uint32_t {
    ENTROPY_JITTER = 0,    // timing alone
    ENTROPY_GENERATOR = 3, // a generator in hardware
    ENTROPY_SEED = 4,      // a source in hardware, or a generator seeded for each word
};

// One word of the best source that this CPU has and that answers now; ENTROPY_JITTER: none does, and *word is not written.
enum entropy_quality entropy_word(uint64_t *word);

// Does something that takes a time which varies in its last bits.
void entropy_delay(void);
