// SPDX-License-Identifier: MIT
// line_fuzz.c: any bytes at all as what somebody types at the line editor, on a terminal of any width.
// sources: kernel/userspace/shell/line.c kernel/userspace/shell/history.c kernel/userspace/shell/complete.c

#include "../../kernel/userspace/shell/line.h"

#include <lib/string.h>

#include <helix/heap.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
