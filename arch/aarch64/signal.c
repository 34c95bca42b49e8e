// SPDX-License-Identifier: MIT
// signal.c: the signal frame on the user stack: Linux's struct rt_sigframe for arm64 (its layout is ABI: libraries unwind through it
// and programs read and change the context in it).
//
// Stack, from the new sp upwards: siginfo, ucontext with 4 KiB of records behind the registers, a frame record {x29, x30} that continues
// the chain of stack frames. Everything that comes back is untrusted: of the processor state only the condition flags are taken.

#include <arch/signal.h>

#include <lib/string.h>

#include <arch/fpu.h>
#include <arch/frame.h>
#include <arch/user.h>

#include <helix/thread.h>

#include "signal_frame.h"

// Records in the space behind the registers, each with its size, up to one of size 0.
struct record {
    uint32_t magic, size;
};

struct floating_point_record {
    struct record head;
    uint32_t fpsr, fpcr;
    uint64_t q[32][2];
};
static_assert(sizeof(struct floating_point_record) == FLOATING_POINT_SIZE);
static_assert(offsetof(struct floating_point_record, fpsr) == VECTORS_CONTROL &&
              offsetof(struct floating_point_record, q) == VECTORS_REGISTERS);

enum { RECORDS_SIZE = 4096 };

struct sigcontext {
    uint64_t address, x[31], sp, pc, pstate, padding;
};
static_assert(sizeof(struct sigcontext) == 288);

struct ucontext {
    uint64_t flags, link;
    struct linux_stack stack;
    uint64_t mask, unused[15], padding;
    struct sigcontext context;
};
static_assert(sizeof(struct ucontext) == 464 && offsetof(struct ucontext, context) == 176);

struct signal_frame {
    struct linux_siginfo info;
    uint8_t info_rest[LINUX_SIGINFO_SIZE - sizeof(struct linux_siginfo)];
    struct ucontext user;
    uint8_t records[RECORDS_SIZE];
    uint64_t chain[2];
};
#define AT(member_) offsetof(struct signal_frame, member_)
static_assert(AT(user.flags) == SIGNAL_FLAGS && AT(user.stack) == SIGNAL_STACK && AT(user.mask) == SIGNAL_MASK &&
              AT(user.context.address) == SIGNAL_ADDRESS && AT(user.context.x) == SIGNAL_X && AT(user.context.pc) == SIGNAL_PC &&
              AT(records) == SIGNAL_RECORDS && AT(records) + FLOATING_POINT_SIZE == SIGNAL_SYNDROME && AT(chain) == SIGNAL_CHAIN);
static_assert(offsetof(struct signal_words, stack) == WORDS_STACK && offsetof(struct signal_words, mask) == WORDS_MASK &&
              offsetof(struct signal_words, address) == WORDS_ADDRESS && offsetof(struct signal_words, syndrome) == WORDS_SYNDROME &&
              offsetof(struct signal_words, pc) == WORDS_PC && WORDS_MASK == WORDS_STACK + sizeof(struct linux_stack));
static_assert(offsetof(struct arch_frame, x) == 0 && offsetof(struct arch_frame, sp) == sizeof(uint64_t[31]) &&
              offsetof(struct arch_frame, pc) == sizeof(uint64_t[32]) && offsetof(struct arch_frame, pstate) == sizeof(uint64_t[33]));
static_assert(sizeof(struct signal_frame) % 16 == 0);

enum : uint64_t {
    PSTATE_FLAGS = 0xf100'0000, // N Z C V, and DIT
    PSTATE_MASKS = 0x3c0,
};

static bool is_initial(const struct floating_point_record *from)
{
    uint64_t bits = from->fpsr | from->fpcr;
    for (size_t i = 0; i < ARRAY_LENGTH(from->q); i++)
        bits |= from->q[i][0] | from->q[i][1];
    return !bits;
}

