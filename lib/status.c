// SPDX-License-Identifier: MIT
// status.c: the texts and Linux numbers of abi/status.def, found by the status itself.

#include <abi/status.h>

#include <lib/types.h>

struct status_row {
    const char *text;
    uint8_t linux_errno;
};

// Index: the magnitude of the status.
static const struct status_row rows[STATUS_ROWS] = {
#define STATUS(name_, number_, errno_, text_) [-(number_)] = { text_, errno_ },
#include <abi/status.def>
#undef STATUS
};

enum { ERRNO_UNKNOWN = 5 }; // EIO

static const struct status_row *status_row(enum status status)
{
    uint32_t index = 0u - (uint32_t)status;
    return index < STATUS_ROWS && rows[index].text ? &rows[index] : nullptr;
}

const char *status_text(enum status status)
{
    const struct status_row *row = status_row(status);
    return row ? row->text : "unknown";
}

int status_errno(enum status status)
{
    const struct status_row *row = status_row(status);
    return row ? row->linux_errno : ERRNO_UNKNOWN;
}
