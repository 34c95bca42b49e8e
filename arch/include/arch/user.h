// SPDX-License-Identifier: MIT
// user.h: the only way the kernel touches user memory. Every function checks the range against the user half first and
// survives any fault inside it (the port's fault table), so a hostile pointer costs STATUS_BAD_ADDRESS and nothing else.
// Faults that can be served (demand zero, copy on write, file pages) are served: thread context, may sleep.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <arch/layout.h> // arch_user_end()

// Whether the whole range is the user's (mapped or not): asked before a transfer begins, so that a wild size moves no byte.
static inline bool arch_user_range(uint64_t from, uint64_t size)
{
    uint64_t end;
    return !__builtin_add_overflow(from, size, &end) && end <= arch_user_end();
}

// STATUS_BAD_ADDRESS: the range is not the user's, or a page of it cannot be had; bytes before it may have been copied.
enum status arch_copy_from_user(void *to, uint64_t from, size_t size);
enum status arch_copy_to_user(uint64_t to, const void *from, size_t size);
enum status arch_clear_user(uint64_t to, size_t size);

// Copies a NUL-terminated string of at most size-1 bytes; *length without the terminator.
// STATUS_TOO_LONG: no terminator in the first `size` bytes.
enum status arch_copy_string_from_user(char *to, uint64_t from, size_t size, size_t *length);

// Atomic 32-bit access for futexes; `at` must be 4-byte aligned (STATUS_BAD_ARGUMENT).
enum status arch_user_load32(uint64_t at, uint32_t *value);
enum status arch_user_compare_exchange32(uint64_t at, uint32_t expected, uint32_t desired, uint32_t *found);

struct arch_frame;

// Whether the frame's instruction is one of these routines touching user memory; and sends it to its failure path.
bool arch_fault_expected(const struct arch_frame *frame);
bool arch_fault_fixup(struct arch_frame *frame);
