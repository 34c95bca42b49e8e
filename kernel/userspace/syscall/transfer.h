// SPDX-License-Identifier: MIT
// transfer.h: moving bytes for a system call, and what comes back of it.
#pragma once

#include <abi/linux/uio.h>

#include <helix/user.h>

// What the call returns; a broken pipe sends SIGPIPE.
int64_t transfer_result(struct thread *self, enum status status, size_t done);

// Stretches of memory that a program names.
enum { VECTORS_IN_PLACE = 8 };
struct vectors {
    struct linux_iovec *rows;
    uint64_t count;
    struct linux_iovec in_place[VECTORS_IN_PLACE];
};

// Copies the rows and cuts them so that all together ask for at most LINUX_RW_MAX. STATUS_BAD_ARGUMENT: too many, or a length below 0;
// STATUS_BAD_ADDRESS; STATUS_NO_MEMORY: nothing is to be put back then.
enum status vectors_get(struct vectors *vectors, uint64_t address, uint64_t count);
void vectors_put(struct vectors *vectors);
