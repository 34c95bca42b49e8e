// SPDX-License-Identifier: MIT
// hash.h: FNV-1a, for tables and checksums against accidents (not against an adversary).
#pragma once

#include <lib/types.h>

// One byte more; a hash begins with HASH_START.
enum : uint64_t { HASH_START = 0xcbf29ce484222325, HASH_FACTOR = 0x100000001b3 };
static inline uint64_t hash_step(uint64_t hash, uint8_t byte)
{
    return (hash ^ byte) * HASH_FACTOR;
}

// FNV-1a: spreads well, is no defence against who chooses the input.
uint64_t hash_bytes(const void *bytes, size_t size);
uint64_t hash_string(const char *text);

// Mixes a number (Fibonacci hashing): take the upper bits of the result.
static inline uint64_t hash_number(uint64_t value)
{
    return value * 0x9e3779b97f4a7c15ull;
}
