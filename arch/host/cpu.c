// SPDX-License-Identifier: MIT
// cpu.c: the rest of the host's CPU and machine: the console is standard output, power off ends the process.

#define _GNU_SOURCE
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arch/cpu.h>
#include <arch/frame.h>
#include <arch/interrupt.h>
#include <arch/machine.h>
#include <arch/signal.h>
#include <arch/time.h>

#include <lib/format.h>

#include <helix/cpu.h>
#include <helix/panic.h>

#include "host.h"

enum { HOST_EXIT_PANIC = 125 };

thread_local struct arch_cpu *host_cpu;

void host_cpu_relax(void)
{
    host_ipi_take();
    sched_yield();
}

void arch_cpu_init(struct cpu *cpu)
{
    host_cpu = &cpu->arch;
    *host_cpu = (struct arch_cpu){};
}

uint64_t arch_cycles_per_second(void)
{
    return NS_PER_S;
}

// With HELIX_SEED in the environment the same numbers in every run.
uint32_t arch_entropy(void *to, size_t size)
{
    static uint64_t state;
    const char *seed = getenv("HELIX_SEED");
    if (!seed) {
        if (getrandom(to, size, 0) != (ssize_t)size)
            abort();
        return 4;
    }
    state = state ? state : strtoull(seed, nullptr, 0) | 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 6'364'136'223'846'793'005ull + 1'442'695'040'888'963'407ull;
        ((uint8_t *)to)[i] = (uint8_t)(state >> 56);
    }
    return 4;
}

size_t arch_cpu_describe(char *to, size_t size)
{
    return format_text(to, size, "host process");
}

size_t arch_cpu_information(uint32_t cpu, char *to, size_t size)
{
    return format_text(to, size, "processor\t: %u\nmodel name\t: host process\n", cpu);
}

// ---- time ----

enum status arch_time_init(const struct boot_info *boot)
{
    return STATUS_OK;
}

static uint64_t jumped_ns;                      // by which time runs ahead of the host's clock
static uint64_t timer_deadline_ns = UINT64_MAX; // of the one-shot timer

uint64_t arch_time_ns(void)
{
    return arch_cycles() + jumped_ns;
}

// A CPU that waits with no timer set waits for ever: with nothing else to interrupt it, that is a test's mistake.
void host_cpu_wait(void)
{
    if (timer_deadline_ns == UINT64_MAX) {
        fprintf(stderr, "every thread waits, and no timer is set\n");
        abort();
    }
    uint64_t now = arch_time_ns();
    if (timer_deadline_ns > now)
        jumped_ns += timer_deadline_ns - now;
    timer_deadline_ns = UINT64_MAX;
    struct arch_frame frame = {};
    kernel_timer_interrupt(&frame);
    arch_interrupts_enable();
}

uint64_t arch_cycles_to_ns(uint64_t cycles)
{
    return cycles;
}

uint64_t arch_wall_clock_seconds(void)
{
    return (uint64_t)time(nullptr);
}

void arch_timer_set(uint64_t deadline_ns)
{
    timer_deadline_ns = deadline_ns;
}

size_t arch_time_describe(char *to, size_t size)
{
    return format_text(to, size, "host clock");
}

// ---- interrupts: there is no controller ----

enum status arch_interrupt_init(const struct boot_info *boot)
{
    return STATUS_NO_DEVICE;
}

enum status arch_interrupt_route(uint32_t line, uint32_t *vector)
{
    return STATUS_NO_DEVICE;
}

void arch_interrupt_mask(uint32_t line)
{
}

void arch_interrupt_unmask(uint32_t line)
{
}

static _Atomic bool ipi_pending[CPU_MAX];

// Another thread takes it when it looks; the CPU itself at once.
void arch_ipi_send(uint32_t cpu)
{
    struct arch_frame frame = {};
    if (cpu == cpu_local()->id)
        kernel_ipi(&frame);
    else
        atomic_store(&ipi_pending[cpu], true);
}

void host_ipi_take(void)
{
    if (!host_cpu || !host_cpu->interrupts || !atomic_exchange(&ipi_pending[cpu_local()->id], false))
        return;
    struct arch_frame frame = {};
    (void)arch_interrupts_disable(); // as the processor does
    kernel_ipi(&frame);
    arch_interrupts_enable();
}

