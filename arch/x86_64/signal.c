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

#include "keys.h"
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
    uint64_t info_rest[(LINUX_SIGINFO_SIZE - sizeof(struct linux_siginfo)) / 8];
};

// What Linux puts into the last bytes of the legacy image to say that an extended one follows; and behind that lies FPU_MAGIC2.
struct fpu_extent {
    uint32_t magic1, extended_size;
    uint64_t features;
    uint32_t state_size, padding[7];
};
static_assert(sizeof(struct fpu_extent) == 48);

enum : uint32_t { FPU_MAGIC1 = 0x46505853 };
enum { FPU_ALIGNMENT = 64, RED_ZONE = 128, USER_RING = 3 };
enum : uint64_t {
    UC_FP_XSTATE = 1,
    UC_SIGCONTEXT_SS = 2,
    USER_FLAGS = 0x1 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x800 | 0x40000, // CF PF AF ZF SF TF DF OF AC
};

// Puts the FPU state below `*sp`, with the rights per key where `keys` points to them; 0 in *at when the thread has neither.
[[gnu::always_inline]] static inline enum status fpu_push(uint64_t *sp, uint64_t *at, const uint32_t *keys)
{
    *at = 0;
    if (keys && !thread_current()->arch.fpu && !arch_fpu_first_use())
        return STATUS_NO_MEMORY;
    if (!thread_current()->arch.fpu)
        return STATUS_OK;
    size_t size = keys ? keys_image_size(fpu_area_size()) : fpu_area_size();
    uint64_t place = align_down(*sp - size - sizeof(uint32_t), FPU_ALIGNMENT);
    if (xsave_features()) {
        const uint64_t features = xsave_features() | (keys ? KEYS_FEATURE : 0);
        const struct fpu_extent extent = { FPU_MAGIC1, (uint32_t)size + 4, features, (uint32_t)size, {} };
        if (!arch_user_range(place, size + sizeof(uint32_t)) || user_xsave((void *)(uintptr_t)place, xsave_features(), &extent, size))
            return STATUS_BAD_ADDRESS;
        if (keys)
            TRY(keys_push(place, *keys));
    } else {
        fpu_open(); // the newest state is in the area now, and stays there while this thread is in the kernel
        fpu_close(false);
        TRY(arch_copy_to_user(place, fpu_current()->fpu, size));
    }
    *at = *sp = place;
    return STATUS_OK;
}

#define EACH_REGISTER(do_)                                                                                                               \
    do_(r8) do_(r9) do_(r10) do_(r11) do_(r12) do_(r13) do_(r14) do_(r15) do_(rdi) do_(rsi) do_(rbp) do_(rbx) do_(rdx) do_(rax) do_(rcx) \
        do_(rsp) do_(rip)

// All but `fpu`, `old_mask` and `cr2`.
static void context_from_frame(struct sigcontext *restrict to, const struct arch_frame *restrict frame)
{
#define STORE(name_) to->name_ = frame->name_;
    EACH_REGISTER(STORE)
#undef STORE
    bool call = arch_frame_in_syscall(frame);
    to->rflags = frame->rflags;
    to->cs = (uint16_t)frame->cs;
    to->gs = to->fs = 0;
    to->ss = (uint16_t)frame->ss;
    to->error = call ? 0 : frame->error;
    to->trap = call ? 0 : frame->vector;
    for (size_t i = 0; i < ARRAY_LENGTH(to->reserved); i++)
        to->reserved[i] = 0;
}

static void frame_from_context(struct arch_frame *restrict frame, const struct sigcontext *restrict from)
{
#define LOAD(name_) frame->name_ = from->name_;
    EACH_REGISTER(LOAD)
#undef LOAD
    frame->vector = frame->error = 0;
    frame->rflags = (frame->rflags & ~USER_FLAGS) | (from->rflags & USER_FLAGS);
    frame->cs = SELECTOR_USER_CODE;
    frame->ss = SELECTOR_USER_DATA;
}

