// SPDX-License-Identifier: MIT
// string_test.c: the memory and text primitives, at every small size and offset.

#include <lib/string.h>

#include <helix/test.h>

enum { AREA = 96, SPAN = 40 };

static void fill_pattern(uint8_t *area, size_t size)
{
    for (size_t i = 0; i < size; i++)
        area[i] = (uint8_t)(i * 7 + 1);
}

// What byte `i` should be after `size` bytes from `from` were moved to `to` in a patterned area.
static uint8_t moved_byte(size_t i, size_t to, size_t from, size_t size)
{
    bool inside = i >= to && i < to + size;
    return (uint8_t)((inside ? i - to + from : i) * 7 + 1);
}

static bool move_is_right(size_t to, size_t from, size_t size)
{
    uint8_t area[AREA];
    fill_pattern(area, AREA);
    if (memmove(area + to, area + from, size) != area + to)
        return false;
    for (size_t i = 0; i < AREA; i++) {
        if (area[i] != moved_byte(i, to, from, size))
            return false;
    }
    return true;
}

TEST(string, memmove_is_right_for_every_overlap)
{
    bool right = true;
    for (size_t size = 0; size <= SPAN; size++) {
        for (size_t to = 0; to < SPAN; to += 3)
            right &= move_is_right(to, 17, size);
    }
    CHECK(right);
}

static bool copy_is_right(size_t to, size_t from, size_t size)
{
    uint8_t source[AREA], target[AREA] = {};
    fill_pattern(source, AREA);
    memcpy(target + to, source + from, size);
    for (size_t i = 0; i < AREA; i++) {
        bool inside = i >= to && i < to + size;
        if (target[i] != (inside ? source[i - to + from] : 0))
            return false;
    }
    return true;
}

TEST(string, memcpy_touches_exactly_its_target)
{
    bool right = true;
    for (size_t size = 0; size <= SPAN; size++)
        right &= copy_is_right(size % 9, size % 5, size);
    CHECK(right);
}

TEST(string, memset_touches_exactly_its_target)
{
    for (size_t size = 0; size <= SPAN; size++) {
        uint8_t area[AREA] = {};
        CHECK(memset(area + 5, 0x1a5, size) == area + 5);
        size_t set = 0;
        for (size_t i = 0; i < AREA; i++)
            set += area[i] == 0xa5 && i >= 5 && i < 5 + size;
        CHECK_EQUAL(set, size);
        CHECK(area[4] == 0 && area[5 + size] == 0);
    }
}

TEST(string, memcmp_orders_by_unsigned_bytes)
{
    uint8_t a[AREA], b[AREA];
    fill_pattern(a, AREA);
    fill_pattern(b, AREA);
    CHECK(memcmp(a, b, AREA) == 0);
    for (size_t at = 0; at < 20; at++) {
        b[at] = 0xff;
        a[at] = 0x7f;
        CHECK(memcmp(a, b, AREA) < 0 && memcmp(b, a, AREA) > 0);
        CHECK(memcmp(a, b, at) == 0);
        a[at] = b[at];
    }
}

TEST(string, texts_compare_and_measure)
{
    CHECK_EQUAL(strlen(""), 0);
    CHECK_EQUAL(strlen("kernel"), 6);
    CHECK(strcmp("abc", "abd") < 0 && strcmp("abc", "ab") > 0 && strcmp("\xff", "a") > 0);
    CHECK(strncmp("abc", "abd", 2) == 0 && strncmp("abc", "abd", 3) < 0 && strncmp("a", "b", 0) == 0);
    CHECK(strncmp("ab", "ab", 9) == 0);
    const char *path = "a/b";
    CHECK(strchr(path, '/') == path + 1 && strchr(path, 'x') == nullptr && strchr(path, '\0') == path + 3);
    CHECK_EQUAL(string_length_bounded("abcdef", 3), 3);
    CHECK_EQUAL(string_length_bounded("ab", 9), 2);
    CHECK(string_starts("root=/dev", "root=") && !string_starts("roo", "root") && string_starts("x", ""));
}

TEST(string, lengths_are_right_at_every_alignment)
{
    alignas(8) char text[64];
    for (size_t start = 0; start < 16; start++) {
        for (size_t length = 0; length < 24; length++) {
            memset(text, 0, start);
            memset(text + start, length % 2 ? 0x80 : 1, length); // bytes that a borrow could mistake for an end
            memset(text + start + length, 0xff, sizeof text - start - length);
            text[start + length] = '\0';
            CHECK_EQUAL(strlen(text + start), length);
            for (size_t limit = 0; limit < 32; limit++)
                CHECK_EQUAL(string_length_bounded(text + start, limit), MIN(length, limit));
        }
    }
}

TEST(string, copies_what_fits_and_says_so)
{
    char to[4];
    CHECK(string_copy(to, "abc", sizeof to) && string_equal(to, "abc"));
    CHECK(!string_copy(to, "abcd", sizeof to) && string_equal(to, "abc"));
    CHECK(!string_copy(to, "x", 1) && to[0] == '\0');
}

TEST(string, reads_numbers_in_three_bases)
{
    uint64_t value = 0;
    CHECK(string_number("0", &value) && value == 0);
    CHECK(string_number("1234", &value) && value == 1234);
    CHECK(string_number("0x1fF", &value) && value == 0x1ff);
    CHECK(string_number("0755", &value) && value == 0755);
    CHECK(string_number("18446744073709551615", &value) && value == UINT64_MAX);
}

TEST(string, refuses_what_is_no_number)
{
    static const char *const wrong[] = { "", "0x", "x1", "12a", "08", " 1", "1 ", "-1", "18446744073709551616", "0x10000000000000000" };
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        uint64_t value = 77;
        CHECK(!string_number(wrong[i], &value));
        CHECK_EQUAL(value, 77);
    }
}

TEST(string, equal_stretches_of_every_short_length_are_told_from_others)
{
    char a[40], b[40];
    for (size_t size = 0; size <= sizeof(a); size++) {
        for (size_t i = 0; i < sizeof(a); i++)
            a[i] = b[i] = (char)(i * 37);
        CHECK(bytes_equal(a, b, size));
        for (size_t i = 0; i < sizeof(a); i++) {
            b[i] ^= 0x40;
            CHECK_EQUAL(bytes_equal(a, b, size), i >= size);
            b[i] ^= 0x40;
        }
    }
}
