// SPDX-License-Identifier: MIT
// fpu.c: floating-point and vector registers survive switches, signals and fork, and never show another's values.
// Build: -Wl,-e,early_start
#define _GNU_SOURCE
#include "check.h"
#include "machine.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

// The two words that say how the unit rounds and what it reports.
struct controls {
    uint32_t first, second;
};

// It gives struct registers and, on it, fill_pattern(), fill_with_byte(), same() and call_with_registers(), which makes a
// system call with these registers and reads them back, nothing in between; read_controls() and handler_controls(), the words a
// handler starts with that interrupts these registers; early_start, the program's entry, which notes what the registers held
// at the first instruction before the C library begins, and check_entry(); and check_call_preserves(), for general registers.
#include MACHINE_VECTORS

static void registers_survive_switches(void)
{
    for (int seed = 1; seed <= 4; seed++)
        if (fork() == 0) {
            struct registers in = { 0 }, out = { 0 };
            for (int i = 0; i < 300; i++) {
                fill_pattern(&in, seed + i);
                call_with_registers(&in, &out, SYS_sched_yield, 0, 0);
                CHECK(same(&in, &out));
            }
            _exit(0);
        }
    for (int i = 0; i < 4; i++) {
        int status;
        CHECK(wait(&status) > 0 && status == 0);
    }
}

static void *keep_own_registers(void *seed)
{
    struct registers in = { 0 }, out = { 0 };
    for (int i = 0; i < 200; i++) {
        fill_pattern(&in, (int)(uintptr_t)seed + i);
        call_with_registers(&in, &out, SYS_sched_yield, 0, 0);
        if (!same(&in, &out))
            return NULL;
    }
    return seed;
}

static void threads_have_registers_of_their_own(void)
{
    pthread_t threads[3];
    for (uintptr_t i = 0; i < 3; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, keep_own_registers, (void *)(i * 50 + 1)), 0);
    CHECK(keep_own_registers((void *)170));
    for (uintptr_t i = 0; i < 3; i++) {
        void *result;
        CHECK_EQUAL(pthread_join(threads[i], &result), 0);
        CHECK_EQUAL((uintptr_t)result, i * 50 + 1);
    }
}

static void fork_copies_the_registers(void)
{
    struct registers in = { 0 }, out = { 0 };
    fill_pattern(&in, 77);
    long child = call_with_registers(&in, &out, SYS_clone, SIGCHLD, 0);
    CHECK(same(&in, &out));
    if (child == 0)
        _exit(0);
    CHECK_EQUAL(check_wait((pid_t)child), 0);
}

static volatile sig_atomic_t caught;

static void clobber(int signal_number)
{
    (void)signal_number;
    struct registers in = { 0 }, out = { 0 };
    fill_pattern(&in, 200 + caught);
    // Giving way every time would leave the interrupted code no time at all beside a rival that computes.
    call_with_registers(&in, &out, caught % 4 ? SYS_getpid : SYS_sched_yield, 0, 0);
    caught = caught + (same(&in, &out) ? 1 : 1000);
}

static void handler_runs_on_its_own_registers(void)
{
    signal(SIGUSR1, clobber);
    for (int i = 0; i < 50; i++) {
        struct registers in = { 0 }, out = { 0 };
        fill_pattern(&in, i);
        CHECK_EQUAL(call_with_registers(&in, &out, SYS_kill, getpid(), SIGUSR1), 0);
        CHECK(same(&in, &out));
    }
    CHECK_EQUAL(caught, 50);
}

static volatile struct controls found;

static void note_controls(int signal_number)
{
    (void)signal_number;
    struct controls now = read_controls();
    found.first = now.first;
    found.second = now.second;
}

static void handler_starts_with_the_right_controls(void)
{
    signal(SIGUSR1, note_controls);
    struct registers in = { 0 }, out = { 0 };
    fill_pattern(&in, 3);
    struct controls wanted = handler_controls(&in);
    CHECK_EQUAL(call_with_registers(&in, &out, SYS_kill, getpid(), SIGUSR1), 0);
    CHECK(same(&in, &out));
    CHECK_EQUAL(found.first, wanted.first);
    CHECK_EQUAL(found.second, wanted.second);
}

