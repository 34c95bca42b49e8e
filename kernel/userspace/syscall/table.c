// SPDX-License-Identifier: MIT
// table.c: the table of system calls, and the gateway that user code comes through.
//
// Purpose     From the number in a user frame to a handler, and from its result to the frame.
// How         One array of rows made from abi/syscalls.def, under the port's numbers. Arguments are read where the entry code pushed
//             them. A number without a row is ENOSYS and is counted (/proc/helix/unimplemented).
// Invariants  Handlers run in thread context with interrupts on and nothing held. A restart result (user.h) never reaches the
//             user: the way out resolves it.
// Cost        Entry, gateway and exit of a call that does nothing: about 75 instructions.

#include <arch/frame.h>
#include <arch/interrupt.h>
#include <arch/syscall.h>

#include <helix/cpu.h>
#include <helix/thread.h>
#include <helix/user.h>

#include "calls.h"

enum { ENOSYS = 38, UNIMPLEMENTED_ROWS = 64 };

struct syscall_row {
    syscall_handler *run;
    const char *name;
};

static const struct syscall_row table[SYSCALL_SLOTS] = {
#define ROW(number_, name_, count_)               [number_] = { .run = sys_##name_, .name = #name_ },
#define SYSCALL(x86_64_, generic_, name_, count_) ROW(SYSCALL_NUMBER(x86_64_, generic_), name_, count_)
#define SYSCALL_LEGACY(number_, name_, count_)    SYSCALL_IF_LEGACY(ROW(number_, name_, count_))
#include <abi/syscalls.def>
    SYSCALL_PORT_ROWS(ROW)
#undef SYSCALL
#undef SYSCALL_LEGACY
#undef ROW
};

// What was asked for and is not there: number and count, the first UNIMPLEMENTED_ROWS different ones.
static struct {
    _Atomic uint64_t number_plus_one, count;
} unimplemented[UNIMPLEMENTED_ROWS];

static void count_unimplemented(uint64_t number)
{
    for (size_t i = 0; i < UNIMPLEMENTED_ROWS; i++) {
        uint64_t seen = 0;
        if (atomic_compare_exchange_strong(&unimplemented[i].number_plus_one, &seen, number + 1) || seen == number + 1) {
            atomic_fetch_add(&unimplemented[i].count, 1);
            return;
        }
    }
}

// Below SYSCALL_SLOTS, also for a processor that guesses the branch before it wrong; the compiler must not see that it knows that already.
static uint64_t index_clamp(uint64_t number)
{
    static_assert((SYSCALL_SLOTS & (SYSCALL_SLOTS - 1)) == 0);
    __asm__("" : "+r"(number));
    return number & (SYSCALL_SLOTS - 1);
}

[[gnu::noinline]] static int64_t unknown(struct arch_frame *frame)
{
    count_unimplemented(arch_frame_syscall_number(frame));
    return -ENOSYS;
}

int64_t kernel_syscall(struct arch_frame *frame)
{
    uint64_t number = arch_frame_syscall_number(frame);
    if (UNLIKELY(number >= SYSCALL_SLOTS)) [[clang::musttail]]
        return unknown(frame);
    number = index_clamp(number);
    if (UNLIKELY(!table[number].run)) [[clang::musttail]]
        return unknown(frame);
    cpu_local()->syscall_counts[number]++;
    return table[number].run(thread_current(), (const struct syscall_arguments *)arch_frame_syscall_arguments(frame));
}

int64_t syscall_interrupted(int64_t result)
{
    atomic_fetch_or(&thread_current()->flags, THREAD_SIGNALLED);
    arch_exit_work_set(true);
    return result;
}

const char *syscall_name(uint32_t number)
{
    return number < SYSCALL_SLOTS ? table[number].name : nullptr;
}

uint64_t syscall_count(uint32_t number)
{
    uint64_t total = 0;
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        total += cpu_by_id(cpu)->syscall_counts ? cpu_by_id(cpu)->syscall_counts[number] : 0;
    return total;
}

static void show_unimplemented(struct text_writer *out)
{
    for (size_t i = 0; i < UNIMPLEMENTED_ROWS && unimplemented[i].number_plus_one; i++)
        text_write(out, "%lu %lu\n", (uint64_t)unimplemented[i].number_plus_one - 1, (uint64_t)unimplemented[i].count);
}
PROC_FILE(helix_unimplemented, "helix/unimplemented", show_unimplemented);

static void show_syscalls(struct text_writer *out)
{
    for (uint32_t number = 0; number < SYSCALL_SLOTS; number++) {
        if (syscall_name(number))
            text_write(out, "%3u %-24s %lu\n", number, syscall_name(number), syscall_count(number));
    }
}
PROC_FILE(helix_syscalls, "helix/syscalls", show_syscalls);
