// SPDX-License-Identifier: MIT
// registers.c: general registers survive every kind of system call and page fault, and the thread pointer survives everything.
#define _GNU_SOURCE
#include "check.h"
#include "machine.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

// A call with every register known: what goes in, its result, and what each register, by its number, holds then.
struct kept {
    long number, argument[4], result;
    uint64_t after[34];
};

void kept_call(struct kept *kept);  // the system call
void kept_store(struct kept *kept); // argument[1] to the address argument[0] instead

// It gives these two, FIRST_REGISTER to LAST_REGISTER, NUMBER_REGISTER, wanted_register(), may_change(), write_constant().
#include MACHINE_REGISTERS

static void check_registers(const struct kept *kept, bool called, bool restarted)
{
    for (int which = FIRST_REGISTER; which <= LAST_REGISTER; which++)
        if (!may_change(which, called) && !(restarted && which == NUMBER_REGISTER) && kept->after[which] != wanted_register(kept, which))
            check_fail(__FILE_NAME__, which, "register (its number is the line)", (long long)kept->after[which],
                       (long long)wanted_register(kept, which));
}

static long call(long number, long a, long b, long c, long d)
{
    struct kept kept = { .number = number, .argument = { a, b, c, d } };
    kept_call(&kept);
    check_registers(&kept, true, false);
    return kept.result;
}

static int ends[2];
static char bytes[16];

static void make_pipe(void)
{
    CHECK_EQUAL(pipe(ends), 0);
}

static void calls_that_return_at_once_keep_them(void)
{
    static char place[8192];
    make_pipe();
    for (int i = 0; i < 200; i++) {
        CHECK_EQUAL(call(SYS_getpid, 0x1111, 0x2222, 0x3333, 0x4444), getpid());
        CHECK_EQUAL(call(SYS_write, ends[1], (long)"abc", 3, 7), 3);
        CHECK_EQUAL(call(SYS_read, ends[0], (long)bytes, 3, 7), 3);
        CHECK_EQUAL(call(SYS_write, ends[1], 8, 3, 7), -EFAULT);
        CHECK_EQUAL(call(SYS_write, 500, (long)bytes, 3, 7), -EBADF);
        CHECK_EQUAL(call(SYS_openat, AT_FDCWD, (long)"/no/such/file", 0, 0), -ENOENT);
        CHECK_EQUAL(call(SYS_openat, AT_FDCWD, (long)MACHINE_KERNEL_START, 0, 0), -EFAULT);
        CHECK_EQUAL(call(SYS_mprotect, (long)place & -4096, 4096, PROT_READ | PROT_WRITE, 5), 0);
        CHECK_EQUAL(call(SYS_rt_sigprocmask, 77, (long)bytes, 0, 8), -EINVAL);
        CHECK_EQUAL(call(400, 1, 2, 3, 4), -ENOSYS);
        CHECK_EQUAL(call(-1, 1, 2, 3, 4), -ENOSYS);
    }
}

static void calls_that_give_way_keep_them(void)
{
    static const struct timespec moment = { 0, 3000000 };
    pid_t rival = fork();
    if (rival == 0)
        for (;;)
            (void)sched_yield();
    for (int i = 0; i < 300; i++)
        CHECK_EQUAL(call(SYS_sched_yield, 5, 6, 7, 8), 0);
    for (int i = 0; i < 20; i++)
        CHECK_EQUAL(call(SYS_nanosleep, (long)&moment, 0, 7, 8), 0);
    kill(rival, SIGKILL);
    check_wait(rival);
}

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    (void)number;
    caught = caught + 1;
}

static void on_signal_write(int number)
{
    on_signal(number);
    if (write(ends[1], "x", 1) != 1)
        _exit(7);
}

