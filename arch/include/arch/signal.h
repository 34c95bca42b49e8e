// SPDX-License-Identifier: MIT
// signal.h: the user-stack layout of a signal delivery, which is Linux ABI of each architecture.
#pragma once

#include <abi/linux/signal.h>
#include <abi/status.h>
#include <lib/types.h>

#include <arch/user.h>

struct arch_frame;

struct signal_delivery {
    int number;
    uint64_t handler;
    uint64_t restorer;                // where the handler returns to: code that calls rt_sigreturn; never 0
    uint64_t flags;                   // SA_SIGINFO, SA_ONSTACK, SA_RESTORER …
    uint64_t mask;                    // to restore on sigreturn
    uint64_t address;                 // of the fault, if it is one, else 0
    const struct linux_siginfo *info; // for SA_SIGINFO; without it nothing may stand there
    struct linux_stack stack;         // alternate stack as sigaltstack reports it
    bool on_alternate;                // run the handler on it
};

// Whether a frame from `sp` on lies on the alternate stack, if that is where the handler is to run.
static inline bool signal_stack_holds(const struct signal_delivery *delivery, uint64_t sp)
{
    bool alternate = delivery->on_alternate || delivery->stack.flags & LINUX_SS_ONSTACK;
    return !alternate || sp - delivery->stack.pointer < delivery->stack.size;
}

// Writes what a handler with SA_SIGINFO is told to the LINUX_SIGINFO_SIZE bytes at `at`.
static inline enum status signal_info_push(uint64_t at, const struct linux_siginfo *info)
{
    TRY(arch_copy_to_user(at, info, sizeof *info));
    return arch_clear_user(at + sizeof *info, LINUX_SIGINFO_SIZE - sizeof *info);
}

// Pushes the frame, FPU state included, on the user stack and points `frame` at the handler.
// STATUS_BAD_ADDRESS: the stack cannot take it; nothing changed in `frame`.
enum status arch_signal_push(struct arch_frame *frame, const struct signal_delivery *delivery);

// The code that a handler returns to whose action names none: exactly the call of rt_sigreturn, position-independent. Returns its
// size in bytes, at most a page; 0: actions always name theirs.
size_t arch_signal_trampoline(const void **code);

// Undoes it (rt_sigreturn): restores registers from the user stack, refusing anything that would raise privilege. After a refusal what the
// program put there may be in `frame`, all but its instruction and its privileges.
enum status arch_signal_pop(struct arch_frame *frame, uint64_t *mask, struct linux_stack *stack);
