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
#include "offsets.h"
#include "signal_frame.h"
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

static_assert(offsetof(struct signal_frame, user) == 8 && sizeof(struct ucontext) == 304);

// Of a ucontext, as signal_frame.h has it.
#define AT(member_) offsetof(struct ucontext, member_)
static_assert(AT(flags) == SIGNAL_FLAGS && AT(link) == SIGNAL_LINK && AT(stack) == SIGNAL_STACK && AT(context) == SIGNAL_REGISTERS &&
              AT(context.rip) == SIGNAL_RIP && AT(context.rflags) == SIGNAL_RFLAGS && AT(context.cs) == SIGNAL_SELECTORS &&
              AT(context.error) == SIGNAL_ERROR && AT(context.trap) == SIGNAL_TRAP && AT(context.old_mask) == SIGNAL_OLD_MASK &&
              AT(context.cr2) == SIGNAL_CR2 && AT(context.fpu) == SIGNAL_FPU && AT(mask) == SIGNAL_MASK);
static_assert(offsetof(struct signal_delivery, restorer) == DELIVERY_RESTORER && offsetof(struct signal_delivery, mask) == DELIVERY_MASK &&
              offsetof(struct signal_delivery, address) == DELIVERY_ADDRESS && offsetof(struct signal_delivery, stack) == DELIVERY_STACK);
static_assert(offsetof(struct signal_words, stack) == WORDS_STACK && offsetof(struct signal_words, rip) == WORDS_RIP &&
              offsetof(struct signal_words, selectors) == WORDS_SELECTORS && offsetof(struct signal_words, fpu) == WORDS_FPU &&
              offsetof(struct signal_words, mask) == WORDS_MASK && sizeof(struct linux_stack) == 24);
static_assert(SELECTOR_USER_CODE == USER_CODE && SELECTOR_USER_DATA == USER_DATA);

enum { FPU_ALIGNMENT = 64, FPU_MAGIC2_SIZE = 4, RED_ZONE = 128, USER_RING = 3 };
enum : uint64_t { UC_SIGCONTEXT_SS = 2, START_CLEARED = 0x50500 /* DF TF RF AC */ };

// Puts the FPU state there, where there is no XSAVE.
static enum status fpu_push(uint64_t at)
{
    fpu_open(); // the newest state is in the area now, and stays there while this thread is in the kernel
    fpu_close(false);
    return arch_copy_to_user(at, fpu_current()->fpu, fpu_area_size());
}

// With the rights per key where `keys` points to them.
[[gnu::always_inline]] static inline enum status frame_push(struct arch_frame *frame, const struct signal_delivery *delivery,
                                                            const uint32_t *keys)
{
    uint64_t top = delivery->on_alternate ? delivery->stack.pointer + delivery->stack.size : frame->rsp - RED_ZONE;
    uint64_t sp = top, fpu_at = 0, flags = UC_SIGCONTEXT_SS;
    const struct xsave_extent *extent = &xsave_extent;
    struct xsave_extent with_keys;
    size_t size = fpu_area_size();
    if (keys) {
        if (!fpu_current()->fpu && !arch_fpu_first_use())
            return STATUS_NO_MEMORY;
        size = keys_image_size(size);
        with_keys = xsave_extent_of(size, xsave_features | KEYS_FEATURE);
        extent = &with_keys;
    }
    if (fpu_current()->fpu)
        fpu_at = sp = align_down(top - size - FPU_MAGIC2_SIZE, FPU_ALIGNMENT);
    sp = align_down(sp - sizeof(struct signal_frame), 16) - 8; // as after a call
    if (sp > top || top > arch_user_end() || !signal_stack_holds(delivery, sp))
        return STATUS_BAD_ADDRESS;
    if (delivery->handler >= arch_user_end())
        return STATUS_BAD_ADDRESS; // would fault in ring 0 on the way out
    if (LIKELY(fpu_at)) {
        flags |= SIGNAL_HAS_XSAVE;
        if (UNLIKELY(!xsave_features)) {
            flags = UC_SIGCONTEXT_SS;
            TRY(fpu_push(fpu_at));
        }
    }
    uint64_t user = sp + offsetof(struct signal_frame, user), info = sp + offsetof(struct signal_frame, info);
    if (user_signal_save(user, frame, delivery, fpu_at, flags, extent))
        return STATUS_BAD_ADDRESS;
    if (keys)
        TRY(keys_push(fpu_at, *keys));
    if (delivery->flags & LINUX_SA_SIGINFO) // nobody else looks
        TRY(signal_info_push(info, delivery->info));
    if (fpu_at)
        fpu_clear(); // the frame has the copy; handlers start with a clean unit
    frame->rsp = sp;
    frame->rip = frame->rcx = delivery->handler;
    frame->rdi = (uint64_t)delivery->number;
    frame->rsi = info;
    frame->rdx = user;
    frame->rax = 0;
    frame->rflags = frame->r11 = frame->rflags & ~START_CLEARED;
    frame->vector = FRAME_QUICK; // rcx and r11 mean nothing to a handler
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
    if (!keys && xsave_features && arch_user_range(at, fpu_area_size()) && !user_xrstor((const void *)(uintptr_t)at, xsave_features))
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
    uint64_t at = frame->rsp; // the handler's return took the restorer away
    struct signal_words words __attribute__((uninitialized));
    if (!arch_user_range(at, sizeof(struct ucontext)) || user_signal_load(at, frame, &words))
        return STATUS_BAD_ADDRESS;
    if (words.rip >= arch_user_end())
        return STATUS_BAD_ADDRESS; // would fault in ring 0 on the way out
    if (((uint16_t)words.selectors | USER_RING) != SELECTOR_USER_CODE)
        return STATUS_BAD_ADDRESS; // there is no other code segment to return to
    TRY(fpu_pop(words.fpu, keys));
    frame->vector = frame->error = 0;
    frame->rip = words.rip;
    frame->cs = SELECTOR_USER_CODE;
    frame->ss = SELECTOR_USER_DATA;
    *mask = words.mask;
    *stack = words.stack;
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