const char *arch_interrupt_controller_name(void)
{
    return "none";
}

// ---- the machine ----

void arch_early_console_write(const char *text, size_t length)
{
    while (length) {
        ssize_t written = write(STDOUT_FILENO, text, length);
        if (written <= 0)
            return;
        text += written;
        length -= (size_t)written;
    }
}

void arch_power_off(void)
{
    exit(0);
}

[[noreturn]] void arch_reboot(void)
{
    exit(1);
}

void arch_exit_emulator(uint32_t code)
{
    fflush(stdout);
    _exit(HOST_EXIT_PANIC);
}

const char *arch_name(void)
{
    return "host";
}

// ---- what programs would be told; the ELF tests make programs for this machine ----

uint16_t arch_elf_machine(void)
{
    return 62; // EM_X86_64
}

uint64_t arch_elf_hwcap(void)
{
    return 0;
}

uint64_t arch_elf_hwcap2(void)
{
    return 1;
}

// Never run: rows look whether it gets where it should.
size_t arch_signal_trampoline(const void **code)
{
    static const uint8_t bytes[] = { 0xca, 0xfe, 0xf0, 0x0d };
    *code = bytes;
    return sizeof bytes;
}

uint64_t arch_signal_stack_minimum(void)
{
    return 2048;
}

enum status arch_signal_push(struct arch_frame *frame, const struct signal_delivery *delivery)
{
    return STATUS_BAD_ADDRESS; // there is no user stack
}

enum status arch_signal_pop(struct arch_frame *frame, uint64_t *mask, struct linux_stack *stack)
{
    return STATUS_BAD_ADDRESS;
}

// ---- frames: there are no exceptions and no user mode ----

void arch_frame_init_user(struct arch_frame *frame, uint64_t ip, uint64_t sp)
{
    *frame = (struct arch_frame){ .ip = ip, .sp = sp, .user = true };
}

// Frames are always whole.
syscall_handler sys_clone, sys_fork, sys_vfork, whole_frame_sys_clone, whole_frame_sys_fork, whole_frame_sys_vfork;

int64_t whole_frame_sys_clone(struct thread *self, const struct syscall_arguments *arguments)
{
    return sys_clone(self, arguments);
}

int64_t whole_frame_sys_fork(struct thread *self, const struct syscall_arguments *arguments)
{
    return sys_fork(self, arguments);
}

int64_t whole_frame_sys_vfork(struct thread *self, const struct syscall_arguments *arguments)
{
    return sys_vfork(self, arguments);
}

[[noreturn]] void arch_return_to_user(struct arch_frame *frame)
{
    fprintf(stderr, "no user mode on the host\n");
    abort();
}

void arch_frame_dump(const struct arch_frame *frame, void (*line)(void *context, const char *text), void *context)
{
    char text[96];
    format_text(text, sizeof text, "IP=0x%016lx SP=0x%016lx FP=0x%016lx", frame->ip, frame->sp, frame->fp);
    line(context, text);
}

void arch_frame_capture(struct arch_frame *frame)
{
    *frame = (struct arch_frame){ .ip = (uint64_t)(uintptr_t)__builtin_return_address(0),
                                  .fp = (uint64_t)(uintptr_t)__builtin_frame_address(0) };
}

// ---- expected panics ----

// In a process of its own.
bool host_panics(void (*run)(void *argument), void *argument, const char *message)
{
    int ends[2];
    if (pipe(ends) != 0)
        abort();
    pid_t child = fork();
    if (!child) {
        dup2(ends[1], STDOUT_FILENO);
        host_memory_own();
        run(argument);
        _exit(0);
    }
    close(ends[1]);
    char report[16 * 1024];
    size_t length = 0;
    for (ssize_t got; length < sizeof report - 1 && (got = read(ends[0], report + length, sizeof report - 1 - length)) > 0;)
        length += (size_t)got;
    report[length] = '\0';
    close(ends[0]);
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == HOST_EXIT_PANIC && strstr(report, message);
}
