// SPDX-License-Identifier: MIT
// transfer.h: moving bytes for a system call, and what comes back of it.
#pragma once

#include <helix/user.h>

// What the call returns; a broken pipe sends SIGPIPE.
int64_t transfer_result(struct thread *self, enum status status, size_t done);
