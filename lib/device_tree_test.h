// SPDX-License-Identifier: MIT
// device_tree_test.h: builds device trees for tests, node by node: no tool's output need be kept.
#pragma once

#include <lib/device_tree.h>
#include <lib/string.h>

enum { TREE_TEST_SIZE = 24 * 1024, TREE_TEST_STRINGS = 1024, TREE_TEST_RESERVATIONS = 8 };
enum { TREE_TEST_STRUCTURE_AT = DEVICE_TREE_HEADER_SIZE + 16 * TREE_TEST_RESERVATIONS };

// A blob in the making: header, reservations and structure at fixed places, the strings behind them once it is sealed.
struct tree_test {
    uint8_t bytes[TREE_TEST_SIZE];
    uint32_t size; // of the sealed blob
    uint32_t structure_size, strings_size, reservations;
    char strings[TREE_TEST_STRINGS];
};

static inline void tree_test_put(struct tree_test *test, uint32_t at, uint32_t cell)
{
    for (uint32_t i = 0; i < 4; i++)
        test->bytes[at + i] = (uint8_t)(cell >> (24 - 8 * i));
}

static inline void tree_test_token(struct tree_test *test, uint32_t cell)
{
    tree_test_put(test, TREE_TEST_STRUCTURE_AT + test->structure_size, cell);
    test->structure_size += 4;
}

static inline void tree_test_value(struct tree_test *test, const void *value, uint32_t size)
{
    memcpy(test->bytes + TREE_TEST_STRUCTURE_AT + test->structure_size, value, size);
    test->structure_size += (uint32_t)align_up(size, 4);
}

static inline void tree_test_begin(struct tree_test *test)
{
    memset(test, 0, sizeof *test);
}

static inline void tree_test_node(struct tree_test *test, const char *name)
{
    tree_test_token(test, 1);
    tree_test_value(test, name, (uint32_t)strlen(name) + 1);
}

static inline void tree_test_end(struct tree_test *test)
{
    tree_test_token(test, 2);
}

static inline uint32_t tree_test_string(struct tree_test *test, const char *name)
{
    for (uint32_t at = 0; at < test->strings_size; at += (uint32_t)strlen(test->strings + at) + 1) {
        if (string_equal(test->strings + at, name))
            return at;
    }
    uint32_t at = test->strings_size;
    memcpy(test->strings + at, name, strlen(name) + 1);
    test->strings_size += (uint32_t)strlen(name) + 1;
    return at;
}

static inline void tree_test_property(struct tree_test *test, const char *name, const void *value, uint32_t size)
{
    tree_test_token(test, 3);
    tree_test_token(test, size);
    tree_test_token(test, tree_test_string(test, name));
    tree_test_value(test, value, size);
}

static inline void tree_test_cells(struct tree_test *test, const char *name, const uint32_t *cells, uint32_t count)
{
    tree_test_property(test, name, "", 0);
    tree_test_put(test, TREE_TEST_STRUCTURE_AT + test->structure_size - 8, 4 * count);
    for (uint32_t i = 0; i < count; i++)
        tree_test_token(test, cells[i]);
}

#define TREE_TEST_CELLS(test_, name_, ...) \
    tree_test_cells(test_, name_, (const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4)
#define TREE_TEST_TEXT(test_, name_, literal_) tree_test_property(test_, name_, literal_, sizeof(literal_))

static inline void tree_test_reserve(struct tree_test *test, uint64_t start, uint64_t size)
{
    uint32_t at = DEVICE_TREE_HEADER_SIZE + 16 * test->reservations++;
    tree_test_put(test, at, (uint32_t)(start >> 32));
    tree_test_put(test, at + 4, (uint32_t)start);
    tree_test_put(test, at + 8, (uint32_t)(size >> 32));
    tree_test_put(test, at + 12, (uint32_t)size);
}

// Appends the end and the strings, and writes the header, of version 17.
static inline void tree_test_seal(struct tree_test *test)
{
    tree_test_token(test, 9);
    uint32_t strings = TREE_TEST_STRUCTURE_AT + test->structure_size;
    memcpy(test->bytes + strings, test->strings, test->strings_size);
    test->size = strings + test->strings_size;
    const uint32_t header[] = {
        0xd00dfeed, test->size,         TREE_TEST_STRUCTURE_AT, strings, DEVICE_TREE_HEADER_SIZE, 17, 16,
        0,          test->strings_size, test->structure_size,
    };
    for (uint32_t i = 0; i < ARRAY_LENGTH(header); i++)
        tree_test_put(test, 4 * i, header[i]);
}
