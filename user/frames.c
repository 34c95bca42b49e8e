// SPDX-License-Identifier: MIT
// frames.c: signal frames of our own making, and returns to addresses that are none.
#define _GNU_SOURCE
#include "crime.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

// ---- sigreturn with frames of our own making

static int evil;
static uint64_t evil_stack[4096] __attribute__((aligned(4096)));

// It gives EVIL_FRAMES ways to spoil_frame(), deadly_frames[] that nobody may return through, spared_frames[] that do no
// harm, is_ordinary(),
// return_from_signal_on(), write_call_before() and jump_to_call_before() the end of a page, and refuses_thread_pointer().
#include MACHINE_FRAMES

static void evil_handler(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)info;
    spoil_frame(evil, context);
}

// After an evil frame was accepted the process must still be an ordinary one.
static void evil_body(void)
{
    struct sigaction action = { .sa_sigaction = evil_handler, .sa_flags = SA_SIGINFO };
    sigaction(SIGUSR1, &action, NULL);
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < 10; i++)
        sched_yield();
    _exit(is_ordinary() ? 0 : 66);
}

static bool is_listed(int frame, const int *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (frame == list[i])
            return true;
    return false;
}

static void evil_frames(void)
{
    int wrong = 0;
    for (evil = 0; evil < EVIL_FRAMES; evil++) {
        bool deadly = is_listed(evil, deadly_frames, sizeof deadly_frames / sizeof *deadly_frames);
        bool spared = is_listed(evil, spared_frames, sizeof spared_frames / sizeof *spared_frames);
        int status = check_child(evil_body);
        bool killed = WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM;
        if ((killed && !spared) || (status == 0 && !deadly))
            continue;
        printf("frame %d: status %#x\n", evil, (unsigned)status);
        wrong++;
    }
    fflush(stdout);
    CHECK_EQUAL(wrong, 0);
}

static void random_frames(void)
{
    static unsigned seed;
    for (seed = 1; seed <= 150; seed++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(2);
            uint64_t state = seed * 0x9e3779b97f4a7c15;
            for (size_t i = 0; i < 400; i++) {
                state = state * 6364136223846793005 + 1442695040888963407;
                evil_stack[i] = seed % 3 == 0 ? state : (state >> 60) == 0 ? state : (uint64_t)evil_stack + ((state >> 33) & 0x3fff);
            }
            return_from_signal_on(&evil_stack[16]);
        }
        CHECK(check_wait(child) != 0);
    }
}

// ---- the kernel's addresses

static uint64_t touched;
static void touch_read(void)
{
    (void)*(volatile char *)touched;
}

static void touch_write(void)
{
    *(volatile char *)touched = 1;
}

static void touch_jump(void)
{
    ((void (*)(void))touched)();
}

static void kernel_read(void)
{
    for (int i = 0; i < KERNEL_ADDRESSES; i++) {
        touched = kernel_addresses[i];
        CHECK_EQUAL(check_child(touch_read) & 0x7f, SIGSEGV);
        CHECK_EQUAL(check_child(touch_write) & 0x7f, SIGSEGV);
        CHECK(machine_is_jump_fault(touched, check_child(touch_jump) & 0x7f));
    }
}

// A system call whose return address is the first one beyond user space. Some kernels give the very last page, some do not.
static void call_at_end_of_user_space(void)
{
    uint8_t *end = (uint8_t *)machine_user_end();
    CHECK(mmap(end, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
    uint8_t *page = MAP_FAILED;
    for (int i = 0; i < 2 && page == MAP_FAILED; i++)
        page = mmap(end - 4096 - i * 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (page == MAP_FAILED)
        raise(SIGSEGV);
    end = page + 4096;
    write_call_before(end);
    machine_code_written(page, 4096);
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
    jump_to_call_before(end);
}

static void thread_pointer_in_kernel(void)
{
    for (int i = 0; i < KERNEL_ADDRESSES - 2; i++) {
        CHECK(refuses_thread_pointer(kernel_addresses[i]));
        pid_t child = (pid_t)machine_clone(SIGCHLD | CLONE_SETTLS, 0, 0, 0, kernel_addresses[i]);
        if (child == 0)
            machine_call3(SYS_exit, 0, 0, 0);
        if (child > 0)
            check_wait(child);
    }
}

static void kernel_pointers_used_at_exit(void)
{
    for (int i = 0; i < KERNEL_ADDRESSES; i++) {
        pid_t child = fork();
        if (child == 0) {
            syscall(SYS_set_tid_address, kernel_addresses[i]);
            syscall(SYS_set_robust_list, kernel_addresses[i], 24);
            _exit(0);
        }
        CHECK_EQUAL(check_wait(child), 0);
        child = (pid_t)machine_clone(SIGCHLD | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID, 0, 0, kernel_addresses[i], 0);
        if (child == 0)
            _exit(0);
        if (child > 0)
            check_wait(child);
    }
    static uint64_t loop[3];
    pid_t child = fork();
    if (child == 0) {
        loop[0] = (uint64_t)loop + 1;
        loop[1] = MACHINE_KERNEL_IMAGE;
        loop[2] = (uint64_t)loop;
        syscall(SYS_set_robust_list, loop, 24);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    static uint64_t ring[4][1];
    if ((child = fork()) == 0) {
        static uint64_t head[3];
        head[0] = (uint64_t)&ring[0];
        for (int i = 0; i < 4; i++)
            ring[i][0] = (uint64_t)&ring[(i + 1) % 4];
        syscall(SYS_set_robust_list, head, 24);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
}

static const struct crime crimes[] = {
    LIVES(evil_frames),
    LIVES(random_frames),
    LIVES(kernel_read),
    DIES(call_at_end_of_user_space, SIGSEGV),
    LIVES(thread_pointer_in_kernel),
    LIVES(kernel_pointers_used_at_exit),
};

CRIME_MAIN(crimes)
