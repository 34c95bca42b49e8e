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

enum { STACK_ALIGNMENT = 16, CONTROL_MASK = 0xff };

static_assert(offsetof(struct arch_frame, t6) == 30 * sizeof(uint64_t)); // x1 … x31 in their order, as in struct user_registers

// The newest registers; all zero for a thread that has never used the unit.
static void floats_save(struct float_context *to)
{
    const struct fpu_state *state = fpu_open();
    if (state)
        to->d = *state;
    fpu_close(false);
}

enum status arch_signal_push(struct arch_frame *frame, const struct signal_delivery *delivery)
{
    uint64_t top = delivery->on_alternate ? delivery->stack.pointer + delivery->stack.size : frame->sp;
    uint64_t sp = align_down(top - sizeof(struct signal_frame), STACK_ALIGNMENT);
    struct signal_frame image = {
        .info = *delivery->info,
        .user = { .stack = delivery->stack, .mask = delivery->mask, .registers.pc = frame->pc },
    };
    memcpy(image.user.registers.x, frame, sizeof image.user.registers.x);
    floats_save(&image.user.floats);
    TRY(arch_copy_to_user(sp, &image, sizeof image));
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
static enum status floats_restore(const struct fpu_state *from)
{
    if (!fpu_present() || (!fpu_current()->fpu && floats_are_initial(from)))
        return STATUS_OK;
    if (!fpu_current()->fpu && !arch_fpu_first_use())
        return STATUS_NO_MEMORY;
    struct fpu_state *state = fpu_open();
    *state = *from;
    state->control &= CONTROL_MASK;
    fpu_close(true);
    return STATUS_OK;
}

enum status arch_signal_pop(struct arch_frame *frame, uint64_t *mask, struct linux_stack *stack)
{
    struct ucontext user;
    TRY(arch_copy_from_user(&user, frame->sp + offsetof(struct signal_frame, user), sizeof user));
    if (user.floats.reserved | user.floats.magic | user.floats.size)
        return STATUS_BAD_ADDRESS; // an extension's state that nobody saved
    TRY(floats_restore(&user.floats.d));
    memcpy(frame, user.registers.x, sizeof user.registers.x);
    frame->pc = user.registers.pc;
    frame->cause = FRAME_CHANGED;
    *mask = user.mask;
    *stack = user.stack;
    return STATUS_OK;
}
