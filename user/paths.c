// SPDX-License-Identifier: MIT
// paths.c: names: directories, links, rename, lookup, metadata and the current directory.
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

// struct statx, which some C libraries do not declare.
struct extended_stat {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, user, group;
    uint16_t mode, pad;
    uint64_t inode, size, blocks, attributes_mask;
    struct {
        int64_t seconds;
        uint32_t nanoseconds, pad;
    } accessed, born, changed;
    int64_t modified_seconds;
    uint8_t rest[256 - 120];
};

static void touch(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT, 0644);
    CHECK(fd >= 0);
    close(fd);
}

static ino_t inode_of(const char *path)
{
    struct stat st;
    CHECK_EQUAL(lstat(path, &st), 0);
    return st.st_ino;
}

static void rename_replaces_and_refuses(void)
{
    check_enter_scratch();
    touch("a");
    touch("b");
    ino_t a = inode_of("a");
    CHECK_EQUAL(rename("a", "b"), 0);
    CHECK_EQUAL(inode_of("b"), a);
    CHECK_ERROR(rename("a", "c"), ENOENT);
    CHECK_EQUAL(rename("b", "b"), 0);
    CHECK_EQUAL(mkdir("d", 0755), 0);
    CHECK_EQUAL(mkdir("e", 0755), 0);
    CHECK_ERROR(rename("b", "d"), EISDIR);
    CHECK_ERROR(rename("d", "b"), ENOTDIR);
    touch("e/inside");
    CHECK_ERROR(rename("d", "e"), ENOTEMPTY);
    CHECK_EQUAL(rename("e", "d"), 0);
    CHECK_EQUAL(access("d/inside", F_OK), 0);
    CHECK_ERROR(rename("d", "d/sub"), EINVAL);
    CHECK_EQUAL(mkdir("d/sub", 0755), 0);
    CHECK_ERROR(rename("d", "d/sub/deep"), EINVAL);
    CHECK_ERROR(rename("b", "missing/x"), ENOENT);
    CHECK_ERROR(rename("b", "d/inside/x"), ENOTDIR);
    CHECK_ERROR(syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "d/inside", 1U), EEXIST);
    CHECK_EQUAL(syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "n", 1U), 0);
    CHECK_EQUAL(link("n", "n2"), 0);
    CHECK_EQUAL(rename("n", "n2"), 0);
    CHECK_EQUAL(access("n", F_OK), 0);
}

static void moved_directory_has_a_new_parent(void)
{
    check_enter_scratch();
    CHECK_EQUAL(mkdir("a", 0755), 0);
    CHECK_EQUAL(mkdir("b", 0755), 0);
    CHECK_EQUAL(mkdir("a/x", 0755), 0);
    CHECK_EQUAL(rename("a/x", "b/y"), 0);
    CHECK_EQUAL(inode_of("b/y/.."), inode_of("b"));
    struct stat st;
    CHECK_EQUAL(stat("a", &st), 0);
    CHECK_EQUAL(st.st_nlink, 2);
    CHECK_EQUAL(stat("b", &st), 0);
    CHECK_EQUAL(st.st_nlink, 3);
}

static void hard_links_share_one_file(void)
{
    check_enter_scratch();
    touch("a");
    CHECK_EQUAL(link("a", "b"), 0);
    struct stat st;
    CHECK_EQUAL(stat("b", &st), 0);
    CHECK_EQUAL(st.st_nlink, 2);
    CHECK_EQUAL(inode_of("a"), inode_of("b"));
    CHECK_ERROR(link("a", "b"), EEXIST);
    CHECK_ERROR(link("missing", "c"), ENOENT);
    CHECK_EQUAL(mkdir("d", 0755), 0);
    CHECK_ERROR(link("d", "e"), EPERM);
    CHECK_EQUAL(unlink("a"), 0);
    CHECK_EQUAL(stat("b", &st), 0);
    CHECK_EQUAL(st.st_nlink, 1);
    CHECK_EQUAL(symlink("b", "s"), 0);
    CHECK_EQUAL(link("s", "s2"), 0);
    CHECK_EQUAL(lstat("s2", &st), 0);
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQUAL(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW), 0);
    CHECK_EQUAL(inode_of("s3"), inode_of("b"));
}

