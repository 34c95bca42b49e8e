// SPDX-License-Identifier: MIT
// thread.c: switches between threads and processes that share memory, and threads themselves.
#define _GNU_SOURCE
#include "bench.h"
#include "machine.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FUTEX_WAIT, FUTEX_WAKE, FUTEX_PRIVATE_FLAG = 128 };

static void run_yield(long loops)
{
    while (loops-- > 0)
        machine_call0(SYS_sched_yield);
}

// Somebody who yields for ever and counts: an operation is a switch, and two are done when the count has grown. A kernel whose
// sched_yield() does not always switch takes more calls for it.
static volatile long *count;

static void *yield_for_ever(void *unused)
{
    for (;;) {
        ++*count;
        machine_call0(SYS_sched_yield);
    }
    return unused;
}

static void run_switch(long loops)
{
    while (loops-- > 0) {
        long before = *count;
        do
            machine_call0(SYS_sched_yield);
        while (*count == before);
    }
}

static void share_count(void)
{
    count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(count != MAP_FAILED, "mmap");
}

static void start_thread(void *(*body)(void *))
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, body, NULL);
    errno = error;
    NEED(error == 0, "pthread_create");
}

static void prepare_thread_switch(void)
{
    share_count();
    start_thread(yield_for_ever);
}

static void prepare_process_switch(void)
{
    share_count();
    pid_t child = fork();
    NEED(child >= 0, "fork");
    if (child == 0)
        yield_for_ever(NULL);
}

// Two sides hand a turn to each other: one operation is there and back.
struct turns {
    int turn[2];
};
static struct turns private_turns, *turns;
static int futex_kind;

static void wake(int side)
{
    __atomic_store_n(&turns->turn[side], 1, __ATOMIC_RELEASE);
    machine_call3(SYS_futex, (long)&turns->turn[side], FUTEX_WAKE | futex_kind, 1);
}

static void wait_for_turn(int side)
{
    while (!__atomic_exchange_n(&turns->turn[side], 0, __ATOMIC_ACQUIRE)) {
        long result = syscall(SYS_futex, &turns->turn[side], FUTEX_WAIT | futex_kind, 0, NULL, NULL, 0);
        if (result < 0 && errno != EAGAIN && errno != EINTR)
            give_up("futex");
    }
}

static void run_turns(long loops)
{
    while (loops-- > 0) {
        wake(1);
        wait_for_turn(0);
    }
}

static void *answer_turns(void *unused)
{
    for (;;) {
        wait_for_turn(1);
        wake(0);
    }
    return unused;
}

static void prepare_futex_threads(void)
{
    turns = &private_turns;
    futex_kind = FUTEX_PRIVATE_FLAG;
    start_thread(answer_turns);
}

static void prepare_futex_processes(void)
{
    futex_kind = 0;
    turns = mmap(NULL, sizeof *turns, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(turns != MAP_FAILED, "mmap");
    pid_t child = fork();
    NEED(child >= 0, "fork");
    if (child == 0)
        answer_turns(NULL);
}

static void run_wake_nobody(long loops)
{
    while (loops-- > 0)
        wake(0);
}

static void prepare_wake_nobody(void)
{
    turns = &private_turns;
    futex_kind = FUTEX_PRIVATE_FLAG;
}

static void *return_at_once(void *argument)
{
    return argument;
}

static void run_create_join(long loops)
{
    pthread_t thread;
    while (loops-- > 0)
        if (pthread_create(&thread, NULL, return_at_once, NULL) != 0 || pthread_join(thread, NULL) != 0)
            give_up("pthread_create or pthread_join");
}

static const struct row rows[] = {
    { "sched_yield", .run = run_yield },
    { "thread_switch", prepare_thread_switch, .run = run_switch, .per = 2 },
    { "process_switch", prepare_process_switch, .run = run_switch, .per = 2 },
    { "futex_wake_nobody", prepare_wake_nobody, .run = run_wake_nobody },
    { "futex_threads", prepare_futex_threads, .run = run_turns },
    { "futex_processes", prepare_futex_processes, .run = run_turns },
    { "thread_create_join", .run = run_create_join },
};
GROUP(thread_group, "thread", rows);
