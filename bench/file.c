// SPDX-License-Identifier: MIT
// file.c: names, descriptors, and files in memory: all below /tmp, which is a tmpfs or its like.
#define _GNU_SOURCE
#include "bench.h"
#include "machine.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILES_MOST = 512, PAGE = 4096, LISTED = 1000, FILE_PAGES = 64, NAME_SIZE = 40 };

static int file;
static struct stat status;
static char page[PAGE];

static void run_stat(long loops)
{
    while (loops-- > 0)
        if (stat("/dev/zero", &status) != 0)
            give_up("stat");
}

static void prepare_fstat(void)
{
    file = open("/dev/zero", O_RDONLY);
    NEED(file >= 0, "open /dev/zero");
}

static void run_fstat(long loops)
{
    while (loops-- > 0)
        if (fstat(file, &status) != 0)
            give_up("fstat");
}

static void run_open_close(long loops)
{
    while (loops-- > 0)
        if (close(open("/dev/zero", O_RDONLY)) != 0)
            give_up("open or close");
}

// A folder of this row's own, left behind at the end: the next row of the name takes a new one.
static char folder[24];
static char names[FILES_MOST][NAME_SIZE];

static void make_folder(void)
{
    strcpy(folder, "/tmp/bench.XXXXXX");
    NEED(mkdtemp(folder), "mkdtemp");
    for (int i = 0; i < FILES_MOST; i++)
        snprintf(names[i], NAME_SIZE, "%s/f%d", folder, i);
}

static void run_create(long loops)
{
    for (long i = 0; i < loops; i++)
        if (close(open(names[i], O_CREAT | O_EXCL | O_WRONLY, 0600)) != 0)
            give_up("create");
}

static void run_delete(long loops)
{
    for (long i = 0; i < loops; i++)
        if (unlink(names[i]) != 0)
            give_up("unlink");
}

static void make_file(void)
{
    make_folder();
    file = open(names[0], O_CREAT | O_RDWR, 0600);
    NEED(file >= 0, "create");
    for (int i = 0; i < FILE_PAGES; i++)
        NEED(write(file, page, PAGE) == PAGE, "write");
}

// Pages that the file has already, one after the other, over and over.
static void run_read(long loops)
{
    for (long i = 0; i < loops; i++)
        if (pread(file, page, PAGE, i % FILE_PAGES * PAGE) != PAGE)
            give_up("pread");
}

static void run_write(long loops)
{
    for (long i = 0; i < loops; i++)
        if (pwrite(file, page, PAGE, i % FILE_PAGES * PAGE) != PAGE)
            give_up("pwrite");
}

// A file that grows by pages; it is made and cut outside.
static void cut_file(long loops)
{
    (void)loops;
    NEED(ftruncate(file, 0) == 0, "ftruncate");
    NEED(lseek(file, 0, SEEK_SET) == 0, "lseek");
}

static void run_append(long loops)
{
    while (loops-- > 0)
        if (write(file, page, PAGE) != PAGE)
            give_up("write");
}

static void make_listed(void)
{
    char name[NAME_SIZE];
    strcpy(folder, "/tmp/bench.XXXXXX");
    NEED(mkdtemp(folder), "mkdtemp");
    for (int i = 0; i < LISTED; i++) {
        snprintf(name, sizeof name, "%s/entry%d", folder, i);
        NEED(close(open(name, O_CREAT | O_EXCL | O_WRONLY, 0600)) == 0, "create");
    }
    file = open(folder, O_RDONLY | O_DIRECTORY);
    NEED(file >= 0, "open of a folder");
}

// The calls that a library makes for a folder of a thousand entries; one operation is an entry.
static void run_list(long loops)
{
    static char entries[32 * 1024];
    while (loops-- > 0) {
        if (lseek(file, 0, SEEK_SET) != 0)
            give_up("lseek");
        long size, total = 0;
        while ((size = syscall(SYS_getdents64, file, entries, sizeof entries)) > 0)
            total += size;
        if (size < 0 || total < LISTED)
            give_up("getdents64");
    }
}

static const struct row rows[] = {
    { "stat", .run = run_stat },
    { "fstat", prepare_fstat, .run = run_fstat },
    { "open_close", .run = run_open_close },
    { "tmpfs_create", make_folder, NULL, run_create, run_delete, .least = 64, .most = FILES_MOST },
    { "tmpfs_delete", make_folder, run_create, run_delete, .least = 64, .most = FILES_MOST },
    { "tmpfs_read_4k", make_file, .run = run_read, .least = FILE_PAGES },
    { "tmpfs_write_4k", make_file, .run = run_write, .least = FILE_PAGES },
    { "tmpfs_append_4k", make_file, cut_file, run_append, .least = 64, .most = FILES_MOST },
    { "tmpfs_readdir", make_listed, .run = run_list, .per = LISTED },
};
GROUP(file_group, "file", rows);
