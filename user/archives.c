// SPDX-License-Identifier: MIT
// archives.c: an archive mounted as the tree it describes: contents, mappings, refusals. Linux has no such file system and skips them.
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>

enum { PAGE = 4096, BIG = 40 * PAGE + 123, ARCHIVE_MOST = 400 * 1024 };

// ---- making an archive ----

static char archive[ARCHIVE_MOST];
static size_t length;

static void put(const void *bytes, size_t size)
{
    CHECK(length + size + 4 < sizeof archive);
    memcpy(archive + length, bytes, size);
    length += size;
    while (length % 4)
        archive[length++] = 0;
}

static void add(const char *name, unsigned mode, unsigned number, unsigned links, const void *bytes, size_t size)
{
    char header[400];
    int used = snprintf(header, sizeof header, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", number, mode, 0, 0, links,
                        1000000, (unsigned)size, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0, name);
    put(header, (size_t)used + 1);
    put(bytes, size);
}

static unsigned char content(size_t at)
{
    return (unsigned char)(at * 7 + at / PAGE);
}

static void make_archive(void)
{
    static unsigned char big[BIG];
    for (size_t i = 0; i < BIG; i++)
        big[i] = content(i);
    length = 0;
    add("etc", S_IFDIR | 0750, 1, 2, "", 0);
    add("etc/motd", S_IFREG | 0644, 2, 1, "hello\n", 6);
    add("./made/on/the/way", S_IFREG | 0600, 3, 1, "deep", 4);
    add("big", S_IFREG | 0755, 4, 1, big, BIG);
    add("link", S_IFLNK | 0777, 5, 1, "etc/motd", 8);
    add("one", S_IFREG | 0644, 6, 2, "", 0);
    add("two", S_IFREG | 0644, 6, 2, "both", 4);
    add("TRAILER!!!", 0, 0, 1, "", 0);
}

static void write_archive(const char *path)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    CHECK(fd >= 0);
    CHECK_EQUAL(write(fd, archive, length), length);
    CHECK_EQUAL(close(fd), 0);
}

static void mount_archive(void)
{
    if (!check_on_helix() || geteuid() != 0)
        CHECK_SKIP("no such file system");
    check_enter_scratch();
    make_archive();
    write_archive("a.cpio");
    CHECK_EQUAL(mkdir("m", 0755), 0);
    char path[200];
    CHECK(getcwd(path, sizeof path - 10));
    CHECK_EQUAL(mount(strcat(path, "/a.cpio"), "m", "cpio", 0, ""), 0);
}

// A figure of /proc/helix/memory.
static long figure(const char *name)
{
    static char text[8192];
    int fd = open("/proc/helix/memory", O_RDONLY);
    CHECK(fd >= 0);
    ssize_t got = read(fd, text, sizeof text - 1);
    CHECK(got > 0);
    close(fd);
    text[got] = 0;
    const char *line = strstr(text, name);
    CHECK(line);
    return strtol(line + strlen(name), NULL, 10);
}

// ---- rows ----

