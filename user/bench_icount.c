// SPDX-License-Identifier: MIT
// bench_icount.c: instructions per operation. Under `-icount shift=0` the processor's clock counts guest instructions,
// in steps that the number of loops makes small; without it the figures are only good for comparing. One line each: `NAME MEDIAN MINIMUM`.
#define _GNU_SOURCE
#include "machine.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 15, MAPPED = 64, NAMES = 1000, POLLED = 10, BULK = 65536 };

static int zero, null, file, ends[2][2], bulk[2], idle[POLLED][2];
static char *mapped, buffer[BULK];

static void null_call(long loops)
{
    while (loops-- > 0)
        machine_call0(SYS_getpid);
}
static void read_byte(long loops)
{
    char byte;
    while (loops-- > 0)
        (void)!read(zero, &byte, 1);
}
static void write_byte(long loops)
{
    while (loops-- > 0)
        (void)!write(null, "x", 1);
}
static void open_close(long loops)
{
    while (loops-- > 0)
        close(open("/dev/zero", O_RDONLY));
}
static void open_close_file(long loops)
{
    while (loops-- > 0)
        close(open("/tmp/bench-file", O_RDONLY));
}
static void stat_path(long loops)
{
    struct stat status;
    while (loops-- > 0)
        stat("/tmp/bench-file", &status);
}
static void stat_file(long loops)
{
    struct stat status;
    while (loops-- > 0)
        fstat(file, &status);
}
static void read_page(long loops)
{
    while (loops-- > 0)
        (void)!pread(file, buffer, 4096, 0);
}
static void write_page(long loops)
{
    while (loops-- > 0)
        (void)!pwrite(file, buffer, 4096, 0);
}
static void each_name(long loops, void (*run)(const char *path))
{
    char path[] = "/tmp/bench/0000";
    for (long i = 0; i < loops; i++) {
        for (long digit = 0, rest = i; digit < 4; digit++, rest /= 10)
            path[14 - digit] = (char)('0' + rest % 10);
        run(path);
    }
}
static void create_one(const char *path)
{
    close(open(path, O_CREAT | O_WRONLY, 0644));
}
static void delete_one(const char *path)
{
    unlink(path);
}
static void create_files(long loops)
{
    each_name(loops, create_one);
}
static void delete_files(long loops)
{
    each_name(loops, delete_one);
}
static void read_names(long loops)
{
    while (loops-- > 0) {
        int names = open("/tmp/bench", O_RDONLY | O_DIRECTORY);
        while (syscall(SYS_getdents64, names, buffer, 32768) > 0)
            continue;
        close(names);
    }
}
static void poll_ten(long loops)
{
    struct pollfd rows[POLLED];
    for (int i = 0; i < POLLED; i++)
        rows[i] = (struct pollfd){ .fd = idle[i][0], .events = POLLIN };
    while (loops-- > 0)
        poll(rows, POLLED, 0);
}
static void select_ten(long loops)
{
    while (loops-- > 0) {
        fd_set set;
        struct timeval now = { 0, 0 };
        FD_ZERO(&set);
        for (int i = 0; i < POLLED; i++)
            FD_SET(idle[i][0], &set);
        select(idle[POLLED - 1][0] + 1, &set, NULL, NULL, &now);
    }
}
// Writes of 64 KiB to a child that reads 64 KiB at a time.
static void pipe_bulk(long loops)
{
    while (loops-- > 0)
        (void)!write(bulk[1], buffer, BULK);
}
static void map_unmap(long loops)
{
    while (loops-- > 0)
        munmap(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
}
static void fault(long loops)
{
    // The mapping is made and dropped outside the loop that is timed by being spread over many pages.
    mapped = mmap(NULL, (size_t)loops * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long i = 0; i < loops; i++)
        mapped[i * 4096] = 1;
    munmap(mapped, (size_t)loops * 4096);
}
static void fork_exit_wait(long loops)
{
    while (loops-- > 0) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        waitpid(child, NULL, 0);
    }
}
static void vfork_exit_wait(long loops)
{
    while (loops-- > 0) {
        pid_t child = vfork();
        if (child == 0)
            _exit(0);
        waitpid(child, NULL, 0);
    }
}
static char *const child_arguments[] = { "bench_icount", "nothing", NULL };
static char *const no_environment[] = { NULL };
static void vfork_exec(long loops)
{
    while (loops-- > 0) {
        pid_t child = vfork();
        if (child == 0) {
            execve("/proc/self/exe", child_arguments, no_environment);
            _exit(1);
        }
        waitpid(child, NULL, 0);
    }
}
static void fork_exec(long loops)
{
    while (loops-- > 0) {
        pid_t child = fork();
        if (child == 0) {
            execve("/proc/self/exe", child_arguments, no_environment);
            _exit(1);
        }
        waitpid(child, NULL, 0);
    }
}
static void spawn(long loops)
{
    while (loops-- > 0) {
        pid_t child;
        if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, child_arguments, no_environment))
            exit(1);
        waitpid(child, NULL, 0);
    }
}
static void *thread_nothing(void *argument)
{
    return argument;
}
static void thread_create_join(long loops)
{
    while (loops-- > 0) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, thread_nothing, NULL))
            exit(1);
        pthread_join(thread, NULL);
    }
}
static void yield(long loops)
{
    while (loops-- > 0)
        sched_yield();
}
static void pipe_round_trip(long loops)
{
    char byte = 0;
    while (loops-- > 0) {
        (void)!write(ends[0][1], &byte, 1);
        (void)!read(ends[1][0], &byte, 1);
    }
}
static void clock_read(long loops)
{
    struct timespec time;
    while (loops-- > 0)
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
}

