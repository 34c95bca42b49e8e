// SPDX-License-Identifier: MIT
// signal_frame.h: where things lie in a signal's frame, as assembly sees it; static_asserts in signal.c keep it true.
#pragma once

#define SIGNAL_FLAGS     128
#define SIGNAL_STACK     144
#define SIGNAL_MASK      168
#define SIGNAL_PC        304
#define SIGNAL_X         312
#define SIGNAL_FLOATS    560
#define SIGNAL_CONTROL   816
#define SIGNAL_EXTENSION 1076

// struct signal_words
#define WORDS_STACK     0
#define WORDS_MASK      24
#define WORDS_PC        32
#define WORDS_EXTENSION 40

#ifndef __ASSEMBLER__
#include <abi/linux/signal.h>
#include <lib/types.h>

struct arch_frame;

// What goes into a frame or comes out of it beside the registers.
struct signal_words {
    struct linux_stack stack;
    uint64_t mask;
    uint64_t pc;        // these two only come out
    uint32_t extension; // not 0: somebody's state that the kernel did not save
};

// signal_frame.S. `at` is checked to be the user's, with all that lies above it. 0, or −1 on a fault.

// Writes the frame from the registers of both units, but for the siginfo. `floats` false: this thread's floating-point registers are all 0.
int user_signal_save(uint64_t at, const struct arch_frame *frame, const struct signal_words *words, bool floats);

// Reads what save wrote: x1 … x31 to `frame`, the rest to `words`. After a fault some of it.
int user_signal_load(uint64_t at, struct arch_frame *frame, struct signal_words *words);

// From the frame to the floating-point registers. After a fault some have changed.
int user_floats_load(uint64_t at);
#endif
