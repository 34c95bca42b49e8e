// SPDX-License-Identifier: MIT
// files.c: regular files and descriptors: open flags, offsets, vectors, dup, truncation, locks, devices.
#define _GNU_SOURCE
#include "check.h"
#include "machine.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

static int make_file(const char *path, const char *text)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    CHECK_EQUAL(write(fd, text, strlen(text)), strlen(text));
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void open_flags_are_honoured(void)
{
    check_enter_scratch();
    close(make_file("a", "hello"));
    CHECK_ERROR(open("a", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK_ERROR(open("missing", O_RDONLY), ENOENT);
    CHECK_ERROR(open("", O_RDONLY), ENOENT);
    CHECK_ERROR(open("a/b", O_RDONLY), ENOTDIR);
    CHECK_ERROR(open("a/b", O_RDWR | O_CREAT, 0600), ENOTDIR);
    CHECK_ERROR(open("no/b", O_RDWR | O_CREAT, 0600), ENOENT);
    CHECK_ERROR(open("a", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERROR(open("a/", O_RDONLY), ENOTDIR);
    CHECK_ERROR(open(".", O_WRONLY), EISDIR);
    CHECK_ERROR(open(".", O_RDWR | O_CREAT, 0600), EISDIR);
    CHECK_EQUAL(symlink("a", "l"), 0);
    CHECK_ERROR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
    int reader = open("l", O_RDONLY), writer = open("a", O_WRONLY);
    char byte = 'x';
    CHECK_ERROR(write(reader, &byte, 1), EBADF);
    CHECK_ERROR(read(writer, &byte, 1), EBADF);
    CHECK_ERROR(read(999, &byte, 1), EBADF);
    CHECK_ERROR(read(-1, &byte, 1), EBADF);
    CHECK_ERROR(close(999), EBADF);
    int directory = open(".", O_RDONLY);
    CHECK_ERROR(read(directory, &byte, 1), EISDIR);
    int truncated = open("a", O_RDWR | O_TRUNC);
    CHECK_EQUAL(read(truncated, &byte, 1), 0);
    CHECK_EQUAL(read(reader, &byte, 1), 0);
}

static void names_that_are_too_long_are_refused(void)
{
    check_enter_scratch();
    static char name[300], path[6000];
    memset(name, 'n', 255);
    close(make_file(name, "x"));
    memset(name, 'n', 256);
    CHECK_ERROR(open(name, O_RDWR | O_CREAT, 0600), ENAMETOOLONG);
    CHECK_ERROR(mkdir(name, 0700), ENAMETOOLONG);
    for (size_t i = 0; i + 2 < 5000; i += 2)
        memcpy(path + i, "./", 2);
    CHECK_ERROR(open(path, O_RDONLY), ENAMETOOLONG);
    path[4000] = 0;
    CHECK(open(path, O_RDONLY) >= 0);
}

static void mode_honours_umask(void)
{
    check_enter_scratch();
    umask(027);
    CHECK(open("f", O_CREAT | O_RDWR, 0666) >= 0);
    CHECK_EQUAL(mkdir("d", 0777), 0);
    struct stat st;
    CHECK_EQUAL(stat("f", &st), 0);
    CHECK_EQUAL(st.st_mode, S_IFREG | 0640);
    CHECK_EQUAL(stat("d", &st), 0);
    CHECK_EQUAL(st.st_mode, S_IFDIR | 0750);
    CHECK_EQUAL(umask(022), 027);
    CHECK_EQUAL(chmod("f", 04751), 0);
    CHECK_EQUAL(stat("f", &st), 0);
    CHECK_EQUAL(st.st_mode, S_IFREG | 04751);
}

static void lowest_descriptor_is_used(void)
{
    int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY), c = open("/dev/null", O_RDONLY);
    CHECK(a < b && b < c);
    close(a);
    CHECK_EQUAL(open("/dev/null", O_RDONLY), a);
    close(b);
    CHECK_EQUAL(dup(c), b);
}

static void descriptor_limit_is_enforced(void)
{
    struct rlimit limit = { 20, 20 };
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int last = 0, fd;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0)
        last = fd;
    CHECK_EQUAL(errno, EMFILE);
    CHECK_EQUAL(last, 19);
    int ends[2];
    CHECK_ERROR(pipe(ends), EMFILE);
    CHECK_ERROR(dup(0), EMFILE);
    CHECK_ERROR(dup2(0, 20), EBADF);
    CHECK_ERROR(fcntl(0, F_DUPFD, 20), EINVAL);
    close(19);
    CHECK_ERROR(pipe(ends), EMFILE);
    CHECK_EQUAL(dup(0), 19);
}

static void seek_moves_and_refuses(void)
{
    check_enter_scratch();
    int fd = make_file("a", "0123456789");
    char buffer[16];
    CHECK_EQUAL(lseek(fd, 4, SEEK_SET), 4);
    CHECK_EQUAL(lseek(fd, 2, SEEK_CUR), 6);
    CHECK_EQUAL(read(fd, buffer, 1), 1);
    CHECK_EQUAL(buffer[0], '6');
    CHECK_EQUAL(lseek(fd, -1, SEEK_END), 9);
    CHECK_ERROR(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_ERROR(lseek(fd, -100, SEEK_CUR), EINVAL);
    CHECK_ERROR(lseek(fd, 0, 99), EINVAL);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 9);
    CHECK_EQUAL(lseek(fd, 20, SEEK_SET), 20);
    CHECK_EQUAL(read(fd, buffer, 4), 0);
    CHECK_EQUAL(write(fd, "end", 3), 3);
    CHECK_EQUAL(lseek(fd, 0, SEEK_END), 23);
    CHECK_EQUAL(pread(fd, buffer, 10, 10), 10);
    for (int i = 0; i < 10; i++)
        CHECK_EQUAL(buffer[i], 0);
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_ERROR(lseek(ends[0], 0, SEEK_CUR), ESPIPE);
    CHECK_ERROR(pread(ends[0], buffer, 1, 0), ESPIPE);
    CHECK_ERROR(lseek(999, 0, SEEK_CUR), EBADF);
}

static void positioned_transfer_leaves_the_offset(void)
{
    check_enter_scratch();
    int fd = make_file("a", "0123456789");
    char buffer[16];
    CHECK_EQUAL(pread(fd, buffer, 4, 8), 2);
    CHECK(memcmp(buffer, "89", 2) == 0);
    CHECK_EQUAL(pread(fd, buffer, 4, 10), 0);
    CHECK_EQUAL(pwrite(fd, "AB", 2, 1), 2);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_ERROR(pread(fd, buffer, 1, -1), EINVAL);
    CHECK_ERROR(pwrite(fd, buffer, 1, -1), EINVAL);
    check_content("a", "0AB3456789");
}

static void vectors_are_gathered_and_scattered(void)
{
    check_enter_scratch();
    int fd = make_file("a", "");
    struct iovec out[3] = { { "abc", 3 }, { "", 0 }, { "defg", 4 } };
    CHECK_EQUAL(writev(fd, out, 3), 7);
    char one[2], two[10];
    struct iovec in[2] = { { one, 2 }, { two, 10 } };
    lseek(fd, 0, SEEK_SET);
    CHECK_EQUAL(readv(fd, in, 2), 7);
    CHECK(memcmp(one, "ab", 2) == 0 && memcmp(two, "cdefg", 5) == 0);
    CHECK_EQUAL(writev(fd, out, 0), 0);
    CHECK_ERROR(writev(fd, out, -1), EINVAL);
    CHECK_ERROR(writev(fd, out, 1025), EINVAL);
    struct iovec negative[2] = { { "abc", 3 }, { "abc", (size_t)-1 } };
    CHECK_ERROR(writev(fd, negative, 2), EINVAL);
    CHECK_ERROR(writev(fd, (void *)8, 1), EFAULT);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 7);
    CHECK_EQUAL(preadv(fd, in, 2, 3), 4);
    CHECK_EQUAL(pwritev(fd, out, 3, 1), 7);
    check_content("a", "aabcdefg");
}

static void duplicates_share_the_offset(void)
{
    check_enter_scratch();
    int fd = make_file("a", "0123456789"), copy = dup(fd);
    char byte;
    CHECK_EQUAL(lseek(fd, 5, SEEK_SET), 5);
    CHECK_EQUAL(read(copy, &byte, 1), 1);
    CHECK_EQUAL(byte, '5');
    int other = open("a", O_RDONLY);
    CHECK_EQUAL(read(other, &byte, 1), 1);
    CHECK_EQUAL(byte, '0');
    close(fd);
    CHECK_EQUAL(read(copy, &byte, 1), 1);
    CHECK_EQUAL(byte, '6');
}

static void duplicate_variants_follow_their_rules(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
    int copy = dup(fd);
    CHECK_EQUAL(fcntl(copy, F_GETFD), 0);
    CHECK_EQUAL(dup2(fd, fd), fd);
    CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQUAL(dup2(fd, 100), 100);
    CHECK_EQUAL(fcntl(100, F_GETFD), 0);
    CHECK_ERROR(dup2(999, 5), EBADF);
    CHECK_ERROR(dup2(fd, -1), EBADF);
    CHECK_ERROR(dup3(fd, fd, 0), EINVAL);
    CHECK_EQUAL(dup3(fd, 101, O_CLOEXEC), 101);
    CHECK_EQUAL(fcntl(101, F_GETFD), FD_CLOEXEC);
    CHECK_EQUAL(fcntl(fd, F_DUPFD, 150), 150);
    CHECK_EQUAL(fcntl(fd, F_DUPFD, 150), 151);
    CHECK_EQUAL(fcntl(fd, F_DUPFD_CLOEXEC, 150), 152);
    CHECK_EQUAL(fcntl(152, F_GETFD), FD_CLOEXEC);
    CHECK_ERROR(fcntl(fd, F_DUPFD, -1), EINVAL);
    CHECK_EQUAL(fcntl(copy, F_SETFD, FD_CLOEXEC), 0);
    CHECK_EQUAL(fcntl(copy, F_GETFD), FD_CLOEXEC);
    CHECK_ERROR(fcntl(999, F_GETFD), EBADF);
    CHECK_ERROR(fcntl(fd, 9999), EINVAL);
}

static void status_flags_can_be_read_and_changed(void)
{
    check_enter_scratch();
    int fd = make_file("a", "abc");
    CHECK_EQUAL(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR);
    CHECK_EQUAL(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK), 0);
    CHECK_EQUAL(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR | O_APPEND | O_NONBLOCK);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQUAL(write(fd, "d", 1), 1);
    check_content("a", "abcd");
    CHECK_EQUAL(fcntl(fd, F_SETFL, O_WRONLY), 0);
    CHECK_EQUAL(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDWR);
}

