// SPDX-License-Identifier: MIT
// signals.c: delivery, masks, handlers and their frames, restarting, default actions, stopping and continuing.
#define _GNU_SOURCE
#include "handlers.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

static volatile sig_atomic_t depth, deepest;

static void handler_learns_who_sent_it(void)
{
    install_info(SIGUSR1, remember, 0);
    CHECK_EQUAL(kill(getpid(), SIGUSR1), 0);
    CHECK_EQUAL(caught, 1);
    CHECK_EQUAL(last.si_signo, SIGUSR1);
    CHECK_EQUAL(last.si_code, SI_USER);
    CHECK_EQUAL(last.si_pid, getpid());
    CHECK_EQUAL(last.si_uid, getuid());
    CHECK_EQUAL(raise(SIGUSR1), 0);
    CHECK_EQUAL(last.si_code, SI_TKILL);
}

static int order[8], ordered;

static void note_order(int signal_number)
{
    order[ordered++ & 7] = signal_number;
}

// The thread's own before the process's, each by number; handlers entered later run first.
static void pending_signals_are_taken_in_order(void)
{
    static const int numbers[] = { SIGUSR1, SIGUSR2, SIGHUP, SIGTERM };
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < 4; i++) {
        install(numbers[i], note_order, 0);
        sigaddset(&set, numbers[i]);
    }
    for (int round = 0; round < 2; round++) {
        CHECK_EQUAL(sigprocmask(SIG_BLOCK, &set, NULL), 0);
        kill(getpid(), SIGTERM);
        kill(getpid(), SIGHUP);
        raise(SIGUSR2);
        raise(SIGUSR1);
        if (round == 0)
            CHECK_EQUAL(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
        else
            for (int i = 0; i < 4; i++)
                note_order(sigwaitinfo(&set, NULL));
    }
    static const int wanted[] = { SIGTERM, SIGHUP, SIGUSR2, SIGUSR1, SIGUSR1, SIGUSR2, SIGHUP, SIGTERM };
    for (int i = 0; i < 8; i++)
        CHECK_EQUAL(order[i], wanted[i]);
}

static void children_send_sigchld(void)
{
    install_info(SIGCHLD, remember, SA_RESTART);
    pid_t child = fork();
    if (child == 0)
        _exit(7);
    CHECK_EQUAL(check_wait(child), 7 << 8);
    CHECK_EQUAL(caught, 1);
    CHECK_EQUAL(last.si_pid, child);
    CHECK_EQUAL(last.si_code, CLD_EXITED);
    CHECK_EQUAL(last.si_status, 7);
    child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    CHECK_EQUAL(kill(child, SIGTERM), 0);
    CHECK_EQUAL(check_wait(child), SIGTERM);
    CHECK_EQUAL(last.si_code, CLD_KILLED);
    CHECK_EQUAL(last.si_status, SIGTERM);
}

static void ignored_sigchld_reaps_by_itself(void)
{
    signal(SIGCHLD, SIG_IGN);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    CHECK_ERROR(waitpid(child, NULL, 0), ECHILD);
    install(SIGCHLD, count, SA_NOCLDWAIT | SA_RESTART);
    if ((child = fork()) == 0)
        _exit(0);
    CHECK_ERROR(waitpid(child, NULL, 0), ECHILD);
}

static void interrupted_call_restarts_when_asked(void)
{
    int ends[2];
    char byte;
    CHECK_EQUAL(pipe(ends), 0);
    install(SIGALRM, count, 0);
    alarm_in(50000, 0);
    CHECK_ERROR(read(ends[0], &byte, 1), EINTR);
    install(SIGALRM, count, SA_RESTART);
    pid_t child = fork();
    if (child == 0) {
        usleep(200000);
        CHECK_EQUAL(write(ends[1], "x", 1), 1);
        pause();
    }
    alarm_in(50000, 0);
    CHECK_EQUAL(read(ends[0], &byte, 1), 1);
    CHECK_EQUAL(caught, 2);
    alarm_in(50000, 0);
    usleep(1);
    pid_t killer = fork();
    if (killer == 0) {
        usleep(200000);
        kill(child, SIGKILL);
        _exit(0);
    }
    int status;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(caught, 3);
    check_wait(killer);
    install(SIGALRM, count, SA_RESTART);
    alarm_in(50000, 0);
    CHECK_ERROR(pause(), EINTR);
}