static void nothing(int number)
{
    (void)number;
}
static void signal_install(long loops)
{
    struct sigaction action = { .sa_handler = nothing };
    while (loops-- > 0)
        sigaction(SIGUSR1, &action, NULL);
}
static void signal_self(long loops)
{
    pid_t self = getpid();
    signal(SIGUSR1, nothing);
    while (loops-- > 0)
        kill(self, SIGUSR1);
}

// The handler makes the page accessible; the loop takes that away again, so that two calls of mprotect belong to each round.
static void make_writable(int number)
{
    (void)number;
    mprotect(mapped, 4096, PROT_READ | PROT_WRITE);
}
static void fault_signal(long loops)
{
    mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    signal(SIGSEGV, make_writable);
    while (loops-- > 0) {
        mprotect(mapped, 4096, PROT_READ);
        *(volatile char *)mapped = 1;
    }
    signal(SIGSEGV, SIG_DFL);
    munmap(mapped, 4096);
}
static void protect_twice(long loops)
{
    mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    while (loops-- > 0) {
        mprotect(mapped, 4096, PROT_READ);
        mprotect(mapped, 4096, PROT_READ | PROT_WRITE);
        *(volatile char *)mapped = 1;
    }
    munmap(mapped, 4096);
}

// Two threads that give each other the processor.
static volatile bool over;
static void *yield_until_over(void *unused)
{
    while (!over)
        sched_yield();
    return unused;
}
static void thread_switch(long loops)
{
    pthread_t other;
    over = false;
    if (pthread_create(&other, NULL, yield_until_over, NULL))
        return;
    while (loops-- > 0)
        sched_yield();
    over = true;
    pthread_join(other, NULL);
}

// Two threads and a word each: to and fro.
enum { WAIT_PRIVATE = 128, WAKE_PRIVATE = 129 };
static int turn[2];
static void futex_wait_for(int *word)
{
    while (__atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST) == 0)
        syscall(SYS_futex, word, WAIT_PRIVATE, 0, NULL, NULL, 0);
}
static void futex_give(int *word)
{
    __atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, word, WAKE_PRIVATE, 1, NULL, NULL, 0);
}
static void *answer(void *loops)
{
    for (long left = (long)loops; left > 0; left--) {
        futex_wait_for(&turn[0]);
        futex_give(&turn[1]);
    }
    return NULL;
}
static void futex_round_trip(long loops)
{
    pthread_t other;
    if (pthread_create(&other, NULL, answer, (void *)loops))
        return;
    while (loops-- > 0) {
        futex_give(&turn[0]);
        futex_wait_for(&turn[1]);
    }
    pthread_join(other, NULL);
}
// How much later than asked a sleep ends: a hundred microseconds are to be taken off.
static void sleep_100us(long loops)
{
    struct timespec time = { .tv_nsec = 100000 };
    while (loops-- > 0)
        nanosleep(&time, NULL);
}

