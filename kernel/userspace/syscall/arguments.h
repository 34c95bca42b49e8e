// SPDX-License-Identifier: MIT
// arguments.h: system call arguments that are more than a number, brought into kernel memory.
#pragma once

#include <abi/linux/resource.h>
#include <abi/linux/stat.h>
#include <abi/status.h>
#include <lib/types.h>

enum : size_t {
    ARGUMENT_BYTES_MAX = 2 * 1024 * 1024, // argv and envp together, pointers included
    ARGUMENT_STRING_MAX = 128 * 1024,     // one of them
};

// A path on the heap, the caller's. STATUS_TOO_LONG, STATUS_BAD_ADDRESS, STATUS_NO_MEMORY.
enum status path_copy(uint64_t at, char **path);

// A null-terminated array of strings (argv) on the heap, the caller's also after a failure (string_array_free). A null `at` is an
// empty array, as on Linux. *budget counts down; STATUS_TOO_BIG when it is used up.
enum status string_array_copy(uint64_t at, size_t *budget, char ***array);
void string_array_free(char **array);

// A timespec as nanoseconds; STATUS_BAD_ARGUMENT for one that is not normalised or negative.
enum status timespec_copy(uint64_t at, uint64_t *ns);
enum status timespec_store(uint64_t at, uint64_t ns);

// Nanoseconds as programs see them in rusage and interval timers.
static inline struct linux_timeval timeval_of(uint64_t ns)
{
    return (struct linux_timeval){ (int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S / 1000) };
}