static void append_always_writes_at_the_end(void)
{
    check_enter_scratch();
    close(make_file("a", "abc"));
    int fd = open("a", O_RDWR | O_APPEND), other = open("a", O_WRONLY | O_APPEND);
    CHECK_EQUAL(write(fd, "1", 1), 1);
    CHECK_EQUAL(write(other, "2", 1), 1);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQUAL(write(fd, "3", 1), 1);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 6);
    check_content("a", "abc123");
}

static void unlinked_file_lives_until_closed(void)
{
    check_enter_scratch();
    int fd = make_file("a", "still here");
    CHECK_EQUAL(unlink("a"), 0);
    CHECK_ERROR(open("a", O_RDONLY), ENOENT);
    struct stat st;
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.st_nlink, 0);
    char buffer[16];
    CHECK_EQUAL(read(fd, buffer, 16), 10);
    CHECK_EQUAL(write(fd, " and more", 9), 9);
    CHECK_EQUAL(pread(fd, buffer, 4, 10), 4);
    CHECK(memcmp(buffer, " and", 4) == 0);
    close(make_file("a", "another"));
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.st_size, 19);
}

static void truncation_cuts_and_extends_with_zeros(void)
{
    check_enter_scratch();
    int fd = make_file("a", "0123456789");
    CHECK_EQUAL(ftruncate(fd, 4), 0);
    check_content("a", "0123");
    CHECK_EQUAL(truncate("a", 10000), 0);
    char buffer[100];
    CHECK_EQUAL(pread(fd, buffer, 100, 0), 100);
    for (int i = 4; i < 100; i++)
        CHECK_EQUAL(buffer[i], 0);
    CHECK_EQUAL(pread(fd, buffer, 100, 9990), 10);
    CHECK_ERROR(ftruncate(fd, -1), EINVAL);
    CHECK_ERROR(truncate("a", -1), EINVAL);
    CHECK_ERROR(truncate(".", 0), EISDIR);
    CHECK_ERROR(truncate("missing", 0), ENOENT);
    int reader = open("a", O_RDONLY);
    CHECK_ERROR(ftruncate(reader, 0), EINVAL);
    struct stat st;
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.st_size, 10000);
}

