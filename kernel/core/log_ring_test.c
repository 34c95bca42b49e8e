// SPDX-License-Identifier: MIT
#include <lib/format.h>
#include <lib/string.h>

#include <helix/test.h>

#include "log_ring.h"

enum { SIZE = 64 };

static char bytes[SIZE];
static struct log_ring ring;

static void begin(void)
{
    ring = (struct log_ring){ .bytes = bytes, .size = SIZE };
}

static void put(const char *text)
{
    log_ring_put(&ring, 2, text, strlen(text));
}

static const char *read_from(uint64_t *position, size_t size, uint64_t *lost)
{
    static char text[2 * SIZE];
    text[log_ring_read(&ring, position, text, size, lost)] = '\0';
    return text;
}

TEST(log_ring, gives_lines_back_in_order_once)
{
    uint64_t position = 0, lost = 0;
    begin();
    put("first");
    put("second");
    CHECK(string_equal(read_from(&position, SIZE, &lost), "first\nsecond\n"));
    CHECK(string_equal(read_from(&position, SIZE, &lost), ""));
    put("third");
    CHECK(string_equal(read_from(&position, SIZE, &lost), "third\n"));
    CHECK_EQUAL(lost, 0);
}

TEST(log_ring, overwrites_whole_oldest_lines_and_counts_them)
{
    uint64_t position = 0, lost = 0;
    begin();
    for (int i = 0; i < 100; i++) {
        char text[16];
        format_text(text, sizeof text, "line %02d", i);
        put(text); // 9 bytes each with its level and newline: seven fit
    }
    CHECK(string_equal(read_from(&position, SIZE, &lost), "line 93\nline 94\nline 95\nline 96\nline 97\nline 98\nline 99\n"));
    CHECK_EQUAL(lost, 93);
    CHECK_EQUAL(position, 100);
}

TEST(log_ring, reads_whole_lines_only)
{
    uint64_t position = 0, lost = 0;
    begin();
    put("12345");
    put("67890");
    CHECK(string_equal(read_from(&position, 8, &lost), "12345\n"));
    CHECK(string_equal(read_from(&position, 5, &lost), ""));
    CHECK_EQUAL(position, 1);
    CHECK(string_equal(read_from(&position, 6, &lost), "67890\n"));
}

TEST(log_ring, cuts_a_line_longer_than_itself_and_keeps_newlines_out)
{
    uint64_t position = 0, lost = 0;
    char longer[100];
    begin();
    put("before");
    memset(longer, 'x', sizeof longer);
    longer[3] = '\n';
    log_ring_put(&ring, 2, longer, sizeof longer);
    const char *text = read_from(&position, 2 * SIZE - 1, &lost);
    CHECK_EQUAL(strlen(text), SIZE - 1);
    CHECK(text[3] == ' ' && text[SIZE - 2] == '\n');
    CHECK_EQUAL(lost, 1);
}
