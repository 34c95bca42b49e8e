// SPDX-License-Identifier: MIT
// random.h: random bytes for keys, getrandom(2), /dev/urandom and AT_RANDOM.
#pragma once

#include <lib/types.h>

// Cannot fail and does not wait. Thread context, or preemption off; not interrupt handlers.
void random_bytes(void *to, size_t size);

// Stirs `size` bytes in (writes to /dev/random). Never makes the state more predictable, whoever supplies them.
void random_add(const void *from, size_t size);

// What arch_entropy said of the first seed: 0 (timer jitter) … 4 (hardware, seeded).
uint32_t random_quality(void);
