// SPDX-License-Identifier: MIT
// linux.h: what x86_64's programs have otherwise than others'.
#pragma once

#include <abi/linux/fcntl_generic.h>
#include <abi/linux/stat.h>

enum { LINUX_MINSIGSTKSZ = 2048, LINUX_HAS_RESTORER = 1 };

#define LINUX_PLATFORM "x86_64"

struct linux_stat {
    uint64_t device, number, links;
    uint32_t mode, user, group, padding;
    uint64_t special_device;
    int64_t size, block_size, blocks; // blocks of 512 bytes
    struct linux_timespec accessed, modified, changed;
    int64_t unused[3];
};
static_assert(sizeof(struct linux_stat) == 144);
