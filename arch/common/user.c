// SPDX-License-Identifier: MIT
// user.c: range checks in front of the copy routines, and the table of instructions that may fault.

#include <arch/user.h>

#include <lib/attributes.h>

#include <arch/frame.h>
#include <arch/user_copy.h>

#include <helix/lock_check.h>

static const char ACCESS[] = "user memory touched"; // which may fault and sleep

// Offsets are relative to the row, so that the table needs no relocation.
struct fault_row {
    int64_t first;  // the first instruction, from &row->first
    uint64_t bytes; // of instructions from there on
    int64_t fixup;  // from &row->first as well
};
TABLE_DECLARE(struct fault_row, helix_fault_table);

enum status arch_copy_from_user(void *to, uint64_t from, size_t size)
{
    lock_check_may_sleep(ACCESS);
    if (!arch_user_range(from, size) || user_copy(to, (const void *)(uintptr_t)from, size))
        return STATUS_BAD_ADDRESS;
    return STATUS_OK;
}

enum status arch_copy_to_user(uint64_t to, const void *from, size_t size)
{
    lock_check_may_sleep(ACCESS);
    if (!arch_user_range(to, size) || user_copy((void *)(uintptr_t)to, from, size))
        return STATUS_BAD_ADDRESS;
    return STATUS_OK;
}

enum status arch_clear_user(uint64_t to, size_t size)
{
    lock_check_may_sleep(ACCESS);
    if (!arch_user_range(to, size) || user_fill_zero((void *)(uintptr_t)to, size))
        return STATUS_BAD_ADDRESS;
    return STATUS_OK;
}

// The user's memory ends before `size` bytes do.
[[gnu::noinline]] static enum status string_at_end(char *to, uint64_t from, size_t size, size_t *length)
{
    lock_check_may_sleep(ACCESS);
    uint64_t end = arch_user_end();
    if (from >= end || !size)
        return STATUS_BAD_ADDRESS;
    size_t limit = MIN(end - from, (uint64_t)size);
    int64_t found = user_string(to, (const char *)(uintptr_t)from, limit);
    if (found < 0)
        return STATUS_BAD_ADDRESS;
    if ((size_t)found == limit)
        return limit == size ? STATUS_TOO_LONG : STATUS_BAD_ADDRESS;
    *length = (size_t)found;
    return STATUS_OK;
}

enum status arch_user_load32(uint64_t at, uint32_t *value)
{
    lock_check_may_sleep(ACCESS);
    if (at % sizeof *value)
        return STATUS_BAD_ARGUMENT;
    if (!arch_user_range(at, sizeof *value) || user_load32((const uint32_t *)(uintptr_t)at, value))
        return STATUS_BAD_ADDRESS;
    return STATUS_OK;
}

enum status arch_user_compare_exchange32(uint64_t at, uint32_t expected, uint32_t desired, uint32_t *found)
{
    lock_check_may_sleep(ACCESS);
    if (at % sizeof *found)
        return STATUS_BAD_ARGUMENT;
    if (!arch_user_range(at, sizeof *found) || user_exchange32((uint32_t *)(uintptr_t)at, expected, desired, found))
        return STATUS_BAD_ADDRESS;
    return STATUS_OK;
}

enum status arch_copy_string_from_user(char *to, uint64_t from, size_t size, size_t *length)
{
    uint64_t end = arch_user_end();
    if (UNLIKELY(!size || size > end || from > end - size))
        return string_at_end(to, from, size, length);
    int64_t found = user_string(to, (const char *)(uintptr_t)from, size);
    if (UNLIKELY(found < 0))
        return STATUS_BAD_ADDRESS;
    if (UNLIKELY((size_t)found == size))
        return STATUS_TOO_LONG;
    *length = (size_t)found;
    return STATUS_OK;
}

static const struct fault_row *fault_row_of(const struct arch_frame *frame)
{
    TABLE_EACH(struct fault_row, row, helix_fault_table) {
        if (arch_frame_ip(frame) - ((uint64_t)(uintptr_t)&row->first + (uint64_t)row->first) < row->bytes)
            return row;
    }
    return nullptr;
}

bool arch_fault_expected(const struct arch_frame *frame)
{
    return fault_row_of(frame) != nullptr;
}

bool arch_fault_fixup(struct arch_frame *frame)
{
    const struct fault_row *row = fault_row_of(frame);
    if (!row)
        return false;
    arch_frame_set_ip(frame, (uint64_t)(uintptr_t)&row->first + (uint64_t)row->fixup);
    return true;
}