static const struct operation {
    const char *name;
    void (*run)(long loops);
    long loops;
    void (*before)(long loops); // not timed: brings about what run needs
} operations[] = {
    { "null_syscall", null_call, 1000 },
    { "read_zero", read_byte, 1000 },
    { "write_null", write_byte, 1000 },
    { "clock_gettime", clock_read, 1000 },
    { "sched_yield", yield, 500 },
    { "open_close", open_close, 300 },
    { "open_close_file", open_close_file, 300 },
    { "stat", stat_path, 300 },
    { "fstat", stat_file, 300 },
    { "read_page", read_page, 300 },
    { "write_page", write_page, 300 },
    { "create_file", create_files, NAMES, delete_files },
    { "delete_file", delete_files, NAMES, create_files },
    { "readdir_1000", read_names, 3, create_files },
    { "poll_10", poll_ten, 300 },
    { "select_10", select_ten, 300 },
    { "mmap_munmap", map_unmap, 300 },
    { "fault", fault, 256 },
    { "pipe_round_trip", pipe_round_trip, 300 },
    { "pipe_64k", pipe_bulk, 100 },
    { "fork_exit_wait", fork_exit_wait, 20 },
    { "vfork_exit_wait", vfork_exit_wait, 20 },
    { "vfork_exec_wait", vfork_exec, 20 },
    { "fork_exec_wait", fork_exec, 20 },
    { "spawn_wait", spawn, 20 },
    { "thread_create_join", thread_create_join, 50 },
    { "signal_install", signal_install, 1000 },
    { "signal_self", signal_self, 500 },
    { "fault_signal", fault_signal, 300 },
    { "protect_twice", protect_twice, 300 },
    { "thread_switch", thread_switch, 500 },
    { "futex_round_trip", futex_round_trip, 300 },
    { "sleep_100us", sleep_100us, 100 },
};

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void echo(void)
{
    char byte;
    close(ends[0][1]);
    while (read(ends[0][0], &byte, 1) == 1)
        (void)!write(ends[1][1], &byte, 1);
    _exit(0);
}

static void drain(void)
{
    close(bulk[1]);
    close(ends[0][1]); // the other child waits for its end
    while (read(bulk[0], buffer, BULK) > 0)
        continue;
    _exit(0);
}

static pid_t start(void (*run)(void))
{
    pid_t child = fork();
    if (child == 0)
        run();
    return child;
}

static void measure(const struct operation *operation)
{
    uint64_t samples[SAMPLES];
    if (operation->before)
        operation->before(NAMES);
    operation->run(operation->loops);
    for (int i = 0; i < SAMPLES; i++) {
        if (operation->before)
            operation->before(NAMES);
        uint64_t start = machine_instructions();
        operation->run(operation->loops);
        samples[i] = (machine_instructions() - start) / (uint64_t)operation->loops;
    }
    qsort(samples, SAMPLES, sizeof *samples, compare);
    printf("%s %llu %llu\n", operation->name, (unsigned long long)samples[SAMPLES / 2], (unsigned long long)samples[0]);
    fflush(stdout);
}

int main(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], "nothing") == 0)
        return 0;
    zero = open("/dev/zero", O_RDONLY);
    null = open("/dev/null", O_WRONLY);
    file = open("/tmp/bench-file", O_CREAT | O_RDWR, 0644);
    mkdir("/tmp/bench", 0755);
    if (pipe(ends[0]) || pipe(ends[1]) || pipe(bulk) || pwrite(file, buffer, 4096, 0) != 4096)
        return 1;
    pid_t children[] = { start(echo), start(drain) };
    for (int i = 0; i < POLLED; i++)
        if (pipe(idle[i]))
            return 1;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (count < 2 || strcmp(arguments[1], operations[i].name) == 0)
            measure(&operations[i]);
    close(ends[0][1]);
    close(bulk[1]);
    waitpid(children[0], NULL, 0);
    waitpid(children[1], NULL, 0);
    delete_files(NAMES);
    return unlink("/tmp/bench-file") || rmdir("/tmp/bench");
}
