// SPDX-License-Identifier: MIT
// signal.c: the signal frame on the user stack: Linux's struct rt_sigframe for x86_64 (its layout is ABI: libraries unwind
// through it and programs read and change the context in it).
//
// Stack, from the new sp upwards: return address (the restorer), ucontext, siginfo; above them, 64-byte aligned, the FPU image
// that the context points at. Everything that comes back is untrusted: segment selectors and privileged flags are never
// taken from it, addresses must be user addresses, the FPU image is sanitised before it is loaded.

#include <arch/signal.h>

#include <lib/string.h>

#include <arch/fpu.h>
#include <arch/frame.h>
#include <arch/user.h>

#include <helix/thread.h>

#include "xsave.h"

struct sigcontext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap, old_mask, cr2, fpu, reserved[8];
};
static_assert(sizeof(struct sigcontext) == 256);

struct ucontext {
    uint64_t flags, link;
    struct linux_stack stack;
    struct sigcontext context;
    uint64_t mask;
};

struct signal_frame {
    uint64_t restorer;
    struct ucontext user;
    struct linux_siginfo info;
};

// What Linux puts into the last bytes of the legacy image to say that an extended one follows.
struct fpu_extent {
    uint32_t magic1, extended_size;
    uint64_t features;
    uint32_t state_size, padding[7];
};
static_assert(sizeof(struct fpu_extent) == 48);

enum : uint32_t { FPU_MAGIC1 = 0x46505853, FPU_MAGIC2 = 0x46505845 };
enum { FPU_EXTENT_OFFSET = 464, FPU_ALIGNMENT = 64, RED_ZONE = 128, USER_RING = 3 };
enum : uint64_t {
    UC_FP_XSTATE = 1,
    UC_SIGCONTEXT_SS = 2,
    USER_FLAGS = 0x1 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x800 | 0x40000, // CF PF AF ZF SF TF DF OF AC
};

// Copies the FPU state below `*sp`; 0 in *at when the thread has none.
static enum status fpu_push(uint64_t *sp, uint64_t *at)
{
    *at = 0;
    if (!fpu_current()->fpu)
        return STATUS_OK;
    size_t size = fpu_area_size();
    uint64_t place = align_down(*sp - size - sizeof(uint32_t), FPU_ALIGNMENT);
    fpu_open(); // the newest state is in the area now, and stays there while this thread is in the kernel
    fpu_close(false);
    const uint8_t *image = fpu_current()->fpu;
    TRY(arch_copy_to_user(place, image, size));
    if (xsave_features()) {
        struct fpu_extent extent = { FPU_MAGIC1, (uint32_t)size + 4, xsave_features(), (uint32_t)size, {} };
        uint32_t magic2 = FPU_MAGIC2;
        TRY(arch_copy_to_user(place + FPU_EXTENT_OFFSET, &extent, sizeof extent));
        TRY(arch_copy_to_user(place + size, &magic2, sizeof magic2));
    }
    *at = *sp = place;
    return STATUS_OK;
}

static void context_from_frame(struct sigcontext *to, const struct arch_frame *frame)
{
    *to = (struct sigcontext){
        .r8 = frame->r8,
        .r9 = frame->r9,
        .r10 = frame->r10,
        .r11 = frame->r11,
        .r12 = frame->r12,
        .r13 = frame->r13,
        .r14 = frame->r14,
        .r15 = frame->r15,
        .rdi = frame->rdi,
        .rsi = frame->rsi,
        .rbp = frame->rbp,
        .rbx = frame->rbx,
        .rdx = frame->rdx,
        .rax = frame->rax,
        .rcx = frame->rcx,
        .rsp = frame->rsp,
        .rip = frame->rip,
        .rflags = frame->rflags,
        .cs = (uint16_t)frame->cs,
        .ss = (uint16_t)frame->ss,
        .error = arch_frame_in_syscall(frame) ? 0 : frame->error,
        .trap = arch_frame_in_syscall(frame) ? 0 : frame->vector,
    };
}

