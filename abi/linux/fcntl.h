// SPDX-License-Identifier: MIT
// fcntl.h: flags of open files, descriptors and paths as Linux programs pass them. Four of the open flags differ by architecture and stand
// with the port (arch/linux.h).
#pragma once

#include <stdint.h>

enum : uint32_t {
    LINUX_O_RDONLY = 0,
    LINUX_O_WRONLY = 1,
    LINUX_O_RDWR = 2,
    LINUX_O_ACCMODE = 3,
    LINUX_O_CREAT = 0100,
    LINUX_O_EXCL = 0200,
    LINUX_O_NOCTTY = 0400,
    LINUX_O_TRUNC = 01000,
    LINUX_O_APPEND = 02000,
    LINUX_O_NONBLOCK = 04000,
    LINUX_O_DSYNC = 010000,
    LINUX_O_ASYNC = 020000,
    LINUX_O_NOATIME = 01000000,
    LINUX_O_CLOEXEC = 02000000,
    LINUX_O_SYNC = 04010000,
    LINUX_O_PATH = 010000000,
};

enum {
    LINUX_F_DUPFD = 0,
    LINUX_F_GETFD = 1,
    LINUX_F_SETFD = 2,
    LINUX_F_GETFL = 3,
    LINUX_F_SETFL = 4,
    LINUX_F_GETLK = 5,
    LINUX_F_SETLK = 6,
    LINUX_F_SETLKW = 7,
    LINUX_F_OFD_GETLK = 36,
    LINUX_F_OFD_SETLK = 37,
    LINUX_F_OFD_SETLKW = 38,
    LINUX_F_DUPFD_CLOEXEC = 1030,
    LINUX_F_SETPIPE_SZ = 1031,
    LINUX_F_GETPIPE_SZ = 1032,
    LINUX_FD_CLOEXEC = 1,
    LINUX_F_RDLCK = 0,
    LINUX_F_WRLCK = 1,
    LINUX_F_UNLCK = 2,
    LINUX_LOCK_SH = 1,
    LINUX_LOCK_EX = 2,
    LINUX_LOCK_NB = 4,
    LINUX_LOCK_UN = 8,
};

struct linux_flock {
    int16_t type, whence;
    int64_t start, length;
    int32_t process;
};
static_assert(sizeof(struct linux_flock) == 32);

enum {
    LINUX_AT_FDCWD = -100,
    LINUX_AT_SYMLINK_NOFOLLOW = 0x100,
    LINUX_AT_EACCESS = 0x200,
    LINUX_AT_REMOVEDIR = 0x200,
    LINUX_AT_SYMLINK_FOLLOW = 0x400,
    LINUX_AT_NO_AUTOMOUNT = 0x800,
    LINUX_AT_EMPTY_PATH = 0x1000,
    LINUX_AT_STATX_SYNC_TYPE = 0x6000,
};

enum { LINUX_SEEK_SET, LINUX_SEEK_CUR, LINUX_SEEK_END, LINUX_SEEK_DATA, LINUX_SEEK_HOLE };
enum { LINUX_F_OK = 0, LINUX_X_OK = 1, LINUX_W_OK = 2, LINUX_R_OK = 4 };
enum : uint32_t { LINUX_RENAME_NOREPLACE = 1, LINUX_RENAME_EXCHANGE = 2, LINUX_RENAME_WHITEOUT = 4 };
enum : uint32_t { LINUX_FALLOC_KEEP_SIZE = 1, LINUX_FALLOC_PUNCH_HOLE = 2 };
enum : uint32_t { LINUX_CLOSE_RANGE_UNSHARE = 2, LINUX_CLOSE_RANGE_CLOEXEC = 4 };
enum : int64_t { LINUX_UTIME_NOW = 0x3fffffff, LINUX_UTIME_OMIT = 0x3ffffffe };
enum : uint64_t {
    LINUX_MS_RDONLY = 1,
    LINUX_MS_NOSUID = 2,
    LINUX_MS_NODEV = 4,
    LINUX_MS_NOEXEC = 8,
    LINUX_MS_REMOUNT = 32,
    LINUX_MS_BIND = 4096,
    LINUX_MS_MOVE = 8192,
    LINUX_MS_SILENT = 32768,
    LINUX_MS_RELATIME = 1 << 21,
    LINUX_MS_NOATIME = 1024,
    LINUX_MS_MAGIC = 0xc0ed0000,
    LINUX_MS_MAGIC_MASK = 0xffff0000
};
