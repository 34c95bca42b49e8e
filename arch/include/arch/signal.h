// SPDX-License-Identifier: MIT
// signal.h: the user-stack layout of a signal delivery, which is Linux ABI of each architecture.
#pragma once

#include <abi/linux/signal.h>
#include <abi/status.h>
#include <lib/types.h>

struct arch_frame;

struct signal_delivery {
    int number;
    uint64_t handler, restorer;
    uint64_t flags; // SA_SIGINFO, SA_ONSTACK, SA_RESTORER …
    uint64_t mask;  // to restore on sigreturn
    struct linux_siginfo info;
    struct linux_stack stack; // alternate stack as sigaltstack reports it
    bool on_alternate;        // run the handler on it
};

// Pushes the frame, FPU state included, on the user stack and points `frame` at the handler.
// STATUS_BAD_ADDRESS: the stack cannot take it; nothing changed in `frame`.
enum status arch_signal_push(struct arch_frame *frame, const struct signal_delivery *delivery);

// Undoes it (rt_sigreturn): restores registers from the user stack, refusing anything that would raise privilege.
enum status arch_signal_pop(struct arch_frame *frame, uint64_t *mask, struct linux_stack *stack);
