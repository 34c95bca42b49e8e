// SPDX-License-Identifier: MIT
// hogs.c: too much of everything: processes, memory, files, threads, descriptors.
#define _GNU_SOURCE
#include "crime.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

static void fork_bomb(void)
{
    // Every process forks as fast as it can for three seconds.
    time_t end = time(NULL) + 3;
    bool refused = false;
    while (time(NULL) < end)
        if (fork() < 0)
            refused = true;
    _exit(refused ? 0 : 0);
}

static void fork_bomb_forever(void)
{
    for (;;)
        fork();
}

static void fork_until_refused(void)
{
    int ends[2], children = 0;
    CHECK_EQUAL(pipe(ends), 0);
    struct rlimit limit = { 500, 500 };
    if (!check_on_helix()) {
        CHECK_EQUAL(setrlimit(RLIMIT_NPROC, &limit), 0);
        CHECK_EQUAL(setuid(65534), 0);
    }
    pid_t child;
    while ((child = fork()) > 0 && children < 20000)
        children++;
    if (child == 0) {
        char byte;
        close(ends[1]);
        (void)!read(ends[0], &byte, 1);
        _exit(0);
    }
    int error = errno;
    printf("%d children, then errno %d\n", children, error);
    close(ends[1]);
    int reaped = 0;
    while (wait(NULL) > 0)
        reaped++;
    CHECK_EQUAL(reaped, children);
    CHECK(error == EAGAIN || error == ENOMEM);
}

static void memory_hog(void)
{
    // Takes and touches memory until told no; being killed is the other honest answer.
    size_t taken = 0;
    for (size_t size = 16 << 20; size >= 1 << 20;) {
        char *more = taken >> 36 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (more == MAP_FAILED) {
            size /= 2;
            continue;
        }
        for (size_t i = 0; i < size; i += 4096)
            more[i] = 1;
        taken += size;
    }
    printf("%zu MiB taken, then refused\n", taken >> 20);
    exit(0);
}

static void break_hog(void)
{
    for (;;) {
        char *more = sbrk(1 << 20);
        if (more == (void *)-1)
            exit(0);
        memset(more, 1, 1 << 20);
    }
}

static void page_table_hog(void)
{
    // One page in each 2 MiB: page tables cost as much as the pages.
    char *memory = mmap(NULL, 1UL << 45, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        exit(0);
    for (size_t i = 0; i < 1UL << 45; i += 1UL << 21)
        memory[i] = 1;
}

static void file_hog(void)
{
    static char block[65536];
    int fd = open("/tmp/hog", O_RDWR | O_CREAT | O_TRUNC, 0600);
    size_t written = 0;
    ssize_t got;
    while ((got = write(fd, block, sizeof block)) > 0)
        written += (size_t)got;
    printf("%zu MiB written, then errno %d\n", written >> 20, errno);
    bool refused = errno == ENOSPC || errno == ENOMEM;
    unlink("/tmp/hog");
    exit(refused ? 0 : 1);
}

static void pipe_hog(void)
{
    static char block[65536];
    for (int i = 0; i < 2000; i++) {
        int ends[2];
        if (pipe2(ends, O_NONBLOCK) != 0)
            break;
        (void)!write(ends[1], block, sizeof block);
    }
}

static void inode_hog(void)
{
    char name[64];
    int made = 0;
    mkdir("/tmp/inodes", 0700);
    for (; made < 200000; made++) {
        (void)snprintf(name, sizeof name, "/tmp/inodes/%d", made);
        int fd = open(name, O_RDWR | O_CREAT, 0600);
        if (fd < 0)
            break;
        close(fd);
    }
    for (int i = 0; i < made; i++) {
        (void)snprintf(name, sizeof name, "/tmp/inodes/%d", i);
        unlink(name);
    }
    CHECK_EQUAL(rmdir("/tmp/inodes"), 0);
}

static void *pause_thread(void *argument)
{
    for (;;)
        pause();
    return argument;
}

static void thread_hog(void)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 16384);
    pthread_t thread;
    int made = 0;
    while (made < 20000 && pthread_create(&thread, &attributes, pause_thread, NULL) == 0)
        made++;
    printf("%d threads\n", made);
    exit(made > 10 ? 0 : 1);
}

static void map_hog(void)
{
    for (int i = 0; i < 100000; i++)
        if (mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
            break;
}

static void open_hog(void)
{
    int opened = 0;
    while (open("/dev/null", O_RDONLY) >= 0 && opened < 100000)
        opened++;
    CHECK(opened > 50);
    CHECK(errno == EMFILE || errno == ENFILE);
}

static void deep_directories(void)
{
    CHECK_EQUAL(mkdir("/tmp/deep", 0700), 0);
    CHECK_EQUAL(chdir("/tmp/deep"), 0);
    int depth = 0;
    while (depth < 3000 && mkdir("d", 0700) == 0 && chdir("d") == 0)
        depth++;
    char path[8192];
    if (syscall(SYS_getcwd, path, sizeof path) < 0)
        CHECK(errno == ENAMETOOLONG || errno == ERANGE);
    while (depth-- > 0) {
        CHECK_EQUAL(chdir(".."), 0);
        CHECK_EQUAL(rmdir("d"), 0);
    }
    CHECK_EQUAL(rmdir("/tmp/deep"), 0);
}

static const struct crime crimes[] = {
    LIVES(open_hog),       LIVES(deep_directories), EITHER(map_hog),          EITHER(pipe_hog),  LIVES(fork_until_refused),
    ALONE(thread_hog),     ALONE(fork_bomb),        ALONE(fork_bomb_forever), ALONE(memory_hog), ALONE(break_hog),
    ALONE(page_table_hog), ALONE(file_hog),         ALONE(inode_hog),
};

CRIME_MAIN(crimes)
