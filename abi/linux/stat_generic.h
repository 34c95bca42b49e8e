// SPDX-License-Identifier: MIT
// stat_generic.h: struct linux_stat of the architectures that have no layout of their own. Theirs includes it (arch/linux.h).
#pragma once

#include <abi/linux/stat.h>

struct linux_stat {
    uint64_t device, number;
    uint32_t mode, links, user, group;
    uint64_t special_device, padding1;
    int64_t size;
    int32_t block_size, padding2;
    int64_t blocks; // of 512 bytes
    struct linux_timespec accessed, modified, changed;
    uint32_t unused[2];
};
static_assert(sizeof(struct linux_stat) == 128);
