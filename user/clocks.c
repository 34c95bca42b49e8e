// SPDX-License-Identifier: MIT
// clocks.c: clocks, sleeping, alarms and interval timers.
#define _GNU_SOURCE
#include "check.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static int64_t read_clock(clockid_t clock)
{
    struct timespec time;
    CHECK_EQUAL(clock_gettime(clock, &time), 0);
    CHECK(time.tv_nsec >= 0 && time.tv_nsec < 1000000000);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void monotonic_clock_never_goes_back(void)
{
    int64_t last = read_clock(CLOCK_MONOTONIC);
    for (int i = 0; i < 20000; i++) {
        int64_t now = read_clock(CLOCK_MONOTONIC);
        CHECK(now >= last);
        last = now;
    }
}

static void sleep_is_never_short_and_not_much_too_long(void)
{
    static const long lengths[] = { 0, 1, 1000, 1000000, 10000000, 100000000, 300000000 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct timespec time = { 0, lengths[i] };
        int64_t start = read_clock(CLOCK_MONOTONIC);
        CHECK_EQUAL(nanosleep(&time, NULL), 0);
        int64_t slept = read_clock(CLOCK_MONOTONIC) - start;
        CHECK(slept >= lengths[i]);
        CHECK(slept < lengths[i] + 500000000);
    }
}

static void bad_times_are_refused(void)
{
    struct timespec time = { 0, 1000000000 };
    CHECK_ERROR(nanosleep(&time, NULL), EINVAL);
    time = (struct timespec){ -1, 0 };
    CHECK_ERROR(nanosleep(&time, NULL), EINVAL);
    CHECK_ERROR(syscall(SYS_nanosleep, 8, NULL), EFAULT);
    CHECK_ERROR(syscall(SYS_clock_gettime, 999, &time), EINVAL);
    CHECK_ERROR(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8), EFAULT);
    CHECK_ERROR(syscall(SYS_clock_getres, 999, &time), EINVAL);
    struct itimerval timer = { .it_value = { 0, 1000000 } };
    CHECK_ERROR(setitimer(ITIMER_REAL, &timer, NULL), EINVAL);
    CHECK_ERROR(syscall(SYS_getitimer, 9, &timer), EINVAL);
}

static void absolute_sleep_ends_at_its_time(void)
{
    int64_t until = read_clock(CLOCK_MONOTONIC) + 100000000;
    struct timespec time = { until / 1000000000, until % 1000000000 };
    CHECK_EQUAL(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL), 0);
    CHECK(read_clock(CLOCK_MONOTONIC) >= until);
    time = (struct timespec){ 0, 0 };
    CHECK_EQUAL(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL), 0);
    CHECK_EQUAL(clock_nanosleep(999, 0, &time, NULL), EINVAL);
}

static void clocks_agree(void)
{
    struct timeval day;
    CHECK_EQUAL(gettimeofday(&day, NULL), 0);
    int64_t real = read_clock(CLOCK_REALTIME) / 1000000000;
    CHECK(real - day.tv_sec >= 0 && real - day.tv_sec <= 1);
    CHECK(time(NULL) - real >= 0 && time(NULL) - real <= 1);
    int64_t before = read_clock(CLOCK_BOOTTIME), mono = read_clock(CLOCK_MONOTONIC), coarse = read_clock(CLOCK_MONOTONIC_COARSE);
    CHECK(before > 0 && coarse <= mono + 20000000);
    struct timespec resolution;
    CHECK_EQUAL(clock_getres(CLOCK_MONOTONIC, &resolution), 0);
    CHECK(resolution.tv_sec == 0 && resolution.tv_nsec >= 1 && resolution.tv_nsec <= 10000000);
}

static volatile sig_atomic_t caught;

static void count(int signal_number)
{
    (void)signal_number;
    caught++;
}