static void symbolic_links_are_followed(void)
{
    check_enter_scratch();
    CHECK_EQUAL(mkdir("d", 0755), 0);
    touch("d/f");
    CHECK_EQUAL(symlink("d", "l"), 0);
    CHECK_EQUAL(inode_of("l/f"), inode_of("d/f"));
    CHECK_EQUAL(symlink("../d/f", "d/up"), 0);
    CHECK_EQUAL(access("l/up", F_OK), 0);
    char target[64], absolute[128];
    memset(target, '#', 64);
    CHECK_EQUAL(readlink("d/up", target, 64), 6);
    CHECK(memcmp(target, "../d/f#", 7) == 0);
    CHECK_EQUAL(readlink("d/up", target, 3), 3);
    CHECK_ERROR(readlink("d/f", target, 64), EINVAL);
    CHECK_ERROR(readlink("missing", target, 64), ENOENT);
    CHECK_ERROR(syscall(SYS_readlinkat, AT_FDCWD, "l", target, 0), EINVAL);
    struct stat st;
    CHECK_EQUAL(lstat("l", &st), 0);
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQUAL(st.st_size, 1);
    CHECK(getcwd(absolute, 100));
    strcat(absolute, "/d/f");
    CHECK_EQUAL(symlink(absolute, "abs"), 0);
    CHECK_EQUAL(access("abs", R_OK), 0);
    CHECK_ERROR(symlink("x", "l"), EEXIST);
    CHECK_ERROR(symlink("", "empty"), ENOENT);
    CHECK_EQUAL(unlink("l"), 0);
    CHECK_EQUAL(access("d", F_OK), 0);
}

static void link_loops_and_dangling_links_are_refused(void)
{
    check_enter_scratch();
    CHECK_EQUAL(symlink("b", "a"), 0);
    CHECK_EQUAL(symlink("a", "b"), 0);
    CHECK_ERROR(open("a", O_RDONLY), ELOOP);
    CHECK_ERROR(open("a/x", O_RDONLY), ELOOP);
    CHECK_ERROR(open("a", O_RDWR | O_CREAT, 0600), ELOOP);
    CHECK_EQUAL(symlink("nowhere", "dangling"), 0);
    CHECK_ERROR(open("dangling", O_RDONLY), ENOENT);
    CHECK_ERROR(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK_ERROR(mkdir("dangling", 0700), EEXIST);
    CHECK(open("dangling", O_RDWR | O_CREAT, 0600) >= 0);
    CHECK_EQUAL(access("nowhere", F_OK), 0);
    touch("c0");
    char from[16] = "c0", to[16];
    for (int i = 1; i <= 41; i++) {
        (void)snprintf(to, sizeof to, "c%d", i);
        CHECK_EQUAL(symlink(from, to), 0);
        strcpy(from, to);
    }
    CHECK(open("c40", O_RDONLY) >= 0);
    CHECK_ERROR(open("c41", O_RDONLY), ELOOP);
}

static void directories_are_made_and_removed(void)
{
    check_enter_scratch();
    CHECK_EQUAL(mkdir("d", 0755), 0);
    CHECK_ERROR(mkdir("d", 0755), EEXIST);
    CHECK_ERROR(mkdir("x/y", 0755), ENOENT);
    touch("f");
    CHECK_ERROR(mkdir("f/y", 0755), ENOTDIR);
    CHECK_ERROR(mkdir("f", 0755), EEXIST);
    CHECK_EQUAL(mkdir("d/e/", 0755), 0);
    CHECK_ERROR(rmdir("d"), ENOTEMPTY);
    CHECK_ERROR(rmdir("f"), ENOTDIR);
    CHECK_ERROR(rmdir("missing"), ENOENT);
    CHECK_ERROR(rmdir("d/."), EINVAL);
    CHECK_ERROR(rmdir("d/e/.."), ENOTEMPTY);
    CHECK_ERROR(unlink("d"), EISDIR);
    CHECK_ERROR(unlink("f/"), ENOTDIR);
    CHECK_EQUAL(rmdir("d/e"), 0);
    CHECK_EQUAL(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR), 0);
    CHECK_ERROR(rmdir("/"), EBUSY);
}

