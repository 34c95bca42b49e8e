// SPDX-License-Identifier: MIT
// arguments.c: strings, arrays of strings and times from user memory.

#include "arguments.h"

#include <arch/user.h>

#include <lib/string.h>

#include <helix/heap.h>
#include <helix/vfs.h>

enum { ARRAY_FIRST_CAPACITY = 16, STRING_FIRST_SIZE = 128 };

enum status path_copy(uint64_t at, char **path)
{
    char *copy = heap_alloc(PATH_MAX_BYTES);
    if (!copy)
        return STATUS_NO_MEMORY;
    size_t length;
    enum status outcome = arch_copy_string_from_user(copy, at, PATH_MAX_BYTES, &length);
    if (outcome != STATUS_OK) {
        heap_free(copy);
        return outcome;
    }
    *path = copy;
    return STATUS_OK;
}

// One string of at most *budget bytes with its terminator.
static enum status string_copy_from_user(uint64_t at, size_t *budget, char **string)
{
    for (size_t size = STRING_FIRST_SIZE;; size *= 8) {
        size_t limit = MIN(MIN(size, ARGUMENT_STRING_MAX), *budget);
        char *copy = heap_alloc(MAX(limit, (size_t)1));
        if (!copy)
            return STATUS_NO_MEMORY;
        size_t length;
        enum status outcome = arch_copy_string_from_user(copy, at, limit, &length);
        if (outcome == STATUS_OK) {
            *budget -= length + 1;
            *string = copy;
            return STATUS_OK;
        }
        heap_free(copy);
        if (outcome != STATUS_TOO_LONG)
            return limit ? outcome : STATUS_TOO_BIG;
        if (limit < size)
            return STATUS_TOO_BIG;
    }
}

static enum status array_grow(char ***array, size_t *capacity)
{
    size_t wanted = *capacity ? *capacity * 2 : ARRAY_FIRST_CAPACITY;
    char **grown = heap_resize(*array, wanted * sizeof *grown);
    if (!grown)
        return STATUS_NO_MEMORY;
    *array = grown;
    *capacity = wanted;
    return STATUS_OK;
}

enum status string_array_copy(uint64_t at, size_t *budget, char ***array)
{
    size_t count = 0, capacity = 0;
    *array = nullptr;
    for (;;) {
        uint64_t pointer = 0;
        if (count + 1 >= capacity)
            TRY(array_grow(array, &capacity));
        (*array)[count] = nullptr;
        if (at)
            TRY(arch_copy_from_user(&pointer, at + count * sizeof pointer, sizeof pointer));
        if (!pointer)
            return STATUS_OK;
        if (*budget <= sizeof pointer)
            return STATUS_TOO_BIG;
        *budget -= sizeof pointer;
        TRY(string_copy_from_user(pointer, budget, &(*array)[count]));
        (*array)[++count] = nullptr;
    }
}

void string_array_free(char **array)
{
    for (size_t i = 0; array && array[i]; i++)
        heap_free(array[i]);
    heap_free(array);
}

enum status timespec_copy(uint64_t at, uint64_t *ns)
{
    struct linux_timespec time;
    TRY(arch_copy_from_user(&time, at, sizeof time));
    if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= (int64_t)NS_PER_S)
        return STATUS_BAD_ARGUMENT;
    enum : int64_t { SECONDS_MAX = 9'000'000'000 }; // longer than any machine runs, and no overflow
    *ns = (uint64_t)MIN(time.seconds, SECONDS_MAX) * NS_PER_S + (uint64_t)time.nanoseconds;
    return STATUS_OK;
}

enum status timespec_store(uint64_t at, uint64_t ns)
{
    const struct linux_timespec time = { (int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S) };
    return arch_copy_to_user(at, &time, sizeof time);
}
