// SPDX-License-Identifier: MIT
// arguments_test.c: paths, vectors of strings and times as a hostile program may pass them.
#include "arguments.h"

#include <lib/string.h>

#include <arch/user.h>

#include <helix/heap.h>
#include <helix/space.h>
#include <helix/test.h>
#include <helix/vfs.h>

enum : uint64_t { VECTOR = 0x40'0000, TEXTS = VECTOR + PAGE_SIZE, SIZE = 64 * PAGE_SIZE, HOLE = VECTOR + SIZE };

static void prepare(struct space *space)
{
    uint64_t mapped;
    const struct map_request request = { .hint = VECTOR, .size = SIZE, .access = PAGE_READ | PAGE_WRITE, .flags = MAP_AT_FREE };
    CHECK(space_map(space, &request, &mapped) == STATUS_OK);
}

static void store_text(uint64_t at, const char *text)
{
    CHECK(arch_copy_to_user(at, text, strlen(text) + 1) == STATUS_OK);
}

static void store_pointer(size_t index, uint64_t pointer)
{
    CHECK(arch_copy_to_user(VECTOR + index * sizeof pointer, &pointer, sizeof pointer) == STATUS_OK);
}

// Bytes of the heap in use: what a refusal must not change.
static uint64_t heap_used(void)
{
    struct heap_statistics statistics;
    heap_trim();
    heap_statistics(&statistics);
    return statistics.used;
}

// ---- paths ----

static void copies_paths(struct space *space)
{
    static char longest[PATH_MAX_BYTES + 1];
    char *path = nullptr;
    prepare(space);
    uint64_t used = heap_used();
    store_text(TEXTS, "/bin/sh");
    CHECK(path_copy(TEXTS, &path) == STATUS_OK && string_equal(path, "/bin/sh"));
    heap_free(path);
    memset(longest, 'p', sizeof longest - 1);
    store_text(TEXTS, longest); // 4096 characters: no room for the end
    path = nullptr;
    CHECK(path_copy(TEXTS, &path) == STATUS_TOO_LONG);
    CHECK(path_copy(TEXTS + 1, &path) == STATUS_OK && strlen(path) == PATH_MAX_BYTES - 1);
    heap_free(path);
    path = nullptr;
    CHECK(path_copy(0, &path) == STATUS_BAD_ADDRESS);
    CHECK(path_copy(HOLE, &path) == STATUS_BAD_ADDRESS);
    CHECK(path_copy(UINT64_MAX, &path) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_to_user(HOLE - 3, "abc", 3) == STATUS_OK);
    CHECK(path_copy(HOLE - 3, &path) == STATUS_BAD_ADDRESS); // ends in the hole
    CHECK(path == nullptr);
    CHECK_EQUAL(heap_used(), used);
}

// ---- vectors ----

// The outcome of copying the vector with `budget` bytes; what is left of them in *left.
static enum status copy_vector(uint64_t at, size_t budget, size_t *left, size_t *count)
{
    char **array;
    enum status outcome = string_array_copy(at, &budget, &array);
    *left = budget;
    *count = 0;
    while (array && array[*count])
        ++*count;
    string_array_free(array);
    return outcome;
}

static void copies_vectors(struct space *space)
{
    char **array;
    size_t budget = 1000, left, count;
    prepare(space);
    store_text(TEXTS, "sh");
    store_text(TEXTS + 16, "");
    store_pointer(0, TEXTS);
    store_pointer(1, TEXTS + 16);
    store_pointer(2, 0);
    CHECK(string_array_copy(VECTOR, &budget, &array) == STATUS_OK);
    CHECK(string_equal(array[0], "sh") && string_equal(array[1], "") && !array[2]);
    CHECK_EQUAL(budget, 1000 - 2 * sizeof(uint64_t) - 3 - 1);
    string_array_free(array);
    CHECK(copy_vector(0, 100, &left, &count) == STATUS_OK && count == 0 && left == 100); // Linux: an empty one
    for (size_t i = 0; i < 100; i++)
        store_pointer(i, TEXTS);
    store_pointer(100, 0);
    CHECK(copy_vector(VECTOR, 10'000, &left, &count) == STATUS_OK && count == 100);
}

static void refuses_vectors(struct space *space)
{
    size_t left, count;
    prepare(space);
    uint64_t used = heap_used();
    store_text(TEXTS, "word");
    store_pointer(0, TEXTS);
    store_pointer(1, HOLE);
    store_pointer(2, 0);
    CHECK(copy_vector(VECTOR, 1000, &left, &count) == STATUS_BAD_ADDRESS && count == 1);
    store_pointer(1, UINT64_MAX - 7);
    CHECK(copy_vector(VECTOR, 1000, &left, &count) == STATUS_BAD_ADDRESS);
    CHECK(copy_vector(HOLE, 1000, &left, &count) == STATUS_BAD_ADDRESS && count == 0);
    CHECK(copy_vector(HOLE - 4, 1000, &left, &count) == STATUS_BAD_ADDRESS);
    CHECK(arch_copy_to_user(HOLE - 8, &(uint64_t){ TEXTS }, 8) == STATUS_OK);
    CHECK(copy_vector(HOLE - 8, 1000, &left, &count) == STATUS_BAD_ADDRESS && count == 1); // no end in sight
    CHECK_EQUAL(heap_used(), used);
}

static void keeps_to_its_budget(struct space *space)
{
    size_t left, count;
    prepare(space);
    store_text(TEXTS, "word");
    store_pointer(0, TEXTS);
    store_pointer(1, 0);
    enum : size_t { NEEDED = sizeof(uint64_t) + sizeof "word" };
    CHECK(copy_vector(VECTOR, NEEDED, &left, &count) == STATUS_OK && left == 0);
    CHECK(copy_vector(VECTOR, NEEDED - 1, &left, &count) == STATUS_TOO_BIG);
    CHECK(copy_vector(VECTOR, sizeof(uint64_t) + 1, &left, &count) == STATUS_TOO_BIG);
    CHECK(copy_vector(VECTOR, sizeof(uint64_t), &left, &count) == STATUS_TOO_BIG);
    CHECK(copy_vector(VECTOR, 0, &left, &count) == STATUS_TOO_BIG);
}

static void fill(uint64_t at, size_t size)
{
    static char letters[PAGE_SIZE];
    memset(letters, 'l', sizeof letters);
    for (size_t done = 0; done < size; done += sizeof letters)
        CHECK(arch_copy_to_user(at + done, letters, sizeof letters) == STATUS_OK);
}

static void limits_each_string(struct space *space)
{
    size_t left, count;
    prepare(space);
    fill(TEXTS, ARGUMENT_STRING_MAX);
    store_text(TEXTS + ARGUMENT_STRING_MAX, "");
    store_pointer(0, TEXTS);
    store_pointer(1, 0);
    CHECK(copy_vector(VECTOR, ARGUMENT_BYTES_MAX, &left, &count) == STATUS_TOO_BIG);
    store_pointer(0, TEXTS + 1);
    CHECK(copy_vector(VECTOR, ARGUMENT_BYTES_MAX, &left, &count) == STATUS_OK && count == 1);
    CHECK_EQUAL(left, ARGUMENT_BYTES_MAX - sizeof(uint64_t) - ARGUMENT_STRING_MAX);
}

// ---- times ----

static enum status copy_time(int64_t seconds, int64_t nanoseconds, uint64_t *ns)
{
    const struct linux_timespec time = { seconds, nanoseconds };
    CHECK(arch_copy_to_user(VECTOR, &time, sizeof time) == STATUS_OK);
    return timespec_copy(VECTOR, ns);
}

static void copies_times(struct space *space)
{
    struct linux_timespec time;
    uint64_t ns = 0;
    prepare(space);
    CHECK(copy_time(2, 5, &ns) == STATUS_OK && ns == 2 * NS_PER_S + 5);
    CHECK(copy_time(0, 999'999'999, &ns) == STATUS_OK && ns == 999'999'999);
    CHECK(copy_time(9'000'000'000, 0, &ns) == STATUS_OK && ns == 9'000'000'000 * NS_PER_S);
    CHECK(copy_time(1ll << 55, 0, &ns) == STATUS_OK && ns == 9'000'000'000 * NS_PER_S); // for ever, and no overflow
    ns = 7;
    CHECK(copy_time(0, 1'000'000'000, &ns) == STATUS_BAD_ARGUMENT);
    CHECK(copy_time(0, -1, &ns) == STATUS_BAD_ARGUMENT);
    CHECK(copy_time(-1, 0, &ns) == STATUS_BAD_ARGUMENT);
    CHECK(timespec_copy(HOLE, &ns) == STATUS_BAD_ADDRESS);
    CHECK(timespec_copy(HOLE - 8, &ns) == STATUS_BAD_ADDRESS);
    CHECK_EQUAL(ns, 7);
    CHECK(timespec_store(VECTOR, 3 * NS_PER_S + 9) == STATUS_OK);
    CHECK(arch_copy_from_user(&time, VECTOR, sizeof time) == STATUS_OK);
    CHECK(time.seconds == 3 && time.nanoseconds == 9);
    CHECK(timespec_store(HOLE - 8, 1) == STATUS_BAD_ADDRESS);
}

TEST(arguments, copies_paths_and_refuses_those_without_an_end)
{
    CHECK(test_in_process(copies_paths));
}

TEST(arguments, copies_vectors_of_strings)
{
    CHECK(test_in_process(copies_vectors));
}

TEST(arguments, refuses_vectors_that_lead_nowhere)
{
    CHECK(test_in_process(refuses_vectors));
}

TEST(arguments, keeps_to_its_budget)
{
    CHECK(test_in_process(keeps_to_its_budget));
}

TEST(arguments, limits_each_string)
{
    CHECK(test_in_process(limits_each_string));
}

TEST(arguments, takes_only_times_that_make_sense)
{
    CHECK(test_in_process(copies_times));
}
