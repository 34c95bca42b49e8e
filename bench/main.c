// SPDX-License-Identifier: MIT
// main.c: the measuring program. `program [-w] [-k PATTERN] [-x NAME]…`: rows whose name contains PATTERN or is NAME, in wall time with -w.
// `program exit` ends at once: it is what rows execute. As the first process of a machine it makes the machine ready and ends it after.
//
// It prints lines: `bench-start CLOCK` (what the clock showed when its first instruction ran), for each row
//   bench-begin NUMBER GROUP NAME
//   bench-row NUMBER GROUP NAME MINIMUM MEDIAN P99 OPERATIONS SAMPLES   (per operation; OPERATIONS of them in a sample)
//   or bench-skip REASON, or bench-fail REASON
// and `bench-end`.
// Build: -Wl,-e,bench_entry
#define _GNU_SOURCE
#include "bench.h"
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_S = 12, WALL_LIMIT_S = 60, NAMES_MAX = 64 };

uint64_t counter; // the clock at the program's first instruction
__asm__(".text\n.globl bench_entry\nbench_entry:\n" MARK_START MACHINE_NOTE_CLOCK_AND_START);

static const struct group *const groups[] = {
    &entry_group, &memory_group, &process_group, &pipe_group, &signal_group, &file_group, &thread_group, &time_group, &socket_group,
};

static const char *pattern = "", *names[NAMES_MAX];
static int name_count;

static bool is_wanted(const struct row *row)
{
    for (int i = 0; i < name_count; i++)
        if (strcmp(row->name, names[i]) == 0)
            return true;
    return name_count == 0 && strstr(row->name, pattern);
}

static void say(const char *line)
{
    (void)!write(STDOUT_FILENO, line, strlen(line));
}

// The child has a process group of its own, so that whatever it left behind can be ended.
static void run_row(const struct group *group, const struct row *row, unsigned number)
{
    char line[160];
    snprintf(line, sizeof line, "bench-begin %u %s %s\n", number, group->name, row->name);
    say(line);
    pid_t child = fork();
    if (child < 0) {
        say("bench-fail fork\n");
        return;
    }
    if (child == 0) {
        setpgid(0, 0);
        alarm(wall_time ? WALL_LIMIT_S : LIMIT_S);
        measure(group, row, number);
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    kill(-child, SIGKILL);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    if (WIFSIGNALED(status)) {
        int signal = WTERMSIG(status);
        snprintf(line, sizeof line, signal == SIGALRM ? "bench-fail took too long\n" : "bench-fail died of signal %d\n", signal);
        say(line);
    }
}

static void make_ready(void)
{
    mkdir("/proc", 0755);
    mkdir("/dev", 0755);
    mkdir("/tmp", 01777);
    mount("proc", "/proc", "proc", 0, NULL);
    if (access("/dev/zero", R_OK) < 0)
        mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
}

static bool parse(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "-w") == 0)
            wall_time = true;
        else if (strcmp(arguments[i], "-k") == 0 && i + 1 < count)
            pattern = arguments[++i];
        else if (strcmp(arguments[i], "-x") == 0 && i + 1 < count && name_count < NAMES_MAX)
            names[name_count++] = arguments[++i];
        else
            return false;
    }
    return true;
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "exit") == 0)
        _exit(0);
    if (!parse(count, arguments)) {
        say("bench-usage program [-w] [-k PATTERN] [-x NAME]...\n");
        return 64;
    }
    bool first = getpid() == 1;
    if (first)
        make_ready();
    char line[64];
    snprintf(line, sizeof line, "bench-start %llu\n", (unsigned long long)machine_ticks_to_instructions(counter));
    say(line);
    unsigned number = 0;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        for (size_t j = 0; j < groups[i]->count; j++, number++)
            if (is_wanted(&groups[i]->rows[j]))
                run_row(groups[i], &groups[i]->rows[j], number);
    say("bench-end\n");
    if (first)
        reboot(RB_AUTOBOOT);
    return 0;
}
