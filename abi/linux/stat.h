// SPDX-License-Identifier: MIT
// stat.h: file metadata as Linux programs see it; struct linux_stat stands in arch/linux.h.
#pragma once

#include <stdint.h>

struct linux_timespec {
    int64_t seconds, nanoseconds;
};

struct linux_statfs {
    uint64_t type, block_size, blocks, free, available, files, free_files;
    int32_t identifier[2];
    uint64_t name_length, fragment_size, flags, spare[4];
};
static_assert(sizeof(struct linux_statfs) == 120);

enum : uint32_t {
    LINUX_S_IFMT = 0170000,
    LINUX_S_IFSOCK = 0140000,
    LINUX_S_IFLNK = 0120000,
    LINUX_S_IFREG = 0100000,
    LINUX_S_IFBLK = 0060000,
    LINUX_S_IFDIR = 0040000,
    LINUX_S_IFCHR = 0020000,
    LINUX_S_IFIFO = 0010000,
    LINUX_S_ISUID = 04000,
    LINUX_S_ISGID = 02000,
    LINUX_S_ISVTX = 01000,
};
