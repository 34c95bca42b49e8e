// SPDX-License-Identifier: MIT
// memory_error.c: statuses as the ten errors of memory, and each one's recovery: two tables.
#include <helix/memory_error.h>

enum memory_error memory_error_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return MEMORY_OK;
    case STATUS_NO_MEMORY:
    case STATUS_NO_SPACE:
        return MEMORY_OUT_OF_MEMORY;
    case STATUS_BAD_ADDRESS:
    case STATUS_OUT_OF_RANGE:
        return MEMORY_INVALID_ADDRESS;
    case STATUS_BAD_ARGUMENT:
    case STATUS_TOO_BIG:
    case STATUS_OVERFLOW:
        return MEMORY_INVALID_SIZE;
    case STATUS_BAD_ALIGNMENT:
        return MEMORY_NOT_ALIGNED;
    case STATUS_ALREADY_MAPPED:
    case STATUS_EXISTS:
        return MEMORY_ALREADY_MAPPED;
    case STATUS_NOT_MAPPED:
        return MEMORY_NOT_MAPPED;
    case STATUS_DENIED:
    case STATUS_NOT_PERMITTED:
        return MEMORY_PERMISSION_DENIED;
    case STATUS_NOT_FOUND:
    case STATUS_BUSY:
        return MEMORY_INVALID_REGION;
    case STATUS_BAD_STATE:
        return MEMORY_NOT_INITIALIZED;
    default:
        return MEMORY_INTERNAL;
    }
}

static const struct {
    const char *name;
    enum memory_recovery recovery;
} errors[MEMORY_ERRORS] = {
    [MEMORY_OK] = { "Ok", RECOVER_NOTHING },
    [MEMORY_OUT_OF_MEMORY] = { "OutOfMemory", RECOVER_RELIEVE },
    [MEMORY_INVALID_ADDRESS] = { "InvalidAddress", RECOVER_REPORT },
    [MEMORY_INVALID_SIZE] = { "InvalidSize", RECOVER_REPORT },
    [MEMORY_NOT_ALIGNED] = { "NotAligned", RECOVER_ALIGN },
    [MEMORY_ALREADY_MAPPED] = { "AlreadyMapped", RECOVER_UNMAP },
    [MEMORY_NOT_MAPPED] = { "NotMapped", RECOVER_FAULT_IN },
    [MEMORY_PERMISSION_DENIED] = { "PermissionDenied", RECOVER_REFUSE },
    [MEMORY_INVALID_REGION] = { "InvalidRegion", RECOVER_REPORT },
    [MEMORY_NOT_INITIALIZED] = { "NotInitialized", RECOVER_REPORT },
    [MEMORY_INTERNAL] = { "Internal", RECOVER_REPORT },
};

enum memory_recovery memory_error_recovery(enum memory_error error)
{
    return errors[error].recovery;
}

const char *memory_error_name(enum memory_error error)
{
    return errors[error].name;
}
