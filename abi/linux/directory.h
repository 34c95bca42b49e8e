// SPDX-License-Identifier: MIT
// directory.h: records of getdents64(2).
#pragma once

#include <stdint.h>

// Followed by the name with its terminator; records are padded to 8 bytes.
struct linux_dirent64 {
    uint64_t number;
    int64_t next;    // offset to seek to for the record behind this one
    uint16_t length; // of the record
    uint8_t type;    // DT_…: the type bits of the mode, shifted down by 12
} __attribute__((packed));
static_assert(sizeof(struct linux_dirent64) == 19);