static void removed_directory_cannot_be_used(void)
{
    check_enter_scratch();
    CHECK_EQUAL(mkdir("d", 0755), 0);
    CHECK_EQUAL(chdir("d"), 0);
    CHECK_EQUAL(rmdir("../d"), 0);
    char buffer[256];
    CHECK_ERROR(syscall(SYS_getcwd, buffer, sizeof buffer), ENOENT);
    CHECK_ERROR(open("x", O_RDWR | O_CREAT, 0600), ENOENT);
    CHECK_ERROR(mkdir("y", 0755), ENOENT);
    CHECK_EQUAL(access(".", F_OK), 0);
}

static void listing_shows_each_entry_once(void)
{
    check_enter_scratch();
    enum { COUNT = 300 };
    char name[32];
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(name, sizeof name, "entry-with-a-name-%d", i);
        touch(name);
    }
    CHECK_EQUAL(mkdir("dir", 0755), 0);
    CHECK_EQUAL(symlink("dir", "link"), 0);
    static int seen[COUNT];
    int dots = 0, typed = 0;
    DIR *directory = opendir(".");
    for (struct dirent *entry; (entry = readdir(directory));) {
        int number;
        if (sscanf(entry->d_name, "entry-with-a-name-%d", &number) == 1) {
            seen[number]++;
            CHECK_EQUAL(entry->d_type, DT_REG);
        }
        dots += strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        typed += (entry->d_type == DT_LNK && strcmp(entry->d_name, "link") == 0) +
                 (entry->d_type == DT_DIR && strcmp(entry->d_name, "dir") == 0);
    }
    for (int i = 0; i < COUNT; i++)
        CHECK_EQUAL(seen[i], 1);
    CHECK_EQUAL(dots, 2);
    CHECK_EQUAL(typed, 2);
    rewinddir(directory);
    CHECK(readdir(directory));
    closedir(directory);
}

static void listing_survives_removal_of_what_it_showed(void)
{
    check_enter_scratch();
    char name[32];
    for (int i = 0; i < 500; i++) {
        (void)snprintf(name, sizeof name, "f%d", i);
        touch(name);
    }
    int removed = 0;
    DIR *directory = opendir(".");
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_type == DT_REG) {
            CHECK_EQUAL(unlink(entry->d_name), 0);
            removed++;
        }
    CHECK_EQUAL(removed, 500);
    closedir(directory);
    char path[64];
    CHECK(getcwd(path, sizeof path));
    CHECK_EQUAL(rmdir(path), 0);
}

static void getdents_checks_its_arguments(void)
{
    check_enter_scratch();
    int directory = open(".", O_RDONLY | O_DIRECTORY);
    touch("f");
    char buffer[512];
    CHECK_ERROR(syscall(SYS_getdents64, directory, buffer, 10), EINVAL);
    CHECK(syscall(SYS_getdents64, directory, buffer, sizeof buffer) > 0);
    CHECK_EQUAL(syscall(SYS_getdents64, directory, buffer, sizeof buffer), 0);
    int file = open("f", O_RDONLY);
    CHECK_ERROR(syscall(SYS_getdents64, file, buffer, sizeof buffer), ENOTDIR);
    CHECK_ERROR(syscall(SYS_getdents64, 999, buffer, sizeof buffer), EBADF);
    CHECK_EQUAL(lseek(directory, 0, SEEK_SET), 0);
    CHECK_ERROR(syscall(SYS_getdents64, directory, (void *)8, 512), EFAULT);
}