static void catch_alarm(void (*handler)(int), int flags, long microseconds, long again)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    CHECK_EQUAL(sigaction(SIGALRM, &action, NULL), 0);
    struct itimerval timer = { .it_value = { 0, microseconds }, .it_interval = { 0, again } };
    CHECK_EQUAL(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void an_interrupted_call_keeps_them(void)
{
    make_pipe();
    for (int i = 1; i <= 20; i++) {
        int before = caught;
        catch_alarm(on_signal, 0, 3000, 3000); // the first may come before the call has begun, where the machine is busy
        CHECK_EQUAL(call(SYS_read, ends[0], (long)bytes, 16, 9), -EINTR);
        CHECK(caught > before);
        catch_alarm(on_signal, 0, 0, 0);
    }
}

static void a_restarted_call_keeps_them(void)
{
    make_pipe();
    for (int i = 1; i <= 20; i++) {
        catch_alarm(on_signal_write, SA_RESTART, 3000, 0);
        CHECK_EQUAL(call(SYS_read, ends[0], (long)bytes, 16, 9), 1);
        CHECK_EQUAL(caught, i);
    }
}

// A stop in the middle restarts the sleep by another call, whose number a program may see.
static void a_sleep_that_is_stopped_keeps_them(void)
{
    static const struct timespec sleep = { 0, 60000000 };
    pid_t self = getpid(), helper = fork();
    if (helper == 0) {
        usleep(15000);
        kill(self, SIGSTOP);
        usleep(15000);
        kill(self, SIGCONT);
        _exit(0);
    }
    struct kept kept = { .number = SYS_nanosleep, .argument = { (long)&sleep, 0, 7, 8 } };
    kept_call(&kept);
    check_registers(&kept, true, true);
    CHECK_EQUAL(kept.result, 0);
    check_wait(helper);
}

static void check_both_sides(long flags)
{
    for (int i = 0; i < 20; i++) {
        uint64_t thread_pointer = machine_thread_pointer();
        struct kept kept = { .number = SYS_clone, .argument = { flags, 0, 0, 0 } };
        kept_call(&kept);
        check_registers(&kept, true, false);
        CHECK_EQUAL(machine_thread_pointer(), thread_pointer);
        if (kept.result == 0)
            _exit(3);
        CHECK(kept.result > 0);
        CHECK_EQUAL(check_wait((pid_t)kept.result), 3 << 8);
    }
}

static void fork_keeps_them_on_both_sides(void)
{
    check_both_sides(SIGCHLD);
}

static void vfork_keeps_them_on_both_sides(void)
{
    check_both_sides(SIGCHLD | 0x4000); // CLONE_VFORK
}

enum { PAGES = 200, PAGE = 4096 };

static void store_to(char *place, long value)
{
    struct kept kept = { .number = 0x1000 + NUMBER_REGISTER, .argument = { (long)place, value, 0x77, 0x88 } };
    kept_store(&kept);
    check_registers(&kept, false, false);
    CHECK_EQUAL(*(long *)(void *)place, value);
}

static void page_faults_keep_them(void)
{
    char *place = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(place != MAP_FAILED);
    for (int i = 0; i < PAGES; i++)
        store_to(place + i * PAGE, i);
    pid_t child = fork();
    for (int i = 0; i < PAGES; i++) // shared with the other until written
        store_to(place + i * PAGE, child + i);
    if (child == 0)
        _exit(0);
    CHECK_EQUAL(check_wait(child), 0);
}

static char *guarded;

static void on_fault(int number)
{
    on_signal(number);
    if (mprotect(guarded, PAGE, PROT_READ | PROT_WRITE) != 0)
        _exit(7);
}

// The handler mends the page; the instruction runs again with the registers it had.
static void a_mended_fault_keeps_them(void)
{
    struct sigaction action = { .sa_handler = on_fault };
    CHECK_EQUAL(sigaction(SIGSEGV, &action, NULL), 0);
    guarded = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(guarded != MAP_FAILED);
    for (int i = 1; i <= 50; i++) {
        CHECK_EQUAL(mprotect(guarded, PAGE, i & 1 ? PROT_NONE : PROT_READ), 0);
        store_to(guarded, i);
        CHECK_EQUAL(caught, i);
    }
}

// ---- the thread pointer

static _Thread_local uint64_t own;
static uint64_t outside;

static void note_own(int number)
{
    on_signal(number);
    if (machine_thread_pointer() != outside)
        _exit(8);
}

static void the_thread_pointer_survives(void)
{
    static const struct timespec moment = { 0, 1000000 };
    outside = machine_thread_pointer();
    signal(SIGUSR1, note_own);
    pid_t rival = fork();
    if (rival == 0)
        for (;;)
            (void)sched_yield();
    for (int i = 1; i <= 100; i++) {
        CHECK_EQUAL(call(i % 3 ? SYS_sched_yield : SYS_nanosleep, (long)&moment, 0, 0, 0), 0);
        CHECK_EQUAL(kill(getpid(), SIGUSR1), 0);
        CHECK_EQUAL(caught, i);
        CHECK_EQUAL(machine_thread_pointer(), outside);
    }
    kill(rival, SIGKILL);
    check_wait(rival);
}

static void *thread_body(void *argument)
{
    uint64_t mine = machine_thread_pointer();
    own = (uint64_t)(uintptr_t)argument;
    for (int i = 0; i < 200; i++) {
        call(SYS_sched_yield, (long)own, 6, 7, 8);
        if (machine_thread_pointer() != mine || own != (uint64_t)(uintptr_t)argument)
            return NULL;
    }
    return argument;
}

static void threads_keep_registers_and_pointers_of_their_own(void)
{
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, thread_body, (void *)(i + 1)), 0);
    for (uintptr_t i = 0; i < 4; i++) {
        void *result;
        CHECK_EQUAL(pthread_join(threads[i], &result), 0);
        CHECK_EQUAL((uintptr_t)result, i + 1);
    }
}

