// SPDX-License-Identifier: MIT
// devices_test.c: what null, zero, full and the random devices promise, through their files; and the format of /dev/kmsg.
#include <abi/linux/fcntl.h>
#include <lib/string.h>

#include <helix/test.h>
#include <helix/vfs.h>

#include "kmsg.h"

KERNEL_TEST(devices, null_swallows_and_zero_gives_zeros)
{
    struct open_file *file;
    char bytes[8] = "1234567";
    size_t done;
    CHECK(vfs_open(vfs_kernel_context(), nullptr, "/dev/null", LINUX_O_RDWR, 0, &file) == STATUS_OK);
    CHECK(file_write(file, bytes, sizeof bytes, &done) == STATUS_OK && done == sizeof bytes);
    CHECK(file_read(file, bytes, sizeof bytes, &done) == STATUS_OK && done == 0);
    file_release(file);
    CHECK(vfs_open(vfs_kernel_context(), nullptr, "/dev/zero", LINUX_O_RDONLY, 0, &file) == STATUS_OK);
    CHECK(file_read(file, bytes, sizeof bytes, &done) == STATUS_OK && done == sizeof bytes && bytes[0] == 0 && bytes[7] == 0);
    CHECK(file_write(file, bytes, 1, &done) == STATUS_BAD_HANDLE);
    file_release(file);
}

KERNEL_TEST(devices, full_has_no_space)
{
    struct open_file *file;
    size_t done;
    CHECK(vfs_open(vfs_kernel_context(), nullptr, "/dev/full", LINUX_O_WRONLY, 0, &file) == STATUS_OK);
    CHECK(file_write(file, "x", 1, &done) == STATUS_NO_SPACE);
    file_release(file);
}

KERNEL_TEST(devices, random_gives_other_bytes_each_time)
{
    struct open_file *file;
    char first[64], second[64];
    size_t done;
    CHECK(vfs_open(vfs_kernel_context(), nullptr, "/dev/urandom", LINUX_O_RDONLY, 0, &file) == STATUS_OK);
    CHECK(file_read(file, first, sizeof first, &done) == STATUS_OK && done == sizeof first);
    CHECK(file_read(file, second, sizeof second, &done) == STATUS_OK && done == sizeof second);
    CHECK(memcmp(first, second, sizeof first) != 0);
    file_release(file);
}

TEST(kmsg, puts_the_time_stamp_in_front)
{
    char text[96];
    static const char line[] = "[   12.000345] boot: ready";
    size_t length = kmsg_format(text, sizeof text, 7, LOG_WARN, line, sizeof line - 1);
    CHECK(string_equal(text, "4,7,12000345,-;boot: ready\n"));
    CHECK_EQUAL(length, strlen(text));
    kmsg_format(text, sizeof text, 8, LOG_INFO, "no stamp", 8);
    CHECK(string_equal(text, "6,8,0,-;no stamp\n"));
}
