// SPDX-License-Identifier: MIT
// signal.c: the signal frame on the user stack: Linux's struct rt_sigframe for RISC-V (its layout is ABI: libraries unwind through it
// and programs read and change the context in it).
//
// Stack, from the new sp upwards: siginfo, ucontext with the registers, the floating-point registers in it. Whatever comes back
// is untrusted: nothing of it reaches sstatus, and of fcsr only the bits that there are.

#include <arch/signal.h>

#include <lib/string.h>

#include <arch/fpu.h>
#include <arch/frame.h>
#include <arch/user.h>

#include <helix/thread.h>

#include "fpu_state.h"
#include "signal_frame.h"

// The program counter, then x1 … x31.
struct user_registers {
    uint64_t pc, x[31];
};

// Linux's union of __riscv_fp_state, as large as its largest member, and of the header of what extensions there are behind it: magic 0
// ends their list.
struct float_context {
    struct fpu_state d;
    uint32_t wider[63];
    uint32_t reserved, magic, size;
};
static_assert(sizeof(struct float_context) == 528 && offsetof(struct float_context, reserved) == 516);

struct ucontext {
    uint64_t flags, link;
    struct linux_stack stack;
    uint64_t mask, mask_reserved[15];
    uint64_t padding; // the registers are aligned to 16 bytes
    struct user_registers registers;
    struct float_context floats;
};
static_assert(offsetof(struct ucontext, registers) == 176 && offsetof(struct ucontext, floats) == 432);

struct signal_frame {
    struct linux_siginfo info;
    uint8_t info_rest[LINUX_SIGINFO_SIZE - sizeof(struct linux_siginfo)];
    struct ucontext user;
};
static_assert(sizeof(struct signal_frame) == 1088);

enum { STACK_ALIGNMENT = 16 };

#define AT(member_) offsetof(struct signal_frame, member_)
static_assert(AT(user.flags) == SIGNAL_FLAGS && AT(user.stack) == SIGNAL_STACK && AT(user.mask) == SIGNAL_MASK &&
              AT(user.registers.pc) == SIGNAL_PC && AT(user.registers.x) == SIGNAL_X && AT(user.floats) == SIGNAL_FLOATS &&
              AT(user.floats.d.control) == SIGNAL_CONTROL && AT(user.floats.reserved) == SIGNAL_EXTENSION);
static_assert(offsetof(struct signal_words, stack) == WORDS_STACK && offsetof(struct signal_words, mask) == WORDS_MASK &&
              offsetof(struct signal_words, pc) == WORDS_PC && offsetof(struct signal_words, extension) == WORDS_EXTENSION &&
              WORDS_MASK == WORDS_STACK + sizeof(struct linux_stack) && SIGNAL_MASK == SIGNAL_STACK + sizeof(struct linux_stack));
static_assert(offsetof(struct arch_frame, t6) == 30 * sizeof(uint64_t)); // x1 … x31 in their order, as in struct user_registers

enum status arch_signal_push(struct arch_frame *frame, const struct signal_delivery *delivery)
{
    uint64_t top = delivery->on_alternate ? delivery->stack.pointer + delivery->stack.size : frame->sp;
    uint64_t sp = align_down(top - sizeof(struct signal_frame), STACK_ALIGNMENT);
    const struct signal_words words = { .stack = delivery->stack, .mask = delivery->mask };
    if (!arch_user_range(sp, sizeof(struct signal_frame)) || !signal_stack_holds(delivery, sp))
        return STATUS_BAD_ADDRESS;
    if (user_signal_save(sp, frame, &words, fpu_current()->fpu))
        return STATUS_BAD_ADDRESS;
    if (delivery->flags & LINUX_SA_SIGINFO) // nobody else looks
        TRY(signal_info_push(sp, delivery->info));
    frame->ra = delivery->restorer;
    frame->sp = sp;
    frame->pc = delivery->handler;
    frame->a0 = (uint64_t)delivery->number;
    frame->a1 = sp + offsetof(struct signal_frame, info);
    frame->a2 = sp + offsetof(struct signal_frame, user);
    frame->cause = FRAME_CHANGED;
    return STATUS_OK;
}

static bool floats_are_initial(const struct fpu_state *state)
{
    uint64_t used = state->control;
    for (size_t i = 0; i < ARRAY_LENGTH(state->f); i++)
        used |= state->f[i];
    return !used;
}

// A thread that never used the unit and is not to begin stays so.
static enum status floats_restore(uint64_t at)
{
    struct arch_thread *self = fpu_current();
    if (!fpu_present())
        return STATUS_OK;
    if (!self->fpu) {
        struct fpu_state state __attribute__((uninitialized));
        TRY(arch_copy_from_user(&state, at + offsetof(struct signal_frame, user.floats.d), sizeof state));
        if (floats_are_initial(&state))
            return STATUS_OK;
        if (!arch_fpu_first_use())
            return STATUS_NO_MEMORY;
    }
    fpu_registers_changed(self); // first: a switch in between must not take the area's for the newest
    return user_floats_load(at) ? STATUS_BAD_ADDRESS : STATUS_OK;
}

enum status arch_signal_pop(struct arch_frame *frame, uint64_t *mask, struct linux_stack *stack)
{
    struct signal_words words __attribute__((uninitialized));
    uint64_t at = frame->sp;
    if (at % sizeof(uint64_t) || !arch_user_range(at, sizeof(struct signal_frame)) || user_signal_load(at, frame, &words) ||
        words.extension)
        return STATUS_BAD_ADDRESS;
    TRY(floats_restore(at));
    frame->pc = words.pc;
    frame->cause = FRAME_CHANGED;
    *mask = words.mask;
    *stack = words.stack;
    return STATUS_OK;
}
