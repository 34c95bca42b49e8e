// SPDX-License-Identifier: MIT
// hash.c: FNV-1a in 64 bits.

#include <lib/hash.h>

uint64_t hash_bytes(const void *bytes, size_t size)
{
    uint64_t hash = HASH_START;
    const uint8_t *byte = bytes;
    while (size--)
        hash = hash_step(hash, *byte++);
    return hash;
}

uint64_t hash_string(const char *text)
{
    uint64_t hash = HASH_START;
    while (*text)
        hash = hash_step(hash, (uint8_t)*text++);
    return hash;
}