static void large_file_keeps_every_byte(void)
{
    check_enter_scratch();
    enum { SIZE = 3 << 20, STEP = 7919 };
    static unsigned char chunk[STEP], back[STEP];
    int fd = make_file("big", "");
    for (size_t at = 0; at < SIZE; at += STEP) {
        memset(chunk, (int)(at / STEP % 251), STEP);
        CHECK_EQUAL(write(fd, chunk, STEP), STEP);
    }
    for (size_t at = 0; at < SIZE; at += STEP * 13) {
        CHECK_EQUAL(pread(fd, back, STEP, (off_t)at), STEP);
        for (size_t i = 0; i < STEP; i += 97)
            CHECK_EQUAL(back[i], at / STEP % 251);
    }
    struct stat st;
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.st_size, (SIZE + STEP - 1) / STEP * STEP);
    CHECK(st.st_blocks * 512 >= SIZE);
    CHECK_EQUAL(unlink("big"), 0);
}

static void sparse_file_uses_no_memory(void)
{
    check_enter_scratch();
    int fd = make_file("sparse", "");
    char byte = 1;
    CHECK_EQUAL(pwrite(fd, "x", 1, 1L << 30), 1);
    CHECK_EQUAL(pread(fd, &byte, 1, 1L << 29), 1);
    CHECK_EQUAL(byte, 0);
    struct stat st;
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.st_size, (1L << 30) + 1);
    CHECK(st.st_blocks * 512 < 1 << 20);
}