static void ignored_signal_interrupts_nothing(void)
{
    signal(SIGUSR1, SIG_IGN);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        usleep(50000);
        kill(parent, SIGUSR1);
        kill(parent, SIGWINCH);
        kill(parent, SIGCONT);
        _exit(0);
    }
    struct timespec time = { 0, 200000000 }, rest = { 0, 0 };
    CHECK_EQUAL(nanosleep(&time, &rest), 0);
    check_wait(child);
}

static int64_t nanoseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void sleep_tells_what_is_left(void)
{
    install(SIGALRM, count, SA_RESTART);
    struct timespec time = { 5, 0 }, rest = { 0, 0 };
    int64_t armed = nanoseconds_now();
    alarm_in(100000, 100000); // again and again: the first may come before the sleep
    int64_t before = nanoseconds_now();
    CHECK_ERROR(nanosleep(&time, &rest), EINTR);
    int64_t after = nanoseconds_now(), left = rest.tv_sec * 1000000000LL + rest.tv_nsec;
    alarm_in(0, 0);
    CHECK(left >= 5000000000 - (after - before));
    CHECK(left <= 4900000000 + (before - armed));
}

static char alternate[65536];
static void *volatile handler_stack;
static stack_t seen_inside;

static void note_stack(int signal_number)
{
    int local = signal_number;
    handler_stack = &local;
    sigaltstack(NULL, &seen_inside);
    stack_t other = { .ss_sp = alternate, .ss_size = sizeof alternate };
    caught_other = sigaltstack(&other, NULL) == -1 && errno == EPERM;
    caught++;
}

static void alternate_stack_is_used(void)
{
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate }, old;
    CHECK_EQUAL(sigaltstack(&stack, &old), 0);
    CHECK_EQUAL(old.ss_flags, SS_DISABLE);
    install(SIGUSR1, note_stack, SA_ONSTACK);
    raise(SIGUSR1);
    CHECK((char *)handler_stack >= alternate && (char *)handler_stack < alternate + sizeof alternate);
    CHECK_EQUAL(seen_inside.ss_flags & SS_ONSTACK, SS_ONSTACK);
    CHECK_EQUAL(caught_other, 1);
    CHECK_EQUAL(sigaltstack(NULL, &old), 0);
    CHECK_EQUAL(old.ss_flags, 0);
    install(SIGUSR1, note_stack, 0);
    raise(SIGUSR1);
    CHECK(!((char *)handler_stack >= alternate && (char *)handler_stack < alternate + sizeof alternate));
    stack.ss_size = 100;
    CHECK_ERROR(syscall(SYS_sigaltstack, &stack, NULL), ENOMEM);
    stack = (stack_t){ .ss_sp = alternate, .ss_size = sizeof alternate, .ss_flags = 77 };
    CHECK_ERROR(sigaltstack(&stack, NULL), EINVAL);
    stack.ss_flags = SS_DISABLE;
    CHECK_EQUAL(sigaltstack(&stack, NULL), 0);
}

static char other_stack[32768];

static void change_stack_of_frame(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)info;
    ((ucontext_t *)context)->uc_stack = (stack_t){ .ss_sp = other_stack, .ss_size = sizeof other_stack };
}

// The frame says what the alternate stack is afterwards.
static void returning_sets_the_alternate_stack(void)
{
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate }, now;
    struct sigaction action = { .sa_sigaction = change_stack_of_frame, .sa_flags = SA_SIGINFO };
    CHECK_EQUAL(sigaltstack(&stack, NULL), 0);
    CHECK_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
    raise(SIGUSR1);
    CHECK_EQUAL(sigaltstack(NULL, &now), 0);
    CHECK(now.ss_sp == other_stack && now.ss_size == sizeof other_stack);
}

static sigjmp_buf recovery;

static void recover(int signal_number)
{
    siglongjmp(recovery, signal_number);
}

// Not a tail call, and every level keeps its array.
static int consume_stack(int level)
{
    volatile char page[4096];
    page[0] = (char)level;
    return consume_stack(level + 1) + page[0];
}

static void stack_overflow_can_be_handled_on_the_alternate_stack(void)
{
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };
    CHECK_EQUAL(sigaltstack(&stack, NULL), 0);
    install(SIGSEGV, recover, SA_ONSTACK);
    for (int round = 0; round < 2; round++)
        if (sigsetjmp(recovery, 1) == 0)
            CHECK(consume_stack(0) == 1234567);
}

static void overflow_body(void)
{
    install(SIGSEGV, count, 0);
    CHECK(consume_stack(0) == 1234567);
}