static void interval_timer_fires_again_and_again(void)
{
    signal(SIGALRM, count);
    struct itimerval timer = { .it_value = { 0, 20000 }, .it_interval = { 0, 20000 } }, left;
    CHECK_EQUAL(setitimer(ITIMER_REAL, &timer, NULL), 0);
    int64_t start = read_clock(CLOCK_MONOTONIC);
    while (caught < 10)
        pause();
    int64_t took = read_clock(CLOCK_MONOTONIC) - start;
    CHECK(took >= 195000000 && took < 2000000000);
    CHECK_EQUAL(getitimer(ITIMER_REAL, &left), 0);
    CHECK_EQUAL(left.it_interval.tv_usec, 20000);
    CHECK(left.it_value.tv_usec <= 20000);
    timer = (struct itimerval){ 0 };
    CHECK_EQUAL(setitimer(ITIMER_REAL, &timer, &left), 0);
    int seen = caught;
    usleep(60000);
    CHECK_EQUAL(caught, seen);
}

static void alarm_fires_once_and_reports_what_was_left(void)
{
    signal(SIGALRM, count);
    alarm(0);
    CHECK_EQUAL(alarm(100), 0);
    unsigned left = alarm(1);
    CHECK(left == 100 || left == 99);
    int64_t start = read_clock(CLOCK_MONOTONIC);
    pause();
    int64_t took = read_clock(CLOCK_MONOTONIC) - start;
    CHECK_EQUAL(caught, 1);
    CHECK(took > 900000000 && took < 2500000000);
    CHECK_EQUAL(alarm(0), 0);
    alarm(50);
    pid_t child = fork();
    if (child == 0)
        _exit((int)alarm(0));
    CHECK_EQUAL(check_wait(child), 0);
}

static void many_alarms_at_once_all_arrive(void)
{
    enum { CHILDREN = 120 };
    int64_t until = read_clock(CLOCK_MONOTONIC) + 1500000000;
    for (int i = 0; i < CHILDREN; i++)
        if (fork() == 0) {
            sigset_t block, none;
            sigemptyset(&none);
            sigemptyset(&block);
            sigaddset(&block, SIGALRM);
            sigprocmask(SIG_BLOCK, &block, NULL);
            signal(SIGALRM, count);
            int64_t left = until - read_clock(CLOCK_MONOTONIC);
            left = left < 1000 ? 1000 : left;
            struct itimerval timer = { .it_value = { left / 1000000000, left % 1000000000 / 1000 } };
            setitimer(ITIMER_REAL, &timer, NULL);
            sigsuspend(&none);
            _exit(caught == 1 ? 0 : 1);
        }
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        CHECK(wait(&status) > 0 && status == 0);
    }
}

static void sleepers_wake_in_order(void)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    for (int i = 4; i >= 0; i--)
        if (fork() == 0) {
            char name = (char)('0' + i);
            usleep((useconds_t)(100000 + i * 150000));
            CHECK_EQUAL(write(ends[1], &name, 1), 1);
            _exit(0);
        }
    for (int i = 0; i < 5; i++) {
        char name;
        CHECK_EQUAL(read(ends[0], &name, 1), 1);
        CHECK_EQUAL(name, '0' + i);
        int status;
        CHECK(wait(&status) > 0 && status == 0);
    }
}

static void sleeper_beside_a_hog_is_woken(void)
{
    pid_t hog = fork();
    if (hog == 0)
        for (;;)
            ;
    for (int i = 0; i < 10; i++) {
        int64_t start = read_clock(CLOCK_MONOTONIC);
        usleep(10000);
        CHECK(read_clock(CLOCK_MONOTONIC) - start < 1000000000);
    }
    kill(hog, SIGKILL);
    check_wait(hog);
}

static const struct check_row rows[] = {
    CHECK_ROW(monotonic_clock_never_goes_back),
    CHECK_ROW(sleep_is_never_short_and_not_much_too_long),
    CHECK_ROW(bad_times_are_refused),
    CHECK_ROW(absolute_sleep_ends_at_its_time),
    CHECK_ROW(clocks_agree),
    CHECK_ROW(interval_timer_fires_again_and_again),
    CHECK_ROW(alarm_fires_once_and_reports_what_was_left),
    CHECK_ROW(many_alarms_at_once_all_arrive),
    CHECK_ROW(sleepers_wake_in_order),
    CHECK_ROW(sleeper_beside_a_hog_is_woken),
};

CHECK_MAIN(rows)