static void transfers_with_bad_pointers_fail(void)
{
    check_enter_scratch();
    int fd = make_file("a", "0123456789");
    CHECK_ERROR(read(fd, (void *)8, 4), EFAULT);
    CHECK_ERROR(write(fd, (void *)8, 4), EFAULT);
    CHECK_ERROR(read(fd, (void *)MACHINE_KERNEL_START, 4), EFAULT);
    CHECK_ERROR(write(fd, (void *)MACHINE_KERNEL_IMAGE, 4), EFAULT);
    CHECK_ERROR(write(fd, (void *)MACHINE_BEYOND_USER, 4), EFAULT);
    CHECK_ERROR(open((void *)8, O_RDONLY), EFAULT);
    CHECK_EQUAL(read(fd, NULL, 0), 0);
    CHECK_EQUAL(write(fd, NULL, 0), 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 0);
    struct stat *bad = (void *)16;
    CHECK_ERROR(syscall(SYS_fstat, fd, bad), EFAULT);
    check_content("a", "0123456789");
}

static void whole_file_can_be_copied_in_the_kernel(void)
{
    check_enter_scratch();
    int from = make_file("a", "0123456789"), to = make_file("b", "");
    CHECK_EQUAL(sendfile(to, from, NULL, 4), 4);
    off_t offset = 6;
    CHECK_EQUAL(sendfile(to, from, &offset, 100), 4);
    CHECK_EQUAL(offset, 10);
    CHECK_EQUAL(lseek(from, 0, SEEK_CUR), 4);
    check_content("b", "01236789");
    CHECK_EQUAL(copy_file_range(from, NULL, to, NULL, 2, 0), 2);
    check_content("b", "0123678945");
    CHECK_EQUAL(fallocate(to, 0, 0, 100), 0);
    struct stat st;
    CHECK_EQUAL(fstat(to, &st), 0);
    CHECK_EQUAL(st.st_size, 100);
}

