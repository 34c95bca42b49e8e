// SPDX-License-Identifier: MIT
// share.c: how fairly one CPU is divided. `share SECONDS [HOGS]` runs that many CPU-bound processes side by side and
// prints what each got, in work done and in CPU time; exits with 1 when one is more than 5 % off its share. A sleeper
// beside them measures how late it wakes.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HOGS_MAX = 16 };

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct result {
    double cpu_seconds, work, late_seconds;
};

static void hog(struct result *result, double end)
{
    double start = now(CLOCK_PROCESS_CPUTIME_ID);
    volatile uint64_t work = 0;
    while (now(CLOCK_MONOTONIC) < end)
        for (int i = 0; i < 2000; i++)
            work = work + 1;
    result->work = (double)work;
    result->cpu_seconds = now(CLOCK_PROCESS_CPUTIME_ID) - start;
    _exit(0);
}

static void sleeper(struct result *result, double end)
{
    while (now(CLOCK_MONOTONIC) < end) {
        double start = now(CLOCK_MONOTONIC);
        usleep(10000);
        double late = now(CLOCK_MONOTONIC) - start - 0.01;
        if (late > result->late_seconds)
            result->late_seconds = late;
    }
    _exit(0);
}

int main(int count, char **arguments)
{
    double seconds = count > 1 ? atof(arguments[1]) : 10;
    int hogs = count > 2 ? atoi(arguments[2]) : 2;
    if (seconds <= 0 || hogs < 1 || hogs > HOGS_MAX) {
        fprintf(stderr, "usage: share [SECONDS [HOGS]]\n");
        return 2;
    }
    struct result *results = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (results == MAP_FAILED)
        return 2;
    double start = now(CLOCK_MONOTONIC), end = start + seconds;
    for (int i = 0; i <= hogs; i++)
        if (fork() == 0)
            i < hogs ? hog(&results[i], end) : sleeper(&results[i], end);
    while (wait(NULL) > 0)
        ;
    double work = 0, cpu = 0;
    for (int i = 0; i < hogs; i++) {
        work += results[i].work;
        cpu += results[i].cpu_seconds;
    }
    int unfair = 0;
    for (int i = 0; i < hogs; i++) {
        double got = results[i].cpu_seconds / cpu * hogs;
        printf("hog %d: %.3f s of CPU (%.1f %% of its share), %.1f %% of the work\n", i, results[i].cpu_seconds, got * 100,
               results[i].work / work * 100);
        unfair |= got < 0.95 || got > 1.05;
    }
    printf("sleeper: at most %.3f ms late\n", results[hogs].late_seconds * 1e3);
    printf("in all: %.3f s of CPU in %.3f s\n", cpu, now(CLOCK_MONOTONIC) - start);
    return unfair;
}
