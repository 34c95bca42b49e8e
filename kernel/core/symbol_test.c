// SPDX-License-Identifier: MIT
#include <lib/string.h>

#include <helix/panic.h>
#include <helix/test.h>

#include "core.h"

static const uint32_t offsets[] = { 0x10, 0x20, 0x80 };
static const uint32_t names[] = { 0, 4, 9 };
static const struct symbol_table table = {
    .base = 0x1000, .end = 0x1100, .count = 3, .offsets = offsets, .names = names, .bytes = "one\0long\0last"
};

static bool finds(uint64_t address, const char *name, uint64_t offset)
{
    uint64_t found = 99;
    return string_equal(symbol_find(&table, address, &found), name) && found == offset;
}

TEST(symbol, finds_the_function_that_holds_an_address)
{
    CHECK(finds(0x1010, "one", 0));
    CHECK(finds(0x101f, "one", 0xf));
    CHECK(finds(0x1020, "long", 0));
    CHECK(finds(0x107f, "long", 0x5f));
    CHECK(finds(0x10ff, "last", 0x7f));
}

TEST(symbol, answers_a_question_mark_for_what_is_no_function)
{
    CHECK(finds(0, "?", 0));
    CHECK(finds(0x100f, "?", 0));
    CHECK(finds(0x1100, "?", 0));
    CHECK(finds(UINT64_MAX, "?", 0));
    const struct symbol_table empty = { .base = 0, .end = UINT64_MAX };
    uint64_t offset;
    CHECK(string_equal(symbol_find(&empty, 5, &offset), "?"));
}