static void an_archive_is_mounted_as_its_tree(void)
{
    struct stat status;
    mount_archive();
    check_content("m/etc/motd", "hello\n");
    check_content("m/made/on/the/way", "deep");
    check_content("m/link", "hello\n");
    check_content("m/one", "both");
    CHECK_EQUAL(stat("m/two", &status), 0);
    CHECK(status.st_nlink == 2 && status.st_size == 4 && status.st_mtime == 1000000);
    CHECK_EQUAL(stat("m/etc", &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFDIR | 0750);
    CHECK_EQUAL(umount("m"), 0);
    CHECK_ERROR(stat("m/etc", &status), ENOENT);
}

static void contents_are_read_when_wanted_and_once(void)
{
    static unsigned char bytes[BIG + 10];
    mount_archive();
    int fd = open("m/big", O_RDONLY);
    CHECK(fd >= 0);
    long missed = figure("file_misses "), ahead = figure("file_ahead "), held = figure("file_pages ");
    CHECK_EQUAL(pread(fd, bytes, 100, 20 * PAGE - 50), 100);
    CHECK_EQUAL(figure("file_misses "), missed + 2);
    for (size_t i = 0; i < 100; i++)
        CHECK_EQUAL(bytes[i], content(20 * PAGE - 50 + i));
    CHECK_EQUAL(pread(fd, bytes, sizeof bytes, 0), BIG);
    for (size_t i = 0; i < BIG; i++)
        CHECK_EQUAL(bytes[i], content(i));
    CHECK_EQUAL(figure("file_misses ") - missed + figure("file_ahead ") - ahead, 41);
    CHECK_EQUAL(figure("file_pages ") - held, 41);
    CHECK_EQUAL(pread(fd, bytes, sizeof bytes, 0), BIG);
    CHECK_EQUAL(figure("file_misses ") - missed + figure("file_ahead ") - ahead, 41);
    close(fd);
    CHECK_EQUAL(umount("m"), 0);
    CHECK_EQUAL(figure("file_pages "), held);
}

static void its_files_can_be_mapped_and_outlive_the_mount(void)
{
    mount_archive();
    int fd = open("m/big", O_RDONLY);
    unsigned char *map = mmap(NULL, 42 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    unsigned char *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(map != MAP_FAILED && own != MAP_FAILED);
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES);
    own[3] = 99;
    CHECK(map[3] == content(3) && own[3] == 99 && own[4] == content(4));
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(umount("m"), 0);
    for (size_t i = 0; i < BIG; i += 61)
        CHECK_EQUAL(map[i], content(i));
    CHECK_EQUAL(map[BIG], 0); // behind the end, in its last page
    pid_t child = fork();
    if (child == 0)
        _exit(map[41 * PAGE]);
    int status = check_wait(child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

static void it_is_read_only_and_so_is_the_archive(void)
{
    mount_archive();
    CHECK_ERROR(open("m/etc/motd", O_RDWR), EROFS);
    CHECK_ERROR(open("m/new", O_CREAT | O_WRONLY, 0644), EROFS);
    CHECK_ERROR(unlink("m/big"), EROFS);
    CHECK_ERROR(open("a.cpio", O_RDWR), ETXTBSY);
    CHECK_ERROR(truncate("a.cpio", 100), ETXTBSY);
    CHECK_EQUAL(umount("m"), 0);
    int fd = open("a.cpio", O_RDWR);
    CHECK(fd >= 0);
}

static void what_is_no_archive_is_refused(void)
{
    mount_archive();
    CHECK_EQUAL(mkdir("n", 0755), 0);
    char path[200], *end;
    CHECK(getcwd(path, sizeof path - 10));
    end = path + strlen(path);
    CHECK_ERROR(mount(strcpy(end, "/missing") - (end - path), "n", "cpio", 0, ""), ENOENT);
    CHECK_ERROR(mount(strcpy(end, "/n") - (end - path), "n", "cpio", 0, ""), EINVAL);
    CHECK_ERROR(mount("/dev/zero", "n", "cpio", 0, ""), EINVAL);
    size_t whole = length;
    static const size_t cuts[] = { 20, 115, 300, 5000, 100000 };
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        length = cuts[i];
        write_archive("b.cpio");
        CHECK_ERROR(mount(strcpy(end, "/b.cpio") - (end - path), "n", "cpio", 0, ""), EINVAL);
    }
    length = 0;
    add("../out", S_IFREG | 0644, 1, 1, "x", 1);
    write_archive("b.cpio");
    CHECK_ERROR(mount(path, "n", "cpio", 0, ""), EINVAL);
    length = 0;
    add("f", S_IFREG | 0644, 1, 1, "x", 1);
    add("f/below", S_IFREG | 0644, 2, 1, "x", 1);
    write_archive("b.cpio");
    CHECK_ERROR(mount(path, "n", "cpio", 0, ""), EINVAL);
    length = whole;
    CHECK_EQUAL(umount("m"), 0);
    CHECK_ERROR(umount("n"), EINVAL);
}

static const struct check_row rows[] = {
    CHECK_ROW(an_archive_is_mounted_as_its_tree),
    CHECK_ROW(contents_are_read_when_wanted_and_once),
    CHECK_ROW(its_files_can_be_mapped_and_outlive_the_mount),
    CHECK_ROW(it_is_read_only_and_so_is_the_archive),
    CHECK_ROW(what_is_no_archive_is_refused),
};

CHECK_MAIN(rows)
