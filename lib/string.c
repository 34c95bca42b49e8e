// SPDX-License-Identifier: MIT
// string.c: memory and text primitives. The memory functions work in words of eight bytes and are weak: a port may have better.

#include <lib/string.h>

// May stand at any address and alias anything.
typedef uint64_t word __attribute__((aligned(1), may_alias));
enum { WORD = sizeof(word) };

[[gnu::weak]] void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    char *target = to;
    const char *source = from;
    for (; size >= WORD; size -= WORD, target += WORD, source += WORD)
        *(word *)target = *(const word *)source;
    while (size--)
        *target++ = *source++;
    return to;
}

static void copy_backwards(char *to_end, const char *from_end, size_t size)
{
    for (; size >= WORD; size -= WORD) {
        to_end -= WORD;
        from_end -= WORD;
        *(word *)to_end = *(const word *)from_end;
    }
    while (size--)
        *--to_end = *--from_end;
}

// Each word is read before it is written, so forwards is right whenever the target does not lie inside the source.
[[gnu::weak]] void *memmove(void *to, const void *from, size_t size)
{
    char *target = to;
    const char *source = from;
    if ((uintptr_t)to - (uintptr_t)from < size) {
        copy_backwards(target + size, source + size, size);
        return to;
    }
    for (; size >= WORD; size -= WORD, target += WORD, source += WORD)
        *(word *)target = *(const word *)source;
    while (size--)
        *target++ = *source++;
    return to;
}

[[gnu::weak]] void *memset(void *to, int byte, size_t size)
{
    char *target = to;
    uint64_t pattern = (uint8_t)byte * 0x0101'0101'0101'0101ull;
    for (; size >= WORD; size -= WORD, target += WORD)
        *(word *)target = pattern;
    while (size--)
        *target++ = (char)byte;
    return to;
}

[[gnu::weak]] int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *left = a, *right = b;
    while (size >= WORD && *(const word *)left == *(const word *)right) {
        left += WORD;
        right += WORD;
        size -= WORD;
    }
    for (; size; size--, left++, right++) {
        if (*left != *right)
            return *left - *right;
    }
    return 0;
}

// Looks at whole aligned words, which may begin before the text and end behind it, but in no page that it is not in.
[[clang::no_sanitize("address")]] size_t string_length_bounded(const char *text, size_t limit)
{
    enum : uint64_t { EACH = 0x0101'0101'0101'0101, TOPS = 0x80 * EACH };
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    if (!limit)
        return 0;
    size_t before = (uintptr_t)text % WORD;
    const word *at = (const word *)(text - before);
    uint64_t found = *at | ((1ull << before * 8) - 1); // what stands before the text ends nothing
    size_t length = 0;
    for (;;) {
        uint64_t zeros = (found - EACH) & ~found & TOPS; // the lowest bit set is right
        if (zeros)
            return MIN(length + (size_t)__builtin_ctzll(zeros) / 8 - before, limit);
        length += WORD;
        if (length - before >= limit)
            return limit;
        found = *++at;
    }
}

size_t strlen(const char *text)
{
    return string_length_bounded(text, SIZE_MAX);
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
    for (; limit && *a && *a == *b; limit--) {
        a++;
        b++;
    }
    return limit ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *strchr(const char *text, int byte)
{
    for (; *text != (char)byte; text++) {
        if (!*text)
            return nullptr;
    }
    return (char *)text;
}

bool string_copy(char *to, const char *text, size_t size)
{
    size_t length = string_length_bounded(text, size);
    bool fits = length < size;
    if (!fits)
        length = size - 1;
    memcpy(to, text, length);
    to[length] = '\0';
    return fits;
}

bool string_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

// Value of a digit in the bases up to 16; 16 for anything else.
static uint32_t digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (uint32_t)(digit - '0');
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? (uint32_t)(lower - 'a' + 10) : 16;
}

bool string_number(const char *text, uint64_t *value)
{
    uint32_t base = 10;
    if (text[0] == '0' && (text[1] | 0x20) == 'x') {
        base = 16;
        text += 2;
    } else if (text[0] == '0' && text[1]) {
        base = 8;
        text++;
    }
    if (!*text)
        return false;
    uint64_t sum = 0;
    for (; *text; text++) {
        uint32_t digit = digit_value(*text);
        if (digit >= base || __builtin_mul_overflow(sum, base, &sum) || __builtin_add_overflow(sum, digit, &sum))
            return false;
    }
    *value = sum;
    return true;
}
