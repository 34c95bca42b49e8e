// SPDX-License-Identifier: MIT
// signal.c: installing handlers and running them.
#define _GNU_SOURCE
#include "bench.h"
#include "machine.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static volatile long caught;

static void count(int number)
{
    (void)number;
    caught++;
}

static void run_install(long loops)
{
    struct sigaction action = { .sa_handler = count };
    while (loops-- > 0)
        if (sigaction(SIGUSR1, &action, NULL) != 0)
            give_up("sigaction");
}

static long self;

static void prepare_catch(void)
{
    run_install(1);
    self = getpid();
}

static void run_catch(long loops)
{
    long expected = caught + loops;
    while (loops-- > 0)
        machine_call3(SYS_kill, self, SIGUSR1, 0);
    if (caught != expected)
        leave_out("%ld handlers ran, %ld signals were sent", caught, expected);
}

static char *forbidden;

static void step_over(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    caught++;
    *machine_pc(context) += STORE_BYTES;
}

static void prepare_fault(void)
{
    struct sigaction action = { .sa_sigaction = step_over, .sa_flags = SA_SIGINFO };
    NEED(sigaction(SIGSEGV, &action, NULL) == 0, "sigaction");
    forbidden = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(forbidden != MAP_FAILED, "mmap");
}

static void run_fault(long loops)
{
    long expected = caught + loops;
    while (loops-- > 0)
        store_word(forbidden);
    if (caught != expected)
        leave_out("%ld handlers ran, %ld faults were made", caught, expected);
}

static const struct row rows[] = {
    { "signal_install", .run = run_install },
    { "signal_catch", prepare_catch, .run = run_catch },
    { "segv_catch", prepare_fault, .run = run_fault },
};
GROUP(signal_group, "signal", rows);
