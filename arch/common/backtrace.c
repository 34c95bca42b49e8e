// SPDX-License-Identifier: MIT
// backtrace.c: walks the records of callers that functions leave on the stack: the caller's frame pointer and the return address.

#include <arch/frame.h>

struct call_record {
    uint64_t caller, address;
};

size_t arch_backtrace(uint64_t fp, uint64_t stack_low, uint64_t stack_high, uint64_t *addresses, size_t limit)
{
    size_t count = 0;
    while (count < limit && fp % sizeof(uint64_t) == 0) {
        uint64_t at = fp + ARCH_CALL_RECORD;
        if (at < stack_low || at > stack_high - sizeof(struct call_record))
            break;
        const struct call_record *record = (const struct call_record *)(uintptr_t)at;
        if (!record->address)
            break;
        addresses[count++] = record->address;
        if (record->caller <= fp)
            break; // frames lead upwards; anything else is damage
        fp = record->caller;
    }
    return count;
}