enum status arch_signal_push(struct arch_frame *frame, const struct signal_delivery *delivery)
{
    uint64_t sp = delivery->on_alternate ? delivery->stack.pointer + delivery->stack.size : frame->rsp - RED_ZONE;
    struct signal_frame image = { .restorer = delivery->restorer, .info = delivery->info };
    TRY(fpu_push(&sp, &image.user.context.fpu));
    uint64_t fpu_at = image.user.context.fpu;
    sp = align_down(sp - sizeof image, 16) - 8; // as after a call
    context_from_frame(&image.user.context, frame);
    image.user.context.fpu = fpu_at;
    image.user.context.old_mask = delivery->mask;
    image.user.context.cr2 = delivery->info.address;
    image.user.flags = UC_SIGCONTEXT_SS | (xsave_features() && fpu_at ? UC_FP_XSTATE : 0);
    image.user.stack = delivery->stack;
    image.user.mask = delivery->mask;
    TRY(arch_copy_to_user(sp, &image, sizeof image));
    fpu_clear(); // the frame has the copy; handlers start with a clean unit
    frame->rsp = sp;
    frame->rip = delivery->handler;
    frame->rdi = (uint64_t)delivery->number;
    frame->rsi = sp + offsetof(struct signal_frame, info);
    frame->rdx = sp + offsetof(struct signal_frame, user);
    frame->rax = 0;
    frame->rflags &= ~0x50500ull; // DF TF RF AC: handlers start clean
    frame->vector = 0;
    return STATUS_OK;
}

static enum status fpu_pop(uint64_t at)
{
    if (!at) {
        fpu_reset(fpu_current());
        return STATUS_OK;
    }
    if (at % FPU_ALIGNMENT || (!fpu_current()->fpu && !arch_fpu_first_use()))
        return STATUS_BAD_ADDRESS;
    // Checked in a copy: the thread's own area must never hold anything unsafe, even for a moment.
    static_assert(PAGE_SIZE >= 512 + 64);
    void *copy = fpu_scratch();
    if (!copy)
        return STATUS_NO_MEMORY;
    enum status outcome = arch_copy_from_user(copy, at, fpu_area_size());
    if (outcome == STATUS_OK && !xsave_sanitise(copy))
        outcome = STATUS_BAD_ADDRESS;
    if (outcome == STATUS_OK) {
        memcpy(fpu_open(), copy, fpu_area_size());
        fpu_close(true);
    }
    fpu_scratch_free(copy);
    return outcome;
}

enum status arch_signal_pop(struct arch_frame *frame, uint64_t *mask, struct linux_stack *stack)
{
    struct ucontext user;
    TRY(arch_copy_from_user(&user, frame->rsp, sizeof user)); // the handler's return took the restorer away
    const struct sigcontext *from = &user.context;
    if (from->rip >= arch_user_end())
        return STATUS_BAD_ADDRESS; // would fault in ring 0 on the way out
    if ((from->cs | USER_RING) != SELECTOR_USER_CODE)
        return STATUS_BAD_ADDRESS; // there is no other code segment to return to
    TRY(fpu_pop(from->fpu));
    uint64_t flags = (frame->rflags & ~USER_FLAGS) | (from->rflags & USER_FLAGS);
    *frame = (struct arch_frame){
        .r8 = from->r8,
        .r9 = from->r9,
        .r10 = from->r10,
        .r11 = from->r11,
        .r12 = from->r12,
        .r13 = from->r13,
        .r14 = from->r14,
        .r15 = from->r15,
        .rdi = from->rdi,
        .rsi = from->rsi,
        .rbp = from->rbp,
        .rbx = from->rbx,
        .rdx = from->rdx,
        .rax = from->rax,
        .rcx = from->rcx,
        .rsp = from->rsp,
        .rip = from->rip,
        .rflags = flags,
        .cs = SELECTOR_USER_CODE,
        .ss = SELECTOR_USER_DATA,
    };
    *mask = user.mask;
    *stack = user.stack;
    return STATUS_OK;
}
