// SPDX-License-Identifier: MIT
// hash.c: FNV-1a in 64 bits.

#include <lib/hash.h>

enum : uint64_t { FNV_OFFSET = 0xcbf29ce484222325, FNV_PRIME = 0x100000001b3 };

uint64_t hash_bytes(const void *bytes, size_t size)
{
    uint64_t hash = FNV_OFFSET;
    const uint8_t *byte = bytes;
    while (size--)
        hash = (hash ^ *byte++) * FNV_PRIME;
    return hash;
}

uint64_t hash_string(const char *text)
{
    uint64_t hash = FNV_OFFSET;
    while (*text)
        hash = (hash ^ (uint8_t)*text++) * FNV_PRIME;
    return hash;
}
