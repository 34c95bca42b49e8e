// SPDX-License-Identifier: MIT
// crime.h: what the programs share that do what no program should. The kernel must survive all of it and answer as Linux does.
//
//   PROGRAM NAME      does it in this process (its exit status is then what the shell sees)
//   PROGRAM all       does each in a child and compares how it died: `ok NAME` or `FAIL NAME: …`
//   PROGRAM list      the names
#pragma once

#include "check.h"
#include "machine.h"

#include <signal.h>

struct crime {
    const char *name;
    void (*commit)(void);
    int signal_number; // 0: it must end with exit status 0; -1: killed or not, only the kernel must live
    bool by_name_only;
};

#define DIES(name_, signal_) { #name_, name_, signal_, false }
#define LIVES(name_)         { #name_, name_, 0, false }
#define EITHER(name_)        { #name_, name_, -1, false }
#define ALONE(name_)         { #name_, name_, -1, true }

static const uint64_t kernel_addresses[] = { MACHINE_KERNEL_ADDRESSES };
enum { KERNEL_ADDRESSES = sizeof kernel_addresses / sizeof *kernel_addresses };

[[gnu::unused]] static void crime_on_signal(int signal_number)
{
    (void)signal_number;
}

static bool crime_judge(const struct crime *crime, int status)
{
    if (crime->signal_number == -1)
        return !(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
    if (crime->signal_number == 0)
        return status == 0;
    return WIFSIGNALED(status) && WTERMSIG(status) == crime->signal_number;
}

static bool crime_try(const struct crime *crime)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        check_name = crime->name;
        alarm(60);
        crime->commit();
        exit(0);
    }
    int status = check_wait(child);
    if (check_was_skipped(status))
        return true;
    bool fine = crime_judge(crime, status);
    if (fine)
        printf("ok %s\n", crime->name);
    else
        printf("FAIL %s: raw status %#x, wanted signal %d\n", crime->name, (unsigned)status, crime->signal_number);
    fflush(stdout);
    return fine;
}

[[gnu::unused]] static int crime_main(int count, char **arguments, const struct crime *crimes, size_t crime_count)
{
    int failed = 0;
    const char *wanted = count > 1 ? arguments[1] : "list";
    for (size_t i = 0; i < crime_count; i++) {
        check_name = crimes[i].name;
        if (strcmp(wanted, "list") == 0)
            printf("%s\n", crimes[i].name);
        else if (strcmp(wanted, "all") == 0 && !crimes[i].by_name_only)
            failed += !crime_try(&crimes[i]);
        else if (strcmp(wanted, crimes[i].name) == 0) {
            crimes[i].commit();
            return 0;
        }
    }
    return failed > 0;
}

#define CRIME_MAIN(crimes_)                                                                \
    int main(int count, char **arguments)                                                  \
    {                                                                                      \
        return crime_main(count, arguments, crimes_, sizeof(crimes_) / sizeof *(crimes_)); \
    }
