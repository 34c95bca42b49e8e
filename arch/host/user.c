// SPDX-License-Identifier: MIT
// user.c: user memory on the host: through the loaded space's page tables, with faults served as the hardware would raise them.

#include <arch/user.h>

#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/frame.h>
#include <arch/interrupt.h>
#include <arch/layout.h>
#include <arch/space.h>

#include <helix/lock_check.h>

#include "translation.h"

static const char ACCESS[] = "user memory touched"; // which may fault and sleep
static bool in_copy;                                // a copy routine is at work, as the fault table would say

static bool range_ok(uint64_t at, size_t size)
{
    return at <= arch_user_end() && size <= arch_user_end() - at;
}

// Where the byte lies in the direct map, nullptr if it cannot be reached. Faults are served once.
static char *user_byte(uint64_t at, bool write)
{
    uint32_t wanted = write ? PAGE_WRITE : PAGE_READ;
    lock_check_may_sleep(ACCESS);
    for (int attempt = 0; attempt < 2 && host_cpu->space; attempt++) {
        char *byte = host_translate(at, wanted);
        if (byte)
            return byte;
        struct arch_frame registers = {};
        uint32_t kind = FAULT_USER | (write ? FAULT_WRITE : 0);
        in_copy = true;
        bool on = arch_interrupts_disable(); // as the processor does
        bool served = kernel_page_fault(at, kind, &registers);
        arch_interrupts_restore(on);
        in_copy = false;
        if (!served)
            return nullptr;
    }
    return nullptr;
}

static size_t page_part(uint64_t at, size_t size)
{
    return MIN(size, PAGE_SIZE - (at & PAGE_MASK));
}

enum status arch_copy_from_user(void *to, uint64_t from, size_t size)
{
    if (!range_ok(from, size))
        return STATUS_BAD_ADDRESS;
    for (size_t done = 0, part; done < size; done += part) {
        part = page_part(from + done, size - done);
        const char *here = user_byte(from + done, false);
        if (!here)
            return STATUS_BAD_ADDRESS;
        memcpy((char *)to + done, here, part);
    }
    return STATUS_OK;
}

// Zeros when `from` is nullptr.
static enum status user_store(uint64_t to, const char *from, size_t size)
{
    if (!range_ok(to, size))
        return STATUS_BAD_ADDRESS;
    for (size_t done = 0, part; done < size; done += part) {
        part = page_part(to + done, size - done);
        char *here = user_byte(to + done, true);
        if (!here)
            return STATUS_BAD_ADDRESS;
        if (from)
            memcpy(here, from + done, part);
        else
            memset(here, 0, part);
    }
    return STATUS_OK;
}

enum status arch_copy_to_user(uint64_t to, const void *from, size_t size)
{
    return user_store(to, from, size);
}

enum status arch_clear_user(uint64_t to, size_t size)
{
    return user_store(to, nullptr, size);
}

enum status arch_copy_string_from_user(char *to, uint64_t from, size_t size, size_t *length)
{
    for (size_t i = 0; i < size; i++) {
        TRY(arch_copy_from_user(&to[i], from + i, 1));
        if (!to[i]) {
            *length = i;
            return STATUS_OK;
        }
    }
    return STATUS_TOO_LONG;
}

enum status arch_user_load32(uint64_t at, uint32_t *value)
{
    return is_aligned(at, 4) ? arch_copy_from_user(value, at, 4) : STATUS_BAD_ARGUMENT;
}

enum status arch_user_compare_exchange32(uint64_t at, uint32_t expected, uint32_t desired, uint32_t *found)
{
    TRY(arch_user_load32(at, found));
    return *found == expected ? arch_copy_to_user(at, &desired, 4) : STATUS_OK;
}

bool arch_fault_expected(const struct arch_frame *frame)
{
    return in_copy;
}

bool arch_fault_fixup(struct arch_frame *frame)
{
    return in_copy;
}