[[gnu::always_inline]] static inline enum status frame_push(struct arch_frame *frame, const struct signal_delivery *delivery,
                                                            const uint32_t *keys)
{
    uint64_t sp = delivery->on_alternate ? delivery->stack.pointer + delivery->stack.size : frame->rsp - RED_ZONE;
    struct signal_frame image __attribute__((uninitialized)); // every member is written that is copied
    uint64_t fpu_at;
    TRY(fpu_push(&sp, &fpu_at, keys));
    sp = align_down(sp - sizeof image, 16) - 8; // as after a call
    image.restorer = delivery->restorer;
    image.user.flags = UC_SIGCONTEXT_SS | (fpu_at && xsave_features() ? UC_FP_XSTATE : 0);
    image.user.link = 0;
    image.user.stack = delivery->stack;
    context_from_frame(&image.user.context, frame);
    image.user.context.fpu = fpu_at;
    image.user.context.old_mask = delivery->mask;
    image.user.context.cr2 = delivery->info->address;
    image.user.mask = delivery->mask;
    size_t size = offsetof(struct signal_frame, info);
    if (delivery->flags & LINUX_SA_SIGINFO) { // nobody else looks
        image.info = *delivery->info;
        memset(image.info_rest, 0, sizeof image.info_rest);
        size = sizeof image;
    }
    TRY(arch_copy_to_user(sp, &image, size));
    if (fpu_at)
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

// A stack for signals may be one that the interrupted code has no right on.
[[gnu::cold, gnu::noinline]] static enum status frame_push_with_keys(struct arch_frame *frame, const struct signal_delivery *delivery)
{
    uint32_t rights = keys_read();
    bool shown = keys_in_frame();
    keys_write(KEYS_ALL);
    enum status outcome = frame_push(frame, delivery, shown ? &rights : nullptr);
    keys_write(outcome == STATUS_OK ? KEYS_DEFAULT : rights);
    return outcome;
}

enum status arch_signal_push(struct arch_frame *frame, const struct signal_delivery *delivery)
{
    return UNLIKELY(keys_enabled) ? frame_push_with_keys(frame, delivery) : frame_push(frame, delivery, nullptr);
}

// `keys`: where the rights per key go that the image gives back, nullptr while keys are not enabled.
[[gnu::always_inline]] static inline enum status fpu_pop(uint64_t at, uint32_t *keys)
{
    struct arch_thread *self = &thread_current()->arch;
    if (!at) {
        if (self->fpu)
            fpu_reset(self);
        return STATUS_OK;
    }
    if (at % FPU_ALIGNMENT || (!self->fpu && !arch_fpu_first_use()))
        return STATUS_BAD_ADDRESS;
    if (!keys && xsave_features() && arch_user_range(at, fpu_area_size()) && !user_xrstor((const void *)(uintptr_t)at, xsave_features()))
        return STATUS_OK;
    // The CPU refuses a part of it, or the memory is not there. Checked in a copy: the thread's own area must never hold anything unsafe, even for a moment.
    static_assert(PAGE_SIZE >= 512 + 64);
    void *copy = fpu_scratch();
    if (!copy)
        return STATUS_NO_MEMORY;
    enum status outcome = arch_copy_from_user(copy, at, fpu_area_size());
    if (outcome == STATUS_OK && keys)
        outcome = keys_pop(at, copy, keys);
    if (outcome == STATUS_OK && !xsave_sanitise(copy))
        outcome = STATUS_BAD_ADDRESS;
    if (outcome == STATUS_OK) {
        memcpy(fpu_open(), copy, fpu_area_size());
        fpu_close(true);
    }
    fpu_scratch_free(copy);
    return outcome;
}

[[gnu::always_inline]] static inline enum status frame_pop(struct arch_frame *frame, uint64_t *mask, struct linux_stack *stack,
                                                           uint32_t *keys)
{
    struct ucontext user __attribute__((uninitialized));
    TRY(arch_copy_from_user(&user, frame->rsp, sizeof user)); // the handler's return took the restorer away
    const struct sigcontext *from = &user.context;
    if (from->rip >= arch_user_end())
        return STATUS_BAD_ADDRESS; // would fault in ring 0 on the way out
    if ((from->cs | USER_RING) != SELECTOR_USER_CODE)
        return STATUS_BAD_ADDRESS; // there is no other code segment to return to
    TRY(fpu_pop(from->fpu, keys));
    frame_from_context(frame, from);
    *mask = user.mask;
    *stack = user.stack;
    return STATUS_OK;
}

[[gnu::cold, gnu::noinline]] static enum status frame_pop_with_keys(struct arch_frame *frame, uint64_t *mask, struct linux_stack *stack)
{
    uint32_t before = keys_read(), rights = KEYS_DEFAULT;
    keys_write(KEYS_ALL);
    enum status outcome = frame_pop(frame, mask, stack, &rights);
    keys_write(outcome == STATUS_OK ? rights : before);
    return outcome;
}

enum status arch_signal_pop(struct arch_frame *frame, uint64_t *mask, struct linux_stack *stack)
{
    return UNLIKELY(keys_enabled) ? frame_pop_with_keys(frame, mask, stack) : frame_pop(frame, mask, stack, nullptr);
}
