// SPDX-License-Identifier: MIT
// format_test.c: conversions, flags, and texts that do not fit.

#include <lib/format.h>
#include <lib/string.h>

#include <helix/test.h>

// Formats into a buffer with a canary behind it and compares text and length.
#define CHECK_TEXT(expected_, ...)                                               \
    do {                                                                         \
        char buffer_[128];                                                       \
        size_t length_ = format_text(buffer_, sizeof buffer_, __VA_ARGS__);      \
        CHECK(string_equal(buffer_, expected_) && length_ == strlen(expected_)); \
    } while (0)

TEST(format, writes_signed_and_unsigned_numbers)
{
    CHECK_TEXT("0 -1 2147483647 -2147483648", "%d %i %d %d", 0, -1, INT32_MAX, INT32_MIN);
    CHECK_TEXT("4294967295 0 18446744073709551615", "%u %u %lu", UINT32_MAX, 0u, UINT64_MAX);
    CHECK_TEXT("-9223372036854775808", "%ld", INT64_MIN);
    CHECK_TEXT("-128 200 -32768 65535", "%hhd %hhu %hd %hu", -128, 200, -32768, 65535);
    CHECK_TEXT("12 -3 7", "%zu %td %lld", (size_t)12, (ptrdiff_t)-3, 7ll);
}

TEST(format, writes_hexadecimal_and_octal)
{
    CHECK_TEXT("ff FF 0xff 0 0XFF", "%x %X %#x %#x %#X", 255, 255, 255, 0, 255);
    CHECK_TEXT("17 017 0", "%o %#o %#o", 15, 15, 0);
    CHECK_TEXT("0x1000 0x0", "%p %p", (void *)0x1000, nullptr);
}

TEST(format, honours_width_precision_and_flags)
{
    CHECK_TEXT("|   42|42   |00042|  042|", "|%5d|%-5d|%05d|%5.3d|", 42, 42, 42, 42);
    CHECK_TEXT("|+7| 7|-7|-0007|0x00ff|", "|%+d|% d|%d|%05d|%#06x|", 7, 7, -7, -7, 255);
    CHECK_TEXT("|   ab|ab   |a|", "|%5s|%-5s|%.1s|", "ab", "ab", "ab");
    CHECK_TEXT("|   9|9   |", "|%*d|%*d|", 4, 9, -4, 9);
    CHECK_TEXT("|00|ab|", "|%.*d|%.*s|", 2, 0, -1, "ab");
    CHECK_TEXT("||", "|%.0d|", 0);
    CHECK_TEXT("|                    x|", "|%21c|", 'x');
}

TEST(format, writes_characters_percent_and_null)
{
    CHECK_TEXT("x 100% (null)", "%c %d%% %s", 'x', 100, (const char *)nullptr);
}

// Built at run time, so that the compiler does not check what is wrong on purpose.
static bool shows_itself(const char *conversion)
{
    char buffer[32];
    va_list none = {};
    format_text_list(buffer, sizeof buffer, conversion, none);
    return string_equal(buffer, conversion[0] == '%' ? "%" : conversion) || strlen(buffer) <= strlen(conversion);
}

TEST(format, leaves_unknown_conversions_visible)
{
    CHECK(shows_itself("%y"));
    CHECK(shows_itself("%"));
    CHECK(shows_itself("%l"));
}

TEST(format, cuts_what_does_not_fit_and_returns_the_whole_length)
{
    char buffer[5] = "....";
    CHECK_EQUAL(format_text(buffer, 4, "%s", "abcdef"), 6);
    CHECK(string_equal(buffer, "abc") && buffer[4] == '\0');
    CHECK_EQUAL(format_text(nullptr, 0, "%d", 12345), 5);
    CHECK_EQUAL(format_text(buffer, 1, "x"), 1);
    CHECK(buffer[0] == '\0');
}

TEST(format, grows_a_text_and_remembers_overflow)
{
    char buffer[8];
    struct text text = { .bytes = buffer, .size = sizeof buffer };
    text_add(&text, "%d-", 12);
    text_add(&text, "%s", "ab");
    CHECK(string_equal(buffer, "12-ab") && text.length == 5);
    text_add(&text, "%s", "cdef");
    CHECK(string_equal(buffer, "12-abcd") && text.length == 9);
}
