// SPDX-License-Identifier: MIT
// random.h: random bytes for keys, getrandom(2), /dev/urandom and AT_RANDOM.
#pragma once

#include <lib/types.h>

// Cannot fail and does not wait. Thread context, or preemption off; not interrupt handlers.
void random_bytes(void *to, size_t size);

// Stirs `size` bytes in (writes to /dev/random). Never makes the state more predictable, whoever supplies them.
void random_add(const void *from, size_t size);

// Of the first seed: what arch_entropy said, 0 (timer jitter) … 4 (hardware, seeded), or what the loader's is worth if that is more.
enum { RANDOM_QUALITY_LOADER = 2 };
uint32_t random_quality(void);
