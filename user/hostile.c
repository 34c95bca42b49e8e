// SPDX-License-Identifier: MIT
// hostile.c: forbidden instructions, impossible stacks, handlers that are not there.
#define _GNU_SOURCE
#include "crime.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

static uint8_t *code_page;

static void call_code(void)
{
    ((void (*)(void))(uintptr_t)code_page)();
}

// It gives no_stack() and kernel_stack_pointer(), which touch the stack where none can be; what instructions a program may not
// execute, or not with these operands, with their rows in MACHINE_CRIME_ROWS;
// remove_calls(), which makes random code harmless; and RESTORERS, whether a program says where its handlers return to.
#include MACHINE_CRIMES

static void read0(void)
{
    (void)*(volatile int *)0;
}

static void write0(void)
{
    *(volatile int *)0 = 1;
}

static void write_text(void)
{
    *(volatile char *)(uintptr_t)read0 = 0;
}

static void jump0(void)
{
    ((void (*)(void))0)();
}

static void jump_stack(void)
{
    uint8_t code[16] __attribute__((aligned(16)));
    machine_write_return(code);
    machine_code_written(code, sizeof code);
    ((void (*)(void))(uintptr_t)code)();
}

static int deeper(int level)
{
    volatile char page[1024];
    page[0] = (char)level;
    return deeper(level + 1) + page[0];
}

static void overflow_stack(void)
{
    deeper(0);
}

static void spin_until_alarm(uint64_t stack_pointer)
{
    struct sigaction action = { .sa_handler = crime_on_signal };
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = { .it_value = { 0, 30000 } };
    setitimer(ITIMER_REAL, &timer, NULL);
    machine_spin_on(stack_pointer);
}

static void signal_on_kernel_stack(void)
{
    spin_until_alarm(MACHINE_KERNEL_TEXT);
}

static void signal_on_noncanonical_stack(void)
{
    spin_until_alarm(MACHINE_UNCANONICAL + 0x100);
}

static void signal_on_null_stack(void)
{
    spin_until_alarm(0);
}

static void signal_on_top_of_user(void)
{
    spin_until_alarm(MACHINE_BEYOND_USER);
}

static void signal_on_kernel_alternate_stack(void)
{
    stack_t stack = { .ss_sp = (void *)MACHINE_KERNEL_TEXT, .ss_size = 65536 };
    if (syscall(SYS_sigaltstack, &stack, NULL) != 0)
        raise(SIGSEGV);
    struct sigaction action = { .sa_handler = crime_on_signal, .sa_flags = SA_ONSTACK };
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
}

static void signal_handler_at(uint64_t address)
{
    struct sigaction action = { .sa_handler = (void (*)(int))address };
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
}

static void handler_in_kernel(void)
{
    signal_handler_at(MACHINE_KERNEL_TEXT);
}

static void handler_noncanonical(void)
{
    signal_handler_at(MACHINE_UNCANONICAL);
}

static void restorer_in_kernel(void)
{
    const struct {
        uint64_t handler, flags, restorer, mask;
    } action = { (uint64_t)crime_on_signal, 0x04000000, MACHINE_KERNEL_TEXT, 0 };
    if (!RESTORERS)
        CHECK_SKIP("handlers return through code of the kernel's choice on " MACHINE_NAME);
    syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
    raise(SIGUSR1);
}

static void random_instructions(void)
{
    code_page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t state = 20240229;
    for (int round = 0; round < 300; round++) {
        CHECK_EQUAL(mprotect(code_page, 4096, PROT_READ | PROT_WRITE), 0);
        for (int i = 0; i < 256; i++) {
            state = state * 6364136223846793005 + 1442695040888963407;
            code_page[i] = (uint8_t)(state >> 40);
        }
        remove_calls(code_page, 256);
        machine_code_written(code_page, 256);
        CHECK_EQUAL(mprotect(code_page, 4096, PROT_READ | PROT_EXEC), 0);
        pid_t child = fork();
        if (child == 0) {
            struct itimerval timer = { .it_value = { 0, 20000 } };
            setitimer(ITIMER_REAL, &timer, NULL);
            call_code();
            _exit(0);
        }
        check_wait(child);
    }
}

static const struct crime crimes[] = {
    // clang-format off
    MACHINE_CRIME_ROWS
        // clang-format on
        DIES(read0, SIGSEGV),
    DIES(write0, SIGSEGV),
    DIES(write_text, SIGSEGV),
    DIES(jump0, SIGSEGV),
    DIES(jump_stack, SIGSEGV),
    DIES(overflow_stack, SIGSEGV),
    DIES(no_stack, SIGSEGV),
    DIES(kernel_stack_pointer, SIGSEGV),
    DIES(signal_on_kernel_stack, SIGSEGV),
    DIES(signal_on_noncanonical_stack, SIGSEGV),
    DIES(signal_on_null_stack, SIGSEGV),
    EITHER(signal_on_top_of_user),
    DIES(signal_on_kernel_alternate_stack, SIGSEGV),
    DIES(handler_in_kernel, SIGSEGV),
    DIES(handler_noncanonical, SIGSEGV),
    DIES(restorer_in_kernel, SIGSEGV),
    LIVES(random_instructions),
};

CRIME_MAIN(crimes)
