// SPDX-License-Identifier: MIT
// statx.h: what statx(2) fills.
#pragma once

#include <stdint.h>

enum : uint32_t { LINUX_STATX_BASIC_STATS = 0x7ff, LINUX_STATX_RESERVED = 0x80000000 };

struct linux_statx_timestamp {
    int64_t seconds;
    uint32_t nanoseconds;
    int32_t reserved;
};

struct linux_statx {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, user, group;
    uint16_t mode, spare0;
    uint64_t number, size, blocks, attributes_mask;
    struct linux_statx_timestamp accessed, born, changed, modified;
    uint32_t special_major, special_minor, device_major, device_minor;
    uint64_t spare1[14];
};
static_assert(sizeof(struct linux_statx) == 256);