static enum status floating_point_pop(uint64_t at)
{
    if (!fpu_current()->fpu) {
        struct floating_point_record record __attribute__((uninitialized));
        TRY(arch_copy_from_user(&record, at, sizeof record));
        if (is_initial(&record))
            return STATUS_OK;
        if (!arch_fpu_first_use())
            return STATUS_NO_MEMORY;
    }
    fpu_registers_open();
    return user_vectors_load(at) ? STATUS_BAD_ADDRESS : STATUS_OK;
}

enum status arch_signal_push(struct arch_frame *frame, const struct signal_delivery *delivery)
{
    uint64_t top = align_down(delivery->on_alternate ? delivery->stack.pointer + delivery->stack.size : frame->sp, 16);
    uint64_t at = top - sizeof(struct signal_frame);
    bool fault = !arch_frame_in_syscall(frame) && frame->syndrome, vectors = fpu_current()->fpu;
    const struct signal_words words = {
        .stack = delivery->stack,
        .mask = delivery->mask,
        .address = delivery->address,
        .syndrome = fault ? frame->syndrome : 0,
    };
    if (vectors)
        fpu_registers_open(); // they hold this thread's
    if (!arch_user_range(at, sizeof(struct signal_frame)) || user_signal_save(at, frame, &words, vectors))
        return STATUS_BAD_ADDRESS;
    if (delivery->flags & LINUX_SA_SIGINFO) // nobody else looks
        TRY(signal_info_push(at, delivery->info));
    frame->x[0] = (uint64_t)delivery->number;
    frame->x[1] = at + offsetof(struct signal_frame, info);
    frame->x[2] = at + offsetof(struct signal_frame, user);
    frame->x[29] = at + offsetof(struct signal_frame, chain);
    frame->x[30] = delivery->restorer;
    frame->sp = at;
    frame->pc = delivery->handler;
    frame->pstate = PSTATE_USER | (frame->pstate & PSTATE_FLAGS);
    frame->kind = 0;
    frame->syndrome = 0; // told once
    return STATUS_OK;
}

// Finds the one record that matters among what the program left there.
static enum status records_pop(uint64_t at)
{
    uint64_t offset = 0;
    bool found = false;
    struct record head;
    while (offset + sizeof head <= RECORDS_SIZE) {
        TRY(arch_copy_from_user(&head, at + offset, sizeof head));
        if (!head.magic && !head.size)
            return found ? STATUS_OK : STATUS_BAD_ADDRESS;
        if (head.size < sizeof head || head.size % 16 || head.size > RECORDS_SIZE - offset)
            return STATUS_BAD_ADDRESS;
        if (head.magic == RECORD_FLOATING_POINT) {
            if (found || head.size != FLOATING_POINT_SIZE)
                return STATUS_BAD_ADDRESS;
            TRY(floating_point_pop(at + offset));
            found = true;
        } else if (head.magic != RECORD_SYNDROME) {
            return STATUS_BAD_ADDRESS;
        }
        offset += head.size;
    }
    return STATUS_BAD_ADDRESS;
}

enum status arch_signal_pop(struct arch_frame *frame, uint64_t *mask, struct linux_stack *stack)
{
    struct signal_words words __attribute__((uninitialized));
    uint64_t at = frame->sp; // the handler's return left it where the frame begins
    if (at % 16 || !arch_user_range(at, sizeof(struct signal_frame)) || user_signal_load(at, frame, &words))
        return STATUS_BAD_ADDRESS;
    if (words.pstate & (PSTATE_MODE | PSTATE_MASKS))
        return STATUS_BAD_ADDRESS; // not user mode, 32-bit code, or interrupts off
    TRY(records_pop(at + offsetof(struct signal_frame, records)));
    frame->pc = words.pc;
    frame->pstate = PSTATE_USER | (words.pstate & PSTATE_FLAGS);
    frame->argument = frame->kind = frame->syndrome = frame->address = 0;
    *mask = words.mask;
    *stack = words.stack;
    return STATUS_OK;
}
