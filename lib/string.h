// SPDX-License-Identifier: MIT
// string.h: memory and text primitives for a program without a C library. Semantics are ISO C's where the name is.
#pragma once

#include <lib/types.h>

// As in the C library.
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *text, int byte);

// Whether `size` bytes are the same. For short stretches: a few loads that overlap instead of a loop by bytes.
static inline bool bytes_equal(const char *a, const char *b, size_t size)
{
    uint64_t x, y;
    uint32_t v, w;
    if (size < sizeof(v))
        return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
    if (size < sizeof(x)) {
        __builtin_memcpy(&v, a, sizeof(v));
        __builtin_memcpy(&w, b, sizeof(w));
        if (v != w)
            return false;
        __builtin_memcpy(&v, a + size - sizeof(v), sizeof(v));
        __builtin_memcpy(&w, b + size - sizeof(w), sizeof(w));
        return v == w;
    }
    for (size_t at = 0; at + sizeof(x) < size; at += sizeof(x)) {
        __builtin_memcpy(&x, a + at, sizeof(x));
        __builtin_memcpy(&y, b + at, sizeof(y));
        if (x != y)
            return false;
    }
    __builtin_memcpy(&x, a + size - sizeof(x), sizeof(x));
    __builtin_memcpy(&y, b + size - sizeof(y), sizeof(y));
    return x == y;
}

// Length of `text`, `limit` when no terminator stands in the first `limit` bytes.
size_t string_length_bounded(const char *text, size_t limit);

// Copies as much of `text` as fits with its terminator; returns whether all of it fitted. `size` is not 0.
bool string_copy(char *to, const char *text, size_t size);

// Whether two texts are the same.
static inline bool string_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

// Whether `text` begins with `prefix`.
bool string_starts(const char *text, const char *prefix);

// Parses an unsigned number in C notation (decimal, 0x…, 0…) with nothing before or behind it.
// False, and `*value` untouched, when it is not one or does not fit.
bool string_number(const char *text, uint64_t *value);