// ---- code that a program writes

typedef int function(void);

static int run_code(const void *code)
{
    function *entry;
    memcpy(&entry, &code, sizeof entry);
    return entry();
}

static void rewritten_code_runs_as_written(void)
{
    uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(code != MAP_FAILED);
    for (int i = 0; i < 1000; i++) {
        CHECK_EQUAL(mprotect(code, PAGE, PROT_READ | PROT_WRITE), 0);
        write_constant(code + i % 8 * 32, (uint16_t)i);
        machine_code_written(code, 256);
        CHECK_EQUAL(mprotect(code, PAGE, PROT_READ | PROT_EXEC), 0);
        CHECK_EQUAL(run_code(code + i % 8 * 32), i);
    }
}

static void code_rewritten_in_place_runs_as_written(void)
{
    uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED)
        CHECK_SKIP("no page is writable and executable at once here");
    for (int i = 0; i < 1000; i++) {
        write_constant(code, (uint16_t)i);
        machine_code_written(code, 32);
        CHECK_EQUAL(run_code(code), i);
    }
}

// The page comes from the file: no program flushes what another wrote there.
static int run_file(const char *path)
{
    int file = open(path, O_RDONLY);
    CHECK(file >= 0);
    const uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    CHECK(code != MAP_FAILED);
    close(file);
    int result = run_code(code);
    CHECK_EQUAL(munmap((void *)(uintptr_t)code, PAGE), 0);
    return result;
}

static void two_processes_run_a_file_just_written(void)
{
    check_enter_scratch();
    for (int i = 0; i < 100; i++) {
        uint8_t code[32] = { 0 };
        write_constant(code, (uint16_t)(i * 7));
        int file = open("code", O_WRONLY | O_CREAT | O_TRUNC, 0755);
        CHECK(file >= 0);
        CHECK_EQUAL(write(file, code, sizeof code), sizeof code);
        close(file);
        pid_t child = fork();
        CHECK_EQUAL(run_file("code"), i * 7);
        if (child == 0)
            _exit(0);
        CHECK_EQUAL(check_wait(child), 0);
    }
}

static const struct check_row rows[] = {
    CHECK_ROW(calls_that_return_at_once_keep_them),
    CHECK_ROW(calls_that_give_way_keep_them),
    CHECK_ROW(an_interrupted_call_keeps_them),
    CHECK_ROW(a_restarted_call_keeps_them),
    CHECK_ROW(a_sleep_that_is_stopped_keeps_them),
    CHECK_ROW(fork_keeps_them_on_both_sides),
    CHECK_ROW(vfork_keeps_them_on_both_sides),
    CHECK_ROW(page_faults_keep_them),
    CHECK_ROW(a_mended_fault_keeps_them),
    CHECK_ROW(the_thread_pointer_survives),
    CHECK_ROW(threads_keep_registers_and_pointers_of_their_own),
    CHECK_ROW(rewritten_code_runs_as_written),
    CHECK_ROW(code_rewritten_in_place_runs_as_written),
    CHECK_ROW(two_processes_run_a_file_just_written),
};

CHECK_MAIN(rows)
