// SPDX-License-Identifier: MIT
// table.c: the table of system calls.
//
// Purpose     From the number in a register to a handler.
// How         One array of handlers made from abi/syscalls.def, under the port's numbers; entry code indexes it, counts the call and
//             passes the arguments where it has stored them. A number without a row is ENOSYS and is counted
//             (/proc/helix/unimplemented).
// Invariants  No slot is empty. Handlers run in thread context with interrupts on and nothing held. A restart result (user.h) never
//             reaches the user: the way out resolves it.
// Cost        Entry and exit of a call that does nothing: about 45 instructions.

#include <arch/frame.h>
#include <arch/interrupt.h>
#include <arch/syscall.h>

#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/memory_watch.h>
#include <helix/kernel_map.h>
#include <helix/thread.h>
#include <helix/user.h>

#include "calls.h"

enum { ENOSYS = 38, UNIMPLEMENTED_ROWS = 64 };

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

static int64_t unknown(struct thread *self, const struct syscall_arguments *arguments)
{
    count_unimplemented(arch_frame_syscall_number(arch_user_frame(self->stack_low.raw + KERNEL_STACK_SIZE)));
    return -ENOSYS;
}

#define SYSCALL(x86_64_, generic_, name_, count_) ROW(SYSCALL_NUMBER(x86_64_, generic_), name_, count_)
#define SYSCALL_LEGACY(number_, name_, count_)    SYSCALL_IF_LEGACY(ROW(number_, name_, count_))

// By way of the port, which completes the frame that they copy.
syscall_handler whole_frame_sys_clone, whole_frame_sys_fork, whole_frame_sys_vfork;
#define sys_clone whole_frame_sys_clone
#define sys_fork  whole_frame_sys_fork
#define sys_vfork whole_frame_sys_vfork

#define ROW(number_, name_, count_) [number_] = sys_##name_,
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides" // a slot without a row keeps what all have first
syscall_handler *const syscall_handlers[SYSCALL_SLOTS + 1] = { [0 ... SYSCALL_SLOTS] = unknown,
#include <abi/syscalls.def>
                                                               SYSCALL_PORT_ROWS(ROW) };
#pragma clang diagnostic pop
#undef ROW
#undef sys_clone
#undef sys_fork
#undef sys_vfork
static_assert((SYSCALL_SLOTS & (SYSCALL_SLOTS - 1)) == 0);

#define ROW(number_, name_, count_) [number_] = #name_,
static const char *const names[SYSCALL_SLOTS] = {
#include <abi/syscalls.def>
    SYSCALL_PORT_ROWS(ROW)
};
#undef ROW
#undef SYSCALL
#undef SYSCALL_LEGACY

void syscall_leave(struct thread *self)
{
    (void)arch_interrupts_disable();
    arch_return_to_user(arch_user_frame(self->stack_low.raw + KERNEL_STACK_SIZE));
}

ARCH_SLOW_PATH int64_t syscall_interrupted(int64_t result)
{
    atomic_fetch_or(&thread_current()->flags, THREAD_SIGNALLED);
    arch_exit_work_set(true);
    return result;
}

// A signal would have the call return EINTR, which not every call may: then it fails as it is.
static bool memory_found(void)
{
    return frames_pressure() == PRESSURE_OUT_OF_MEMORY && !thread_interrupted() && memory_relieve(MEMORY_FOR_CALL);
}

int64_t syscall_failed(enum status status)
{
    if (status <= STATUS_RESTART)
        return syscall_interrupted((int64_t)status - 1000);
    if (status == STATUS_NO_MEMORY && memory_found())
        return syscall_interrupted(SYSCALL_RESTART);
    return -(int64_t)status_errno(status);
}

const char *syscall_name(uint32_t number)
{
    return number < SYSCALL_SLOTS ? names[number] : nullptr;
}

uint64_t syscall_count(uint32_t number)
{
    uint64_t total = 0;
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        total += cpu_by_id(cpu)->syscall_counts[number];
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
