// SPDX-License-Identifier: MIT
// check.h: what the test programs of this folder share. Linux is the reference: every row passes there too.
//
// A program is a table of rows. Each row runs in a child of its own with a time limit, so that one that crashes or
// hangs costs one line: `ok ROW`, `FAIL ROW: reason`, or `skip ROW: reason` where the machine has no such thing. The program
// exits with 0 when no row failed.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHECK_SECONDS = 40, CHECK_REPORTED = 99, CHECK_SKIPPED = 97 };

struct check_row {
    const char *name;
    void (*run)(void);
};

static const char *check_name = "?";
static const char *check_program = "";

[[gnu::unused, gnu::noreturn]] static void check_fail(const char *file, int line, const char *text, long long got, long long want)
{
    int error = errno;
    char report[400];
    int length = snprintf(report, sizeof report, "FAIL %s: %s:%d: %s (got %lld, wanted %lld, errno %d %s)\n", check_name, file, line, text,
                          got, want, error, strerror(error));
    if (write(1, report, (size_t)length) < 0)
        _exit(CHECK_REPORTED - 1);
    _exit(CHECK_REPORTED);
}

[[gnu::unused, gnu::noreturn]] static void check_skip(const char *reason)
{
    char report[400];
    int length = snprintf(report, sizeof report, "skip %s: %s\n", check_name, reason);
    _exit(write(1, report, (size_t)length) == length ? CHECK_SKIPPED : CHECK_REPORTED - 1);
}

// This machine cannot do what the row tests.
#define CHECK_SKIP(reason_) check_skip(reason_)

#define CHECK(condition_)                                           \
    do {                                                            \
        if (!(condition_))                                          \
            check_fail(__FILE_NAME__, __LINE__, #condition_, 0, 1); \
    } while (0)

#define CHECK_EQUAL(actual_, wanted_)                                        \
    do {                                                                     \
        long long got_ = (long long)(actual_), want_ = (long long)(wanted_); \
        if (got_ != want_)                                                   \
            check_fail(__FILE_NAME__, __LINE__, #actual_, got_, want_);      \
    } while (0)

// The call fails with exactly this errno.
#define CHECK_ERROR(call_, errno_)                                                 \
    do {                                                                           \
        errno = 0;                                                                 \
        long long got_ = (long long)(call_);                                       \
        if (got_ != -1)                                                            \
            check_fail(__FILE_NAME__, __LINE__, #call_, got_, -1);                 \
        if (errno != (errno_))                                                     \
            check_fail(__FILE_NAME__, __LINE__, #call_ " errno", errno, (errno_)); \
    } while (0)

// Waits for this child and returns its raw status.
[[gnu::unused]] static int check_wait(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) != child)
        if (errno != EINTR)
            check_fail(__FILE_NAME__, __LINE__, "waitpid(child)", errno, 0);
    return status;
}

// Runs `body` in a child and returns its raw status; the child exits with 0 when `body` returns.
[[gnu::unused]] static int check_child(void (*body)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        check_fail(__FILE_NAME__, __LINE__, "fork", child, 0);
    if (child == 0) {
        body();
        _exit(0);
    }
    return check_wait(child);
}

// The file holds this text and no more.
[[gnu::unused]] static void check_content(const char *path, const char *text)
{
    char buffer[256];
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    ssize_t length = read(fd, buffer, sizeof buffer);
    CHECK_EQUAL(length, strlen(text));
    CHECK(memcmp(buffer, text, strlen(text)) == 0);
    close(fd);
}

[[gnu::unused]] static bool check_on_helix(void)
{
    return access("/proc/helix", F_OK) == 0;
}

// A fresh empty directory of this row becomes the current one.
[[gnu::unused]] static void check_enter_scratch(void)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "/tmp/check.%d", (int)getpid());
    CHECK_EQUAL(mkdir(path, 0755), 0);
    CHECK_EQUAL(chdir(path), 0);
}

[[gnu::unused]] static bool check_was_skipped(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == CHECK_SKIPPED;
}

static bool check_run_row(const struct check_row *row)
{
    check_name = row->name;
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        printf("FAIL %s: fork: %s\n", row->name, strerror(errno));
        return false;
    }
    if (child == 0) {
        alarm(CHECK_SECONDS);
        row->run();
        fflush(stdout);
        _exit(0);
    }
    int status = check_wait(child);
    if (check_was_skipped(status))
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        printf("ok %s\n", row->name);
    else if (WIFSIGNALED(status))
        printf("FAIL %s: killed by signal %d%s\n", row->name, WTERMSIG(status), WTERMSIG(status) == 14 ? " (time limit)" : "");
    else if (WEXITSTATUS(status) != CHECK_REPORTED)
        printf("FAIL %s: exit status %d\n", row->name, WEXITSTATUS(status));
    fflush(stdout);
    return status == 0;
}

// Runs every row, or only those named on the command line.
[[gnu::unused]] static int check_main(int count, char **arguments, const struct check_row *rows, size_t row_count)
{
    check_program = arguments[0];
    int failed = 0;
    for (size_t i = 0; i < row_count; i++) {
        bool wanted = count < 2;
        for (int j = 1; j < count; j++)
            wanted |= strcmp(arguments[j], rows[i].name) == 0;
        if (wanted && !check_run_row(&rows[i]))
            failed++;
    }
    return failed > 0;
}

#define CHECK_ROW(function_) { #function_, function_ }
#define CHECK_MAIN(rows_)                                                            \
    int main(int count, char **arguments)                                            \
    {                                                                                \
        return check_main(count, arguments, rows_, sizeof(rows_) / sizeof *(rows_)); \
    }