static void current_directory_is_per_process(void)
{
    check_enter_scratch();
    char before[128], after[128];
    CHECK(getcwd(before, sizeof before));
    CHECK_EQUAL(mkdir("sub", 0755), 0);
    pid_t child = fork();
    if (child == 0) {
        CHECK_EQUAL(chdir("sub"), 0);
        CHECK(getcwd(after, sizeof after));
        CHECK(strcmp(after + strlen(after) - 4, "/sub") == 0);
        CHECK_EQUAL(chdir(".."), 0);
        CHECK(getcwd(after, sizeof after));
        CHECK(strcmp(before, after) == 0);
        CHECK_EQUAL(chdir("sub"), 0);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    CHECK(getcwd(after, sizeof after));
    CHECK(strcmp(before, after) == 0);
    CHECK_ERROR(syscall(SYS_getcwd, after, 3), ERANGE);
    touch("f");
    CHECK_ERROR(chdir("f"), ENOTDIR);
    CHECK_ERROR(chdir("missing"), ENOENT);
    int directory = open("sub", O_RDONLY | O_DIRECTORY), file = open("f", O_RDONLY);
    CHECK_ERROR(fchdir(file), ENOTDIR);
    CHECK_EQUAL(fchdir(directory), 0);
    CHECK_EQUAL(access("../f", F_OK), 0);
    CHECK_EQUAL(chdir("/../../.."), 0);
    CHECK(getcwd(after, sizeof after) && strcmp(after, "/") == 0);
}

static void relative_lookups_start_at_the_descriptor(void)
{
    check_enter_scratch();
    CHECK_EQUAL(mkdir("d", 0755), 0);
    int directory = open("d", O_RDONLY | O_DIRECTORY);
    int fd = openat(directory, "f", O_RDWR | O_CREAT, 0644);
    CHECK(fd >= 0);
    CHECK_EQUAL(access("d/f", F_OK), 0);
    CHECK_ERROR(openat(fd, "x", O_RDONLY), ENOTDIR);
    CHECK_ERROR(openat(999, "x", O_RDONLY), EBADF);
    CHECK(openat(999, "/dev/null", O_RDONLY) >= 0);
    struct stat st, same;
    CHECK_EQUAL(fstatat(directory, "f", &st, 0), 0);
    CHECK_EQUAL(fstatat(fd, "", &same, AT_EMPTY_PATH), 0);
    CHECK_EQUAL(st.st_ino, same.st_ino);
    CHECK_ERROR(fstatat(fd, "", &same, 0), ENOENT);
    CHECK_EQUAL(mkdirat(directory, "e", 0755), 0);
    CHECK_EQUAL(renameat(directory, "f", AT_FDCWD, "g"), 0);
    CHECK_EQUAL(symlinkat("../g", directory, "s"), 0);
    char target[8];
    CHECK_EQUAL(readlinkat(directory, "s", target, 8), 4);
    CHECK_EQUAL(faccessat(directory, "s", R_OK, 0), 0);
    CHECK_EQUAL(unlinkat(directory, "s", 0), 0);
    CHECK_EQUAL(unlinkat(directory, "e", AT_REMOVEDIR), 0);
    CHECK_EQUAL(rename("d", "renamed"), 0);
    CHECK(openat(directory, "late", O_RDWR | O_CREAT, 0644) >= 0);
    CHECK_EQUAL(access("renamed/late", F_OK), 0);
}

static void metadata_is_reported(void)
{
    check_enter_scratch();
    int fd = open("f", O_RDWR | O_CREAT, 0640);
    CHECK_EQUAL(write(fd, "12345", 5), 5);
    struct stat st;
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.st_mode, S_IFREG | 0640);
    CHECK_EQUAL(st.st_size, 5);
    CHECK_EQUAL(st.st_nlink, 1);
    CHECK_EQUAL(st.st_uid, geteuid());
    CHECK(st.st_blksize >= 512 && st.st_ino != 0);
    struct extended_stat x;
    memset(&x, 0xff, sizeof x);
    CHECK_EQUAL(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x7ff, &x), 0);
    CHECK_EQUAL(x.mask & 0x7ff, 0x7ff);
    CHECK_EQUAL(x.size, 5);
    CHECK_EQUAL(x.inode, st.st_ino);
    CHECK_EQUAL(x.mode, st.st_mode);
    CHECK_EQUAL(x.modified_seconds, st.st_mtim.tv_sec);
    CHECK_ERROR(stat("missing", &st), ENOENT);
    CHECK_ERROR(lstat("", &st), ENOENT);
    CHECK_EQUAL(stat("/", &st), 0);
    CHECK(S_ISDIR(st.st_mode));
}