static void flock_excludes_other_openers(void)
{
    check_enter_scratch();
    int one = make_file("a", ""), two = open("a", O_RDWR);
    CHECK_EQUAL(flock(one, LOCK_EX), 0);
    CHECK_ERROR(flock(two, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_ERROR(flock(two, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    CHECK_EQUAL(flock(one, LOCK_SH), 0);
    CHECK_EQUAL(flock(two, LOCK_SH | LOCK_NB), 0);
    CHECK_ERROR(flock(two, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    close(one);
    CHECK_EQUAL(flock(two, LOCK_EX | LOCK_NB), 0);
}

static void record_locks_exclude_other_processes(void)
{
    check_enter_scratch();
    int fd = make_file("a", "0123456789");
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 4 };
    CHECK_EQUAL(fcntl(fd, F_SETLK, &lock), 0);
    pid_t child = fork();
    if (child == 0) {
        struct flock mine = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 3 };
        CHECK_ERROR(fcntl(fd, F_SETLK, &mine), EAGAIN);
        CHECK_EQUAL(fcntl(fd, F_GETLK, &mine), 0);
        CHECK_EQUAL(mine.l_type, F_WRLCK);
        CHECK_EQUAL(mine.l_pid, getppid());
        mine = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 6, .l_len = 1 };
        CHECK_EQUAL(fcntl(fd, F_SETLK, &mine), 0);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
}

static void expect_device(const char *path, unsigned major_number, unsigned minor_number)
{
    struct stat st;
    CHECK_EQUAL(stat(path, &st), 0);
    CHECK(S_ISCHR(st.st_mode));
    CHECK_EQUAL(major(st.st_rdev), major_number);
    CHECK_EQUAL(minor(st.st_rdev), minor_number);
}

static void memory_devices_behave(void)
{
    char buffer[64], other[64];
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR);
    CHECK_EQUAL(read(null, buffer, 64), 0);
    CHECK_EQUAL(write(null, buffer, 64), 64);
    memset(buffer, 1, 64);
    CHECK_EQUAL(read(zero, buffer, 64), 64);
    CHECK(buffer[0] == 0 && memcmp(buffer, buffer + 1, 63) == 0);
    memset(buffer, 1, 64);
    CHECK_EQUAL(read(full, buffer, 64), 64);
    CHECK_EQUAL(buffer[63], 0);
    CHECK_ERROR(write(full, buffer, 1), ENOSPC);
    int random = open("/dev/urandom", O_RDONLY);
    CHECK_EQUAL(read(random, buffer, 64), 64);
    CHECK_EQUAL(read(random, other, 64), 64);
    CHECK(memcmp(buffer, other, 64) != 0);
    expect_device("/dev/null", 1, 3);
    expect_device("/dev/zero", 1, 5);
    expect_device("/dev/full", 1, 7);
    expect_device("/dev/random", 1, 8);
    expect_device("/dev/urandom", 1, 9);
    expect_device("/dev/tty", 5, 0);
    int winsize[4];
    CHECK_ERROR(ioctl(null, TIOCGWINSZ, winsize), ENOTTY);
}

static void close_range_closes(void)
{
    int a = open("/dev/null", O_RDONLY), b = dup(a), c = dup(a);
    CHECK_EQUAL(syscall(SYS_close_range, (unsigned)a, (unsigned)b, 0), 0);
    CHECK_ERROR(fcntl(a, F_GETFD), EBADF);
    CHECK_ERROR(fcntl(b, F_GETFD), EBADF);
    CHECK_EQUAL(fcntl(c, F_GETFD), 0);
    CHECK_EQUAL(syscall(SYS_close_range, (unsigned)c, ~0U, 4U), 0);
    CHECK_EQUAL(fcntl(c, F_GETFD), FD_CLOEXEC);
    CHECK_ERROR(syscall(SYS_close_range, 10U, 5U, 0), EINVAL);
}

static void statfs_reports_a_file_system(void)
{
    struct statfs fs;
    CHECK_EQUAL(statfs("/tmp", &fs), 0);
    CHECK(fs.f_bsize > 0 && fs.f_bfree <= fs.f_blocks);
    CHECK_EQUAL(fs.f_namelen, 255);
    CHECK_EQUAL(statfs("/proc", &fs), 0);
    CHECK_EQUAL(fs.f_type, 0x9fa0);
    CHECK_ERROR(statfs("/missing", &fs), ENOENT);
}

static void absurd_offsets_harm_nothing(void)
{
    check_enter_scratch();
    int fd = make_file("a", "");
    char byte;
    CHECK_ERROR(pwrite(fd, "x", 1, INT64_MAX), EINVAL);
    CHECK_EQUAL(pread(fd, &byte, 1, INT64_MAX - 1), 0);
    for (int shift = 31; shift < 63; shift++) {
        if (pwrite(fd, "x", 1, 1L << shift) != 1)
            CHECK(errno == EFBIG || errno == ENOSPC || errno == EINVAL);
        if (ftruncate(fd, 1L << shift) != 0)
            CHECK(errno == EFBIG || errno == ENOSPC || errno == EINVAL);
    }
    CHECK_EQUAL(ftruncate(fd, 0), 0);
    CHECK_EQUAL(pread(fd, &byte, 1, 1L << 40), 0);
}

static const struct check_row rows[] = {
    CHECK_ROW(open_flags_are_honoured),
    CHECK_ROW(names_that_are_too_long_are_refused),
    CHECK_ROW(mode_honours_umask),
    CHECK_ROW(lowest_descriptor_is_used),
    CHECK_ROW(descriptor_limit_is_enforced),
    CHECK_ROW(seek_moves_and_refuses),
    CHECK_ROW(positioned_transfer_leaves_the_offset),
    CHECK_ROW(vectors_are_gathered_and_scattered),
    CHECK_ROW(duplicates_share_the_offset),
    CHECK_ROW(duplicate_variants_follow_their_rules),
    CHECK_ROW(status_flags_can_be_read_and_changed),
    CHECK_ROW(append_always_writes_at_the_end),
    CHECK_ROW(unlinked_file_lives_until_closed),
    CHECK_ROW(truncation_cuts_and_extends_with_zeros),
    CHECK_ROW(large_file_keeps_every_byte),
    CHECK_ROW(sparse_file_uses_no_memory),
    CHECK_ROW(transfers_with_bad_pointers_fail),
    CHECK_ROW(whole_file_can_be_copied_in_the_kernel),
    CHECK_ROW(flock_excludes_other_openers),
    CHECK_ROW(record_locks_exclude_other_processes),
    CHECK_ROW(memory_devices_behave),
    CHECK_ROW(close_range_closes),
    CHECK_ROW(statfs_reports_a_file_system),
    CHECK_ROW(absurd_offsets_harm_nothing),
};

CHECK_MAIN(rows)