// Wherever the pages of the stack end, and whether they are there yet, shared with a child, or written.
static void frames_on_fresh_pages_keep_the_registers(void)
{
    enum { PAGE = 4096, PAGES = 4, STEP = 144 };
    struct sigaction action = { .sa_handler = clobber, .sa_flags = SA_ONSTACK };
    CHECK_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
    caught = 0;
    int sent = 0;
    for (int top = 16; top <= PAGE; top += STEP) {
        char *pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(pages != MAP_FAILED);
        stack_t stack = { .ss_sp = pages, .ss_size = (PAGES - 1) * PAGE + top };
        CHECK_EQUAL(sigaltstack(&stack, NULL), 0);
        for (int round = 0; round < 2; round++) {
            struct registers in = { 0 }, out = { 0 };
            fill_pattern(&in, top + round);
            CHECK_EQUAL(call_with_registers(&in, &out, SYS_kill, getpid(), SIGUSR1), 0);
            CHECK(same(&in, &out));
            CHECK_EQUAL(caught, ++sent);
            if (round == 0 && top % (4 * STEP) == 16) {
                fill_pattern(&in, top + 5);
                long child = call_with_registers(&in, &out, SYS_clone, SIGCHLD, 0);
                if (child == 0)
                    _exit(call_with_registers(&in, &out, SYS_kill, getpid(), SIGUSR1) || !same(&in, &out) || caught != sent + 1);
                CHECK_EQUAL(check_wait((pid_t)child), 0);
            }
        }
        stack.ss_flags = SS_DISABLE;
        CHECK_EQUAL(sigaltstack(&stack, NULL), 0);
        CHECK_EQUAL(munmap(pages, PAGES * PAGE), 0);
    }
}

static void preemption_and_signals_preserve_a_computation(void)
{
    signal(SIGALRM, clobber);
    struct itimerval timer = { .it_value = { 0, 1000 }, .it_interval = { 0, 1000 } };
    CHECK_EQUAL(setitimer(ITIMER_REAL, &timer, NULL), 0);
    pid_t rival = fork();
    if (rival == 0)
        for (volatile double x = 1;; x = x * 1.0000001 + 0.5)
            ;
    double first = 0;
    for (int round = 0; round < 20 || caught < 20; round++) {
        volatile double step = 1e-3;
        double x = 0.25, y = 1;
        long double z = 1;
        for (int i = 0; i < 20000; i++) {
            x = x * (1 - step) + y * step;
            y = y * 0.999999 + x * 1e-6;
            z = z * 1.0000001L;
        }
        double result = x + y + (double)z;
        if (round == 0)
            first = result;
        CHECK(result == first);
    }
    kill(rival, SIGKILL);
    check_wait(rival);
    CHECK(caught < 1000 || caught % 1000 == 0 || caught >= 20);
}

static void program_starts_with_clean_registers(void)
{
    check_entry();
}

// One process plants values everywhere; programs started meanwhile, switched to straight from it, must not see them.
static void nothing_leaks_into_another_program(void)
{
    pid_t planter = fork();
    if (planter == 0)
        for (;;) {
            struct registers in, out;
            fill_with_byte(&in, 0x5a);
            call_with_registers(&in, &out, SYS_sched_yield, 0, 0);
        }
    for (int i = 0; i < 15; i++) {
        pid_t child = fork();
        if (child == 0) {
            close(1); // its rows are not ours
            execl(check_program, check_program, "program_starts_with_clean_registers", (char *)NULL);
            _exit(9);
        }
        CHECK_EQUAL(check_wait(child), 0);
    }
    kill(planter, SIGKILL);
    check_wait(planter);
}

static void calls_preserve_general_registers(void)
{
    static const long numbers[] = { SYS_getpid, SYS_sched_yield, SYS_read, 400, SYS_close, SYS_mmap, SYS_brk };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        check_call_preserves(numbers[i]);
}

static const struct check_row rows[] = {
    CHECK_ROW(program_starts_with_clean_registers),      CHECK_ROW(registers_survive_switches),
    CHECK_ROW(threads_have_registers_of_their_own),      CHECK_ROW(fork_copies_the_registers),
    CHECK_ROW(handler_runs_on_its_own_registers),        CHECK_ROW(handler_starts_with_the_right_controls),
    CHECK_ROW(frames_on_fresh_pages_keep_the_registers), CHECK_ROW(preemption_and_signals_preserve_a_computation),
    CHECK_ROW(nothing_leaks_into_another_program),       CHECK_ROW(calls_preserve_general_registers),
};

CHECK_MAIN(rows)