static void overflow_without_room_for_the_frame_kills(void)
{
    int status = check_child(overflow_body);
    CHECK(WIFSIGNALED(status));
    CHECK_EQUAL(WTERMSIG(status), SIGSEGV);
}

static unsigned long wild;

static void wild_body(void)
{
    install(SIGUSR1, (void (*)(int))wild, 0);
    raise(SIGUSR1);
}

static void handlers_at_impossible_addresses_kill(void)
{
    static const unsigned long addresses[] = { 0x1000, 0x7ffffffff000, 0x800000000000, 0x8000000000000000, 0xffffffff80200000, -2ul };
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        wild = addresses[i];
        int status = check_child(wild_body);
        CHECK(WIFSIGNALED(status));
        CHECK_EQUAL(WTERMSIG(status), SIGSEGV);
    }
}

// Two pages, of which the frame needs both.
enum { PAGE = 4096, UPPER_PART = 256 };
static int lower_access, upper_access;

static void straddle_body(void)
{
    char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    stack_t stack = { .ss_sp = pages, .ss_size = 2 * PAGE + UPPER_PART };
    CHECK_EQUAL(sigaltstack(&stack, NULL), 0);
    CHECK_EQUAL(mprotect(pages, 2 * PAGE, lower_access), 0);
    CHECK_EQUAL(mprotect(pages + 2 * PAGE, PAGE, upper_access), 0);
    install(SIGUSR1, count, SA_ONSTACK);
    raise(SIGUSR1);
}

static void stacks_that_cannot_be_written_kill(void)
{
    static const int access[][2] = { { PROT_READ, PROT_READ | PROT_WRITE },
                                     { PROT_READ | PROT_WRITE, PROT_READ },
                                     { PROT_NONE, PROT_READ | PROT_WRITE },
                                     { PROT_READ | PROT_WRITE, PROT_NONE } };
    for (size_t i = 0; i < sizeof access / sizeof *access; i++) {
        lower_access = access[i][0];
        upper_access = access[i][1];
        int status = check_child(straddle_body);
        CHECK(WIFSIGNALED(status));
        CHECK_EQUAL(WTERMSIG(status), SIGSEGV);
    }
}

static void nest_for_ever(int signal_number)
{
    raise(signal_number);
}

