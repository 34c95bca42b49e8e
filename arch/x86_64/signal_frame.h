// SPDX-License-Identifier: MIT
// signal_frame.h: where things lie in a signal's frame, from its ucontext on, and in struct signal_delivery, as assembly sees them;
// static_asserts in signal.c keep them true.
#pragma once

#define SIGNAL_RESTORER  -8
#define SIGNAL_FLAGS     0
#define SIGNAL_LINK      8
#define SIGNAL_STACK     16
#define SIGNAL_REGISTERS 40
#define SIGNAL_RIP       168
#define SIGNAL_RFLAGS    176
#define SIGNAL_SELECTORS 184
#define SIGNAL_ERROR     192
#define SIGNAL_TRAP      200
#define SIGNAL_OLD_MASK  208
#define SIGNAL_CR2       216
#define SIGNAL_FPU       224
#define SIGNAL_MASK      296

#define DELIVERY_RESTORER 16
#define DELIVERY_MASK     32
#define DELIVERY_ADDRESS  40
#define DELIVERY_STACK    56

// struct signal_words
#define WORDS_STACK     0
#define WORDS_RIP       24
#define WORDS_SELECTORS 32
#define WORDS_FPU       40
#define WORDS_MASK      48

#define SIGNAL_HAS_XSAVE 1 // of the flags: Linux's UC_FP_XSTATE

// CF PF AF ZF SF TF DF OF AC: what of the flags is the user's.
#define USER_FLAGS 0x40dd5

#ifndef __ASSEMBLER__
#include <abi/linux/signal.h>
#include <lib/types.h>

struct arch_frame;
struct signal_delivery;
struct xsave_extent;

// What comes back in a frame beside the registers.
struct signal_words {
    struct linux_stack stack;
    uint64_t rip, selectors, fpu, mask;
};

// signal_frame.S. `at` is the ucontext on the user's stack, checked to be the user's with what lies around it. 0, or −1 on a fault.

// Writes the frame but for the siginfo. Of a system call there is no error and no vector. With SIGNAL_HAS_XSAVE among the flags, what XSAVE
// saves goes to `fpu`, with what Linux has around it: `extent`.
int user_signal_save(uint64_t at, const struct arch_frame *frame, const struct signal_delivery *delivery, uint64_t fpu, uint64_t flags,
                     const struct xsave_extent *extent);

// Reads it back: of the registers all but rip and the selectors to `frame`, the rest to `words`. After a fault some of it.
int user_signal_load(uint64_t at, struct arch_frame *frame, struct signal_words *words);
#endif
