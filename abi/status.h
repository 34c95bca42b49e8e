// SPDX-License-Identifier: MIT
// status.h: every outcome the kernel can report. The rows are in status.def.
#pragma once

#include <stdint.h>

enum [[nodiscard]] status : int32_t {
#define STATUS(name_, number_, errno_, text_) STATUS_##name_ = number_,
#include <abi/status.def>
#undef STATUS
};

// One past the largest magnitude in status.def: sizes lookup tables.
enum { STATUS_ROWS = 50 };

// Returns the text of status.def's row, "unknown" for a number without one. Static storage.
const char *status_text(enum status status);

// Returns the positive Linux errno of the row (0 for STATUS_OK, 5 for a number without one).
int status_errno(enum status status);

// Returns the first failure to the caller. Only where there is nothing yet to undo.
#define TRY(expression_)                         \
    do {                                         \
        enum status try_status_ = (expression_); \
        if (try_status_ != STATUS_OK)            \
            return try_status_;                  \
    } while (0)