static void times_change_and_can_be_set(void)
{
    check_enter_scratch();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    struct timespec times[2] = { { 1000, 5 }, { 2000, 7 } };
    CHECK_EQUAL(utimensat(AT_FDCWD, "f", times, 0), 0);
    struct stat st;
    CHECK_EQUAL(stat("f", &st), 0);
    CHECK_EQUAL(st.st_atim.tv_sec, 1000);
    CHECK_EQUAL(st.st_mtim.tv_sec, 2000);
    CHECK_EQUAL(st.st_mtim.tv_nsec, 7);
    struct timespec omit[2] = { { 0, UTIME_OMIT }, { 3000, 0 } };
    CHECK_EQUAL(futimens(fd, omit), 0);
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.st_atim.tv_sec, 1000);
    CHECK_EQUAL(st.st_mtim.tv_sec, 3000);
    time_t now = time(NULL);
    CHECK_EQUAL(write(fd, "x", 1), 1);
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK(st.st_mtim.tv_sec >= now - 1 && st.st_mtim.tv_sec <= now + 2);
    struct timeval old[2] = { { 10, 0 }, { 20, 0 } };
    CHECK_EQUAL(utimes("f", old), 0);
    CHECK_EQUAL(stat("f", &st), 0);
    CHECK_EQUAL(st.st_mtim.tv_sec, 20);
    struct timespec bad[2] = { { 0, 1000000000 }, { 0, 0 } };
    CHECK_ERROR(utimensat(AT_FDCWD, "f", bad, 0), EINVAL);
}

static void access_tells_root_the_truth(void)
{
    check_enter_scratch();
    touch("f");
    CHECK_EQUAL(access("f", R_OK | W_OK), 0);
    CHECK_ERROR(access("f", X_OK), EACCES);
    CHECK_EQUAL(chmod("f", 0755), 0);
    CHECK_EQUAL(access("f", X_OK), 0);
    CHECK_ERROR(access("missing", F_OK), ENOENT);
    CHECK_ERROR(access("f", 99), EINVAL);
}

static void fifo_connects_two_processes(void)
{
    check_enter_scratch();
    CHECK_EQUAL(mkfifo("p", 0600), 0);
    struct stat st;
    CHECK_EQUAL(stat("p", &st), 0);
    CHECK(S_ISFIFO(st.st_mode));
    CHECK_ERROR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
    pid_t child = fork();
    if (child == 0) {
        int out = open("p", O_WRONLY);
        CHECK_EQUAL(write(out, "through", 7), 7);
        _exit(0);
    }
    int in = open("p", O_RDONLY);
    char buffer[16];
    CHECK_EQUAL(read(in, buffer, 16), 7);
    CHECK_EQUAL(read(in, buffer, 16), 0);
    CHECK_EQUAL(check_wait(child), 0);
}

static void deep_trees_work(void)
{
    check_enter_scratch();
    for (int i = 0; i < 200; i++) {
        CHECK_EQUAL(mkdir("deep", 0755), 0);
        CHECK_EQUAL(chdir("deep"), 0);
    }
    char path[4096];
    CHECK(getcwd(path, sizeof path));
    CHECK(strlen(path) > 1000);
    for (int i = 0; i < 200; i++) {
        CHECK_EQUAL(chdir(".."), 0);
        CHECK_EQUAL(rmdir("deep"), 0);
    }
}

