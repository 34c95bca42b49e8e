// SPDX-License-Identifier: MIT
// memory_error.h: what can go wrong with memory, in ten words, and what each asks for. The interfaces of memory return enum status, which
// says more; whoever decides on a recovery, as self-healing does, sorts it with these.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

enum memory_error : uint8_t {
    MEMORY_OK,
    MEMORY_OUT_OF_MEMORY,     // no frame, or no room: STATUS_NO_MEMORY, NO_SPACE
    MEMORY_INVALID_ADDRESS,   // outside of what the interface serves: BAD_ADDRESS, OUT_OF_RANGE
    MEMORY_INVALID_SIZE,      // a size, count or flags that no request can have: BAD_ARGUMENT, TOO_BIG, OVERFLOW
    MEMORY_NOT_ALIGNED,       // BAD_ALIGNMENT
    MEMORY_ALREADY_MAPPED,    // ALREADY_MAPPED, EXISTS
    MEMORY_NOT_MAPPED,        // NOT_MAPPED
    MEMORY_PERMISSION_DENIED, // DENIED, NOT_PERMITTED
    MEMORY_INVALID_REGION,    // no region is what the request takes it for: NOT_FOUND, BUSY
    MEMORY_NOT_INITIALIZED,   // asked of what was not set up: BAD_STATE
    MEMORY_INTERNAL,          // everything else: a device, a policy, a part that this machine lacks
    MEMORY_ERRORS,
};

enum memory_recovery : uint8_t {
    RECOVER_NOTHING,  // it worked
    RECOVER_RELIEVE,  // memory pressure is told and caches give back (memory_relieve, memory_trim); then once more
    RECOVER_REPORT,   // the caller's mistake: it gets the error
    RECOVER_ALIGN,    // the caller's mistake: with the address aligned it would have worked
    RECOVER_UNMAP,    // unmap what is there, then once more
    RECOVER_FAULT_IN, // the page-fault handler brings it in (space_fault), or says that nothing was promised there
    RECOVER_REFUSE,   // the right is missing, and asking again changes nothing
};

enum memory_error memory_error_of(enum status status);
enum memory_recovery memory_error_recovery(enum memory_error error);

// As the documents write it: "OutOfMemory". Static storage.
const char *memory_error_name(enum memory_error error);
