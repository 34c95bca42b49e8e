// SPDX-License-Identifier: MIT
// signal_frame.h: where things lie in a signal's frame, as assembly sees it; static_asserts in signal.c keep it true.
#pragma once

#define SIGNAL_FLAGS    128
#define SIGNAL_STACK    144
#define SIGNAL_MASK     168
#define SIGNAL_ADDRESS  304
#define SIGNAL_X        312
#define SIGNAL_PC       568
#define SIGNAL_RECORDS  592
#define SIGNAL_SYNDROME 1120 // behind the floating-point record, where there is one
#define SIGNAL_CHAIN    4688

#define VECTORS_CONTROL   8
#define VECTORS_REGISTERS 16

// struct signal_words
#define WORDS_STACK    0
#define WORDS_MASK     24
#define WORDS_ADDRESS  32
#define WORDS_SYNDROME 40
#define WORDS_PC       48

#define RECORD_FLOATING_POINT 0x46508001
#define RECORD_SYNDROME       0x45535201
#define FLOATING_POINT_SIZE   528
#define SYNDROME_SIZE         16

#ifndef __ASSEMBLER__
#include <abi/linux/signal.h>
#include <lib/types.h>

struct arch_frame;

// What goes into a frame or comes out of it beside the general registers; the last two only come out.
struct signal_words {
    struct linux_stack stack;
    uint64_t mask, address, syndrome, pc, pstate;
};

// signal_frame.S. `at` is checked to be the user's, with all that lies above it. 0, or −1 on a fault.

// Writes the frame from the registers of both units, but for the siginfo. `vectors` false: this thread's vector registers are all 0; true: the
// unit is open.
int user_signal_save(uint64_t at, const struct arch_frame *frame, const struct signal_words *words, bool vectors);

// Reads what save wrote: of the registers x0 … x30 and sp to `frame`, the rest to `words`. After a fault some of it.
int user_signal_load(uint64_t at, struct arch_frame *frame, struct signal_words *words);

// From a floating-point record to the registers. The unit is open. After a fault some have changed.
int user_vectors_load(uint64_t at);
#endif
