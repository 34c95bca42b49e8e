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

#include "fp.h"

// Records in the space behind the registers, each with its size, up to one of size 0.
struct record {
    uint32_t magic, size;
};
enum : uint32_t { RECORD_FLOATING_POINT = 0x46508001, RECORD_SYNDROME = 0x45535201 };

struct floating_point_record {
    struct record head;
    uint32_t fpsr, fpcr;
    uint64_t q[32][2];
};
static_assert(sizeof(struct floating_point_record) == 528);

struct syndrome_record {
    struct record head;
    uint64_t syndrome;
};

// What is written of the 4 KiB: records as the kernel makes them.
struct records {
    struct floating_point_record floating_point;
    struct syndrome_record syndrome;
    struct record end;
};
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
    struct records records;
};
static_assert(offsetof(struct signal_frame, records) == 128 + 464);

enum : uint64_t {
    FRAME_MOST = offsetof(struct signal_frame, records) + RECORDS_SIZE,
    PSTATE_FLAGS = 0xf100'0000, // N Z C V, and DIT
    PSTATE_MASKS = 0x3c0,
};

// A thread that never used the unit has all its registers 0.
static void floating_point_push(struct floating_point_record *to)
{
    to->head = (struct record){ RECORD_FLOATING_POINT, sizeof *to };
    const struct fpu_area *area = fpu_open();
    if (area) {
        to->fpsr = area->fpsr;
        to->fpcr = area->fpcr;
        memcpy(to->q, area->q, sizeof to->q);
    }
    fpu_close(false);
}

static bool is_initial(const struct floating_point_record *from)
{
    uint64_t bits = from->fpsr | from->fpcr;
    for (size_t i = 0; i < ARRAY_LENGTH(from->q); i++)
        bits |= from->q[i][0] | from->q[i][1];
    return !bits;
}

static enum status floating_point_pop(const struct floating_point_record *from)
{
    if (!fpu_current()->fpu) {
        if (is_initial(from))
            return STATUS_OK;
        if (!arch_fpu_first_use())
            return STATUS_NO_MEMORY;
    }
    struct fpu_area *area = fpu_open();
    area->fpsr = from->fpsr;
    area->fpcr = from->fpcr;
    memcpy(area->q, from->q, sizeof area->q);
    fpu_close(true);
    return STATUS_OK;
}

static void context_from_frame(struct sigcontext *to, const struct arch_frame *frame, uint64_t address)
{
    to->address = address;
    memcpy(to->x, frame->x, sizeof to->x);
    to->sp = frame->sp;
    to->pc = frame->pc;
    to->pstate = frame->pstate;
}

enum status arch_signal_push(struct arch_frame *frame, const struct signal_delivery *delivery)
{
    uint64_t sp = delivery->on_alternate ? delivery->stack.pointer + delivery->stack.size : frame->sp;
    uint64_t chain[2] = { frame->x[29], frame->x[30] };
    struct signal_frame image = { .info = *delivery->info };
    uint64_t chain_at = align_down(sp, 16) - sizeof chain;
    uint64_t at = chain_at - FRAME_MOST;
    static_assert(FRAME_MOST % 16 == 0);
    context_from_frame(&image.user.context, frame, delivery->info->address);
    image.user.stack = delivery->stack;
    image.user.mask = delivery->mask;
    floating_point_push(&image.records.floating_point);
    if (!arch_frame_in_syscall(frame) && frame->syndrome)
        image.records.syndrome = (struct syndrome_record){ { RECORD_SYNDROME, sizeof image.records.syndrome }, frame->syndrome };
    TRY(arch_copy_to_user(at, &image, sizeof image));
    TRY(arch_copy_to_user(chain_at, chain, sizeof chain));
    frame->x[0] = (uint64_t)delivery->number;
    frame->x[1] = at + offsetof(struct signal_frame, info);
    frame->x[2] = at + offsetof(struct signal_frame, user);
    frame->x[29] = chain_at;
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
            struct floating_point_record record;
            if (found || head.size != sizeof record)
                return STATUS_BAD_ADDRESS;
            TRY(arch_copy_from_user(&record, at + offset, sizeof record));
            TRY(floating_point_pop(&record));
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
    struct ucontext user;
    uint64_t at = frame->sp; // the handler's return left it where the frame begins
    if (at % 16)
        return STATUS_BAD_ADDRESS;
    TRY(arch_copy_from_user(&user, at + offsetof(struct signal_frame, user), sizeof user));
    const struct sigcontext *from = &user.context;
    if (from->pstate & (PSTATE_MODE | PSTATE_MASKS))
        return STATUS_BAD_ADDRESS; // not user mode, 32-bit code, or interrupts off
    TRY(records_pop(at + offsetof(struct signal_frame, records)));
    *frame = (struct arch_frame){ .sp = from->sp, .pc = from->pc, .pstate = PSTATE_USER | (from->pstate & PSTATE_FLAGS) };
    memcpy(frame->x, from->x, sizeof frame->x);
    *mask = user.mask;
    *stack = user.stack;
    return STATUS_OK;
}
