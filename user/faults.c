// SPDX-License-Identifier: MIT
// faults.c: processor faults as signals, and what handlers find in and may change through their frames.
#define _GNU_SOURCE
#include "handlers.h"
#include "machine.h"

// What ends a program that has no handler, or ignores or blocks the signal.
struct fatal_fault {
    void (*body)(void);
    int signal_number;
};

// Where a fault happens and what si_addr must say.
struct place {
    uint64_t pc, address;
};

// A fault that a handler steps over. `run` returns what stands in the result register afterwards.
struct fault {
    uint64_t (*run)(struct place *place);
    int signal_number, code;
    unsigned length;  // of the instruction, in bytes
    long trap_number; // in the frame; 0 where the machine has none
};

// It gives fatal_faults[], faults[], trap_number(), FRAME_SIZE (the bytes from the ucontext_t to the end of what the kernel
// writes), looks_like_the_kernels(), clobber_registers(), and spin_with_patterns(): spins with a known value in every register until the counter
// reaches the target, and returns 0 when all survived.
#include MACHINE_FAULTS

static void faults_kill_even_when_ignored_or_blocked(void)
{
    for (size_t i = 0; i < sizeof fatal_faults / sizeof *fatal_faults; i++) {
        const struct fatal_fault *fault = &fatal_faults[i];
        signal(fault->signal_number, SIG_IGN);
        CHECK_EQUAL(WTERMSIG(check_child(fault->body)), fault->signal_number);
        signal(fault->signal_number, SIG_DFL);
        block(SIG_BLOCK, fault->signal_number);
        CHECK_EQUAL(WTERMSIG(check_child(fault->body)), fault->signal_number);
    }
}

static const uint64_t new_result = 0x1122334455667788;
static volatile uint64_t fault_pc;
static volatile long fault_trap;
static volatile unsigned fault_length;

static void skip_instruction(int signal_number, siginfo_t *info, void *context)
{
    ucontext_t *machine = context;
    remember(signal_number, info, context);
    fault_pc = *machine_pc(machine);
    fault_trap = trap_number(machine);
    *machine_pc(machine) += fault_length;
    *machine_result(machine) = new_result;
}

// The frame names the instruction and the address, and what the handler writes into it is what the program goes on with.
static void handlers_see_and_change_the_registers(void)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct place place = { 0, 0 };
        install_info(faults[i].signal_number, skip_instruction, 0);
        fault_length = faults[i].length;
        CHECK_EQUAL(faults[i].run(&place), new_result);
        CHECK_EQUAL(last.si_signo, faults[i].signal_number);
        CHECK_EQUAL(last.si_code, faults[i].code);
        CHECK_EQUAL((uint64_t)last.si_addr, place.address);
        CHECK_EQUAL(fault_pc, place.pc);
        CHECK_EQUAL(fault_trap, faults[i].trap_number);
    }
}

static void clobber(int signal_number)
{
    (void)signal_number;
    clobber_registers();
    caught++;
}

static void registers_survive_handlers(void)
{
    install(SIGALRM, clobber, 0);
    alarm_in(2000, 2000);
    CHECK_EQUAL(spin_with_patterns(&caught, 100), 0);
}

static void check_alignment(int signal_number)
{
    (void)signal_number;
    caught++;
    caught_other = (uintptr_t)__builtin_frame_address(0) % 16 == 0;
}

static void handler_stack_is_aligned(void)
{
    install(SIGUSR1, check_alignment, 0);
    raise(SIGUSR1);
    CHECK_EQUAL(caught_other, 1);
}

static volatile int leaked;

// Nothing in the frame may look like an address of the kernel.
static void scan_frame(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)info;
    uint64_t *words = (uint64_t *)context;
    for (size_t i = 0; i < FRAME_SIZE / 8; i++)
        leaked += looks_like_the_kernels(words[i]);
    for (size_t i = 0; i < sizeof *info / 8; i++)
        leaked += looks_like_the_kernels(((uint64_t *)info)[i]);
    caught++;
}

static void frames_leak_no_kernel_address(void)
{
    install_info(SIGALRM, scan_frame, 0);
    alarm_in(2000, 2000);
    while (caught < 20)
        ;
    alarm_in(0, 0);
    install_info(SIGUSR1, scan_frame, 0);
    raise(SIGUSR1);
    CHECK_EQUAL(leaked, 0);
}

static const struct check_row rows[] = {
    CHECK_ROW(faults_kill_even_when_ignored_or_blocked),
    CHECK_ROW(handlers_see_and_change_the_registers),
    CHECK_ROW(registers_survive_handlers),
    CHECK_ROW(handler_stack_is_aligned),
    CHECK_ROW(frames_leak_no_kernel_address),
};

CHECK_MAIN(rows)
