// SPDX-License-Identifier: MIT
// bench_icount.c: instructions per operation. Under `-icount shift=0` the processor's clock counts guest instructions,
// in steps that the number of loops makes small; without it the figures are only good for comparing. One line each: `NAME MEDIAN MINIMUM`.
#define _GNU_SOURCE
#include "machine.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 15, MAPPED = 64 };

static int zero, null, ends[2][2];
static char *mapped;

static void null_call(long loops)
{
    while (loops-- > 0)
        machine_call0(SYS_getppid);
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

static const struct operation {
    const char *name;
    void (*run)(long loops);
    long loops;
} operations[] = {
    { "null_syscall", null_call, 1000 },
    { "read_zero", read_byte, 1000 },
    { "write_null", write_byte, 1000 },
    { "clock_gettime", clock_read, 1000 },
    { "sched_yield", yield, 500 },
    { "open_close", open_close, 300 },
    { "mmap_munmap", map_unmap, 300 },
    { "fault", fault, 256 },
    { "pipe_round_trip", pipe_round_trip, 300 },
    { "fork_exit_wait", fork_exit_wait, 20 },
    { "vfork_exit_wait", vfork_exit_wait, 20 },
    { "vfork_exec_wait", vfork_exec, 20 },
    { "fork_exec_wait", fork_exec, 20 },
    { "spawn_wait", spawn, 20 },
    { "thread_create_join", thread_create_join, 50 },
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

static void measure(const struct operation *operation)
{
    uint64_t samples[SAMPLES];
    operation->run(operation->loops);
    for (int i = 0; i < SAMPLES; i++) {
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
    if (pipe(ends[0]) || pipe(ends[1]))
        return 1;
    pid_t child = fork();
    if (child == 0)
        echo();
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (count < 2 || strcmp(arguments[1], operations[i].name) == 0)
            measure(&operations[i]);
    close(ends[0][1]);
    waitpid(child, NULL, 0);
    return 0;
}
