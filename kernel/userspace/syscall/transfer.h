// SPDX-License-Identifier: MIT
// transfer.h: moving bytes for a system call, and what comes back of it.
#pragma once

#include <helix/user.h>

// What the call returns; a broken pipe sends SIGPIPE.
int64_t transfer_result(struct thread *self, enum status status, size_t done);

// read and write of one stretch; position -1: the file's own.
int64_t transfer_one(struct thread *self, bool write, uint64_t number, uint64_t address, uint64_t size, int64_t position);