static void proc_shows_this_process(void)
{
    char text[4096], want[64];
    int fd = open("/proc/self/stat", O_RDONLY);
    CHECK(fd >= 0);
    ssize_t length = read(fd, text, sizeof text - 1);
    CHECK(length > 20);
    CHECK_EQUAL(atoi(text), getpid());
    close(fd);
    (void)snprintf(want, sizeof want, "/proc/%d/cmdline", (int)getpid());
    CHECK((fd = open(want, O_RDONLY)) >= 0);
    length = read(fd, text, sizeof text);
    CHECK(length > 1 && text[strlen(check_program)] == 0 && strcmp(text, check_program) == 0);
    CHECK((fd = open("/proc/meminfo", O_RDONLY)) >= 0);
    CHECK((length = read(fd, text, sizeof text - 1)) > 0);
    text[length] = 0;
    CHECK(strstr(text, "MemTotal:") && strstr(text, "MemFree:"));
    CHECK((fd = open("/proc/vmstat", O_RDONLY)) >= 0);
    CHECK((length = read(fd, text, sizeof text - 1)) > 0);
    text[length] = 0;
    CHECK(strstr(text, "nr_free_pages "));
    CHECK((fd = open("/proc/self/maps", O_RDONLY)) >= 0);
    CHECK((length = read(fd, text, sizeof text - 1)) > 0);
    text[length] = 0;
    CHECK(strstr(text, "r-xp") || strstr(text, "r--p"));
    CHECK(!strstr(text, "rwx"));
    CHECK_EQUAL(readlink("/proc/self/exe", text, sizeof text) > 0, 1);
    CHECK_ERROR(open("/proc/999999/stat", O_RDONLY), ENOENT);
    CHECK_ERROR(open("/proc/new", O_RDWR | O_CREAT, 0600), ENOENT);
}

static void a_mount_covers_and_its_unused_names_do_not_hold_it(void)
{
    struct stat status;
    if (geteuid() != 0)
        return;
    CHECK_EQUAL(mkdir("covered", 0755), 0);
    close(open("covered/below", O_CREAT | O_WRONLY, 0644));
    CHECK_EQUAL(mount("none", "covered", "tmpfs", 0, ""), 0);
    CHECK_ERROR(stat("covered/below", &status), ENOENT);
    CHECK_EQUAL(mkdir("covered/d", 0755), 0);
    int file = open("covered/d/file", O_CREAT | O_WRONLY, 0644);
    CHECK_ERROR(umount("covered"), EBUSY);
    close(file);
    CHECK_EQUAL(stat("covered/d/file", &status), 0);
    CHECK_EQUAL(umount("covered"), 0);
    CHECK_ERROR(stat("covered/d/file", &status), ENOENT);
    CHECK_EQUAL(stat("covered/below", &status), 0);
    CHECK_EQUAL(unlink("covered/below"), 0);
    CHECK_EQUAL(rmdir("covered"), 0);
}

static const struct check_row rows[] = {
    CHECK_ROW(rename_replaces_and_refuses),
    CHECK_ROW(moved_directory_has_a_new_parent),
    CHECK_ROW(hard_links_share_one_file),
    CHECK_ROW(symbolic_links_are_followed),
    CHECK_ROW(link_loops_and_dangling_links_are_refused),
    CHECK_ROW(directories_are_made_and_removed),
    CHECK_ROW(removed_directory_cannot_be_used),
    CHECK_ROW(listing_shows_each_entry_once),
    CHECK_ROW(listing_survives_removal_of_what_it_showed),
    CHECK_ROW(getdents_checks_its_arguments),
    CHECK_ROW(current_directory_is_per_process),
    CHECK_ROW(relative_lookups_start_at_the_descriptor),
    CHECK_ROW(metadata_is_reported),
    CHECK_ROW(times_change_and_can_be_set),
    CHECK_ROW(access_tells_root_the_truth),
    CHECK_ROW(fifo_connects_two_processes),
    CHECK_ROW(deep_trees_work),
    CHECK_ROW(proc_shows_this_process),
    CHECK_ROW(a_mount_covers_and_its_unused_names_do_not_hold_it),
};

CHECK_MAIN(rows)
