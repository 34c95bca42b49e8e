// SPDX-License-Identifier: MIT
// process.c: making processes, executing programs in them, and waiting for their end.
#define _GNU_SOURCE
#include "bench.h"
#include "machine.h"

#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, MIB = 1 << 20 };

static char *const no_environment[] = { NULL };

static void wait_for(pid_t child)
{
    int status;
    if (child < 0)
        give_up("fork");
    if (waitpid(child, &status, 0) != child)
        give_up("waitpid");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        leave_out("the child ended with status %#x", status);
}

static void run_fork(long loops)
{
    while (loops-- > 0) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        wait_for(child);
    }
}

static void run_vfork(long loops)
{
    while (loops-- > 0) {
        pid_t child = machine_vfork();
        if (child == 0)
            machine_call3(SYS_exit_group, 0, 0, 0);
        wait_for(child);
    }
}

static void execute(const char *program)
{
    char *const arguments[] = { (char *)program, (char *)"exit", NULL };
    execve(program, arguments, no_environment);
    _exit(127);
}

static void need_program(const char *program)
{
    if (access(program, X_OK) != 0)
        give_up("%s", program);
}

static void need_small(void)
{
    need_program(PROGRAM);
}

static void need_large(void)
{
    need_program(LARGE_PROGRAM);
}

static void run_fork_exec(long loops)
{
    while (loops-- > 0) {
        pid_t child = fork();
        if (child == 0)
            execute(PROGRAM);
        wait_for(child);
    }
}

static void spawn(const char *program, long loops)
{
    char *const arguments[] = { (char *)program, (char *)"exit", NULL };
    while (loops-- > 0) {
        pid_t child = -1;
        if (posix_spawn(&child, program, NULL, NULL, arguments, no_environment) != 0)
            give_up("posix_spawn");
        wait_for(child);
    }
}

static void run_spawn(long loops)
{
    spawn(PROGRAM, loops);
}

static void run_spawn_large(long loops)
{
    spawn(LARGE_PROGRAM, loops);
}

// Forks of a process with so much memory of its own, every 4 KiB page of it touched.
static void touch_memory(size_t size)
{
    long pages = sysconf(_SC_AVPHYS_PAGES);
    if (pages > 0 && (size_t)pages * PAGE < size + size / 4)
        leave_out("%ld MiB of RAM free, %zu MiB needed", pages / (MIB / PAGE), (size + size / 4) / MIB);
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(at != MAP_FAILED, "mmap");
    (void)madvise(at, size, MADV_NOHUGEPAGE);
    for (size_t offset = 0; offset < size; offset += PAGE)
        *(volatile char *)(at + offset) = 1;
}

static void touch_1m(void)
{
    touch_memory(MIB);
}

static void touch_1g(void)
{
    touch_memory(1024 * (size_t)MIB);
}

static const struct row rows[] = {
    { "fork_exit_wait", .run = run_fork },
    { "vfork_exit_wait", .run = run_vfork },
    { "fork_exec", need_small, .run = run_fork_exec },
    { "posix_spawn", need_small, .run = run_spawn },
    { "exec_1m", need_large, .run = run_spawn_large },
    { "fork_1m", touch_1m, .run = run_fork },
    { "fork_1g", touch_1g, .run = run_fork, .samples = 5 },
};
GROUP(process_group, "process", rows);