// Below the stack is nothing, so that it shows where the system does not look.
static void narrow_body(void)
{
    enum { PAGES = 4 };
    char *pages = mmap(NULL, (PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    CHECK_EQUAL(mprotect(pages, PAGE, PROT_NONE), 0);
    stack_t stack = { .ss_sp = pages + PAGE, .ss_size = PAGES * PAGE };
    CHECK_EQUAL(sigaltstack(&stack, NULL), 0);
    install(SIGUSR1, nest_for_ever, SA_ONSTACK | SA_NODEFER);
    raise(SIGUSR1);
}

static void handlers_that_nest_beyond_the_alternate_stack_kill(void)
{
    int status = check_child(narrow_body);
    CHECK(WIFSIGNALED(status));
    CHECK_EQUAL(WTERMSIG(status), SIGSEGV);
}

static void nest(int signal_number)
{
    depth++;
    if (depth > deepest)
        deepest = depth;
    if (caught++ < 4)
        raise(signal_number);
    depth--;
}

static void handlers_nest_only_when_asked(void)
{
    install(SIGUSR1, nest, SA_NODEFER);
    raise(SIGUSR1);
    CHECK_EQUAL(deepest, 5);
    caught = deepest = 0;
    install(SIGUSR1, nest, 0);
    raise(SIGUSR1);
    CHECK_EQUAL(deepest, 1);
    CHECK_EQUAL(caught, 5);
}

static void send_second(int signal_number)
{
    (void)signal_number;
    raise(SIGUSR2);
    CHECK_EQUAL(caught_other, 0);
    sigset_t pending;
    CHECK_EQUAL(sigpending(&pending), 0);
    CHECK(sigismember(&pending, SIGUSR2));
    caught++;
}

static void count_other(int signal_number)
{
    (void)signal_number;
    caught_other++;
}

static void action_mask_holds_while_the_handler_runs(void)
{
    struct sigaction action = { .sa_handler = send_second };
    sigaddset(&action.sa_mask, SIGUSR2);
    CHECK_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
    install(SIGUSR2, count_other, 0);
    raise(SIGUSR1);
    CHECK_EQUAL(caught, 1);
    CHECK_EQUAL(caught_other, 1);
}

static void reset_handler_runs_once(void)
{
    install(SIGUSR1, count, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction action;
    CHECK_EQUAL(sigaction(SIGUSR1, NULL, &action), 0);
    CHECK(action.sa_handler == SIG_DFL);
    CHECK_EQUAL(caught, 1);
}

static void action_is_reported_as_set(void)
{
    struct sigaction action = { .sa_handler = count, .sa_flags = SA_RESTART | SA_NODEFER }, old;
    sigaddset(&action.sa_mask, SIGHUP);
    CHECK_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_EQUAL(sigaction(SIGUSR1, NULL, &old), 0);
    CHECK(old.sa_handler == count);
    CHECK_EQUAL(old.sa_flags & (SA_RESTART | SA_NODEFER | SA_SIGINFO), SA_RESTART | SA_NODEFER);
    CHECK(sigismember(&old.sa_mask, SIGHUP) && !sigismember(&old.sa_mask, SIGINT));
    CHECK_ERROR(sigaction(SIGKILL, &action, NULL), EINVAL);
    CHECK_ERROR(sigaction(SIGSTOP, &action, NULL), EINVAL);
    CHECK_ERROR(sigaction(0, &action, NULL), EINVAL);
    CHECK_ERROR(sigaction(65, &action, NULL), EINVAL);
    CHECK_ERROR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
    CHECK_ERROR(syscall(SYS_rt_sigaction, SIGUSR1, (void *)8, NULL, 8), EFAULT);
    CHECK_ERROR(syscall(SYS_rt_sigprocmask, 77, &action, NULL, 8), EINVAL);
}

static void blocked_signals_wait(void)
{
    install(SIGUSR1, count, 0);
    block(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK_EQUAL(caught, 0);
    sigset_t pending, mask;
    CHECK_EQUAL(sigpending(&pending), 0);
    CHECK(sigismember(&pending, SIGUSR1) && !sigismember(&pending, SIGUSR2));
    pid_t child = fork();
    if (child == 0) {
        CHECK_EQUAL(sigpending(&pending), 0);
        CHECK(!sigismember(&pending, SIGUSR1));
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    block(SIG_UNBLOCK, SIGUSR1);
    CHECK_EQUAL(caught, 1);
    block(SIG_BLOCK, SIGKILL);
    block(SIG_BLOCK, SIGSTOP);
    CHECK_EQUAL(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    CHECK(!sigismember(&mask, SIGKILL) && !sigismember(&mask, SIGSTOP));
    block(SIG_BLOCK, SIGUSR2);
    raise(SIGUSR2);
    signal(SIGUSR2, SIG_IGN);
    CHECK_EQUAL(sigpending(&pending), 0);
    CHECK(!sigismember(&pending, SIGUSR2));
}

static void real_time_signals_queue(void)
{
    install(SIGRTMIN + 2, count, 0);
    block(SIG_BLOCK, SIGRTMIN + 2);
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(kill(getpid(), SIGRTMIN + 2), 0);
    block(SIG_UNBLOCK, SIGRTMIN + 2);
    CHECK_EQUAL(caught, 5);
}

static void suspend_waits_with_another_mask(void)
{
    install(SIGALRM, count, 0);
    block(SIG_BLOCK, SIGALRM);
    alarm_in(50000, 0);
    usleep(100000);
    CHECK_EQUAL(caught, 0);
    sigset_t none, mask;
    sigemptyset(&none);
    CHECK_ERROR(sigsuspend(&none), EINTR);
    CHECK_EQUAL(caught, 1);
    CHECK_EQUAL(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    CHECK(sigismember(&mask, SIGALRM));
}

static void waiting_for_a_signal_takes_it(void)
{
    block(SIG_BLOCK, SIGUSR1);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    struct timespec none = { 0, 0 }, some = { 0, 50000000 };
    CHECK_ERROR(sigtimedwait(&set, NULL, &none), EAGAIN);
    CHECK_ERROR(sigtimedwait(&set, NULL, &some), EAGAIN);
    raise(SIGUSR1);
    siginfo_t info;
    CHECK_EQUAL(sigwaitinfo(&set, &info), SIGUSR1);
    CHECK_EQUAL(info.si_pid, getpid());
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        usleep(50000);
        kill(parent, SIGUSR1);
        _exit(0);
    }
    CHECK_EQUAL(sigwaitinfo(&set, &info), SIGUSR1);
    CHECK_EQUAL(info.si_pid, child);
    check_wait(child);
}

static void kill_checks_its_target(void)
{
    CHECK_EQUAL(kill(getpid(), 0), 0);
    CHECK_ERROR(kill(getpid(), 65), EINVAL);
    CHECK_ERROR(kill(getpid(), -1), EINVAL);
    CHECK_ERROR(kill(99999999, 0), ESRCH);
    CHECK_ERROR(kill(-99999999, 0), ESRCH);
    CHECK_ERROR(syscall(SYS_tgkill, getpid(), 99999999, 0), ESRCH);
    CHECK_ERROR(syscall(SYS_tgkill, -1, -1, 0), EINVAL);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    siginfo_t info;
    CHECK_EQUAL(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    CHECK_EQUAL(kill(child, 0), 0);
    CHECK_EQUAL(kill(child, SIGKILL), 0);
    CHECK_EQUAL(check_wait(child), 0);
    CHECK_ERROR(kill(child, 0), ESRCH);
}

static void group_is_signalled_as_one(void)
{
    pid_t leader = 0;
    for (int i = 0; i < 5; i++) {
        pid_t child = fork();
        if (child == 0) {
            setpgid(0, leader);
            for (;;)
                pause();
        }
        CHECK_EQUAL(setpgid(child, leader), 0);
        leader = leader ? leader : child;
    }
    CHECK_EQUAL(kill(-leader, SIGTERM), 0);
    for (int i = 0; i < 5; i++) {
        int status;
        CHECK(waitpid(-leader, &status, 0) > 0);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    }
    CHECK_ERROR(waitpid(-leader, NULL, 0), ECHILD);
    CHECK_ERROR(kill(-leader, SIGTERM), ESRCH);
    if (fork() == 0) {
        setpgid(0, 0);
        install(SIGUSR1, count, 0);
        CHECK_EQUAL(kill(0, SIGUSR1), 0);
        CHECK_EQUAL(caught, 1);
        _exit(0);
    }
    int status;
    CHECK(wait(&status) > 0 && status == 0);
}

static void stopped_child_makes_no_progress_until_continued(void)
{
    volatile long *counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0)
        for (;;)
            (*counter)++;
    int status;
    usleep(20000);
    CHECK_EQUAL(waitpid(child, &status, WNOHANG | WUNTRACED), 0);
    CHECK_EQUAL(kill(child, SIGSTOP), 0);
    CHECK_EQUAL(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status));
    CHECK_EQUAL(WSTOPSIG(status), SIGSTOP);
    long before = *counter;
    usleep(100000);
    CHECK_EQUAL(*counter, before);
    CHECK_EQUAL(waitpid(child, &status, WNOHANG | WUNTRACED), 0);
    CHECK_EQUAL(kill(child, SIGUSR1), 0);
    usleep(20000);
    CHECK_EQUAL(*counter, before);
    block(SIG_BLOCK, SIGUSR1);
    CHECK_EQUAL(kill(child, SIGCONT), 0);
    CHECK_EQUAL(waitpid(child, &status, WCONTINUED | WUNTRACED), child);
    if (WIFCONTINUED(status))
        CHECK_EQUAL(check_wait(child), SIGUSR1);
    else
        CHECK_EQUAL(status, SIGUSR1);
    if ((child = fork()) == 0)
        for (;;)
            pause();
    CHECK_EQUAL(kill(child, SIGSTOP), 0);
    CHECK_EQUAL(waitpid(child, &status, WUNTRACED), child);
    CHECK_EQUAL(kill(child, SIGKILL), 0);
    CHECK_EQUAL(check_wait(child), SIGKILL);
}

static void continue_is_reported_and_handled(void)
{
    install_info(SIGCHLD, remember, SA_RESTART);
    pid_t child = fork();
    if (child == 0) {
        install(SIGCONT, count, 0);
        while (!caught)
            pause();
        _exit(33);
    }
    usleep(50000);
    CHECK_EQUAL(kill(child, SIGTSTP), 0);
    int status;
    CHECK_EQUAL(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
    CHECK_EQUAL(last.si_code, CLD_STOPPED);
    CHECK_EQUAL(kill(child, SIGCONT), 0);
    CHECK_EQUAL(waitpid(child, &status, WCONTINUED), child);
    if (WIFCONTINUED(status))
        status = check_wait(child);
    CHECK_EQUAL(status, 33 << 8);
}

static void default_action_body(int signal_number)
{
    struct timespec time = { 0, 30000000 };
    CHECK_EQUAL(kill(getpid(), signal_number), 0);
    nanosleep(&time, NULL);
    _exit(55);
}

static void default_actions_are_linux_ones(void)
{
    for (int signal_number = 1; signal_number <= 64; signal_number++) {
        if (signal_number == 32 || signal_number == 33)
            continue;
        pid_t child = fork();
        if (child == 0)
            default_action_body(signal_number);
        int status, result = waitpid(child, &status, WUNTRACED);
        CHECK_EQUAL(result, child);
        bool ignored = signal_number == SIGCHLD || signal_number == SIGURG || signal_number == SIGWINCH || signal_number == SIGCONT;
        bool stops = signal_number >= SIGSTOP && signal_number <= SIGTTOU;
        if (ignored)
            CHECK_EQUAL(status, 55 << 8);
        else if (stops) {
            CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == signal_number);
            kill(child, SIGKILL);
            check_wait(child);
        } else
            CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signal_number);
    }
}

static void jumping_out_of_a_handler_restores_the_mask(void)
{
    install(SIGUSR1, recover, 0);
    for (volatile int i = 0; i < 20; i++) {
        if (sigsetjmp(recovery, 1) == 0)
            raise(SIGUSR1);
        sigset_t mask;
        CHECK_EQUAL(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
        CHECK(!sigismember(&mask, SIGUSR1));
    }
}

static void two_processes_can_signal_each_other_often(void)
{
    enum { ROUNDS = 500 };
    install(SIGUSR1, count, 0);
    block(SIG_BLOCK, SIGUSR1);
    sigset_t none;
    sigemptyset(&none);
    pid_t parent = getpid();
    pid_t child = fork();
    for (int i = 0; i < ROUNDS; i++) {
        if (child != 0)
            CHECK_EQUAL(kill(child, SIGUSR1), 0);
        while (caught <= i)
            sigsuspend(&none);
        if (child == 0)
            CHECK_EQUAL(kill(parent, SIGUSR1), 0);
    }
    if (child == 0)
        _exit(0);
    CHECK_EQUAL(check_wait(child), 0);
}

static void abort_kills_through_a_handler(void)
{
    pid_t child = fork();
    if (child == 0) {
        install(SIGABRT, count, 0);
        abort();
    }
    CHECK_EQUAL(WTERMSIG(check_wait(child)), SIGABRT);
}

static const struct check_row rows[] = {
    CHECK_ROW(handler_learns_who_sent_it),
    CHECK_ROW(children_send_sigchld),
    CHECK_ROW(pending_signals_are_taken_in_order),
    CHECK_ROW(ignored_sigchld_reaps_by_itself),
    CHECK_ROW(interrupted_call_restarts_when_asked),
    CHECK_ROW(ignored_signal_interrupts_nothing),
    CHECK_ROW(sleep_tells_what_is_left),
    CHECK_ROW(alternate_stack_is_used),
    CHECK_ROW(returning_sets_the_alternate_stack),
    CHECK_ROW(stack_overflow_can_be_handled_on_the_alternate_stack),
    CHECK_ROW(overflow_without_room_for_the_frame_kills),
    CHECK_ROW(handlers_at_impossible_addresses_kill),
    CHECK_ROW(stacks_that_cannot_be_written_kill),
    CHECK_ROW(handlers_that_nest_beyond_the_alternate_stack_kill),
    CHECK_ROW(handlers_nest_only_when_asked),
    CHECK_ROW(action_mask_holds_while_the_handler_runs),
    CHECK_ROW(reset_handler_runs_once),
    CHECK_ROW(action_is_reported_as_set),
    CHECK_ROW(blocked_signals_wait),
    CHECK_ROW(real_time_signals_queue),
    CHECK_ROW(suspend_waits_with_another_mask),
    CHECK_ROW(waiting_for_a_signal_takes_it),
    CHECK_ROW(kill_checks_its_target),
    CHECK_ROW(group_is_signalled_as_one),
    CHECK_ROW(stopped_child_makes_no_progress_until_continued),
    CHECK_ROW(continue_is_reported_and_handled),
    CHECK_ROW(default_actions_are_linux_ones),
    CHECK_ROW(jumping_out_of_a_handler_restores_the_mask),
    CHECK_ROW(two_processes_can_signal_each_other_often),
    CHECK_ROW(abort_kills_through_a_handler),
};

CHECK_MAIN(rows)
