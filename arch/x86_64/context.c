// SPDX-License-Identifier: MIT
// context.c: the first stack contents of a thread, and the user state that a switch carries over.

#include <lib/string.h>

#include <arch/context.h>
#include <arch/fpu.h>
#include <arch/cpu.h>
#include <arch/user.h>

#include <helix/cpu.h>
#include <helix/preempt.h>
#include <helix/thread.h>

#include "keys.h"
#include "msr.h"

void arch_context_start(void);

void arch_context_prepare(struct arch_context *context, virt_t stack_top, void (*entry)(void *argument), void *argument)
{
    // As arch_context_switch pops it: r15 r14 r13 r12 rbx rbp, return address; then a 0 where a caller's would be.
    uint64_t *sp = (uint64_t *)virt_pointer(stack_top) - 8;
    memset(sp, 0, 8 * sizeof(uint64_t));
    sp[3] = (uint64_t)(uintptr_t)argument;
    sp[4] = (uint64_t)(uintptr_t)entry;
    sp[6] = (uint64_t)(uintptr_t)arch_context_start;
    context->sp = (uint64_t)(uintptr_t)sp;
}

// ---- rights per protection key, once those are enabled ----

// The thread that this CPU is about to leave keeps what it has made of the register.
[[gnu::cold, gnu::noinline]] static void keys_save(void)
{
    struct thread *from = cpu_local()->switched_from;
    if (!(from->flags & THREAD_KERNEL))
        from->arch.keys = keys_read() ^ KEYS_DEFAULT;
}

[[gnu::cold, gnu::noinline]] static void keys_give(const struct arch_thread *to)
{
    uint32_t wanted = to->keys ^ KEYS_DEFAULT;
    keys_save();
    if (keys_read() != wanted)
        keys_write(wanted);
}

// ---- segment bases ----

static void bases_write(const struct arch_thread *to)
{
    msr_write(MSR_FS_BASE, to->fs_base);
    msr_write(MSR_KERNEL_GS_BASE, to->gs_base); // the user's: swapgs brings it in
}

// Programs can change the hidden bases behind the kernel's back (loading a null selector clears one on some CPUs), so they are
// written whenever another thread's may be there, not only when the figures differ. Only two threads without any need nothing.
static void user_state_give(struct arch_thread *to)
{
    struct arch_cpu *cpu = &cpu_local()->arch;
    const struct arch_thread *before = cpu->base_owner;
    if (before == to)
        return;
    if (UNLIKELY(!before)) {
        bases_write(to);
        if (keys_enabled)
            keys_give(to);
        else
            cpu->base_owner = to;
        return;
    }
    if (before->fs_base | to->fs_base)
        msr_write(MSR_FS_BASE, to->fs_base);
    if (before->gs_base | to->gs_base)
        msr_write(MSR_KERNEL_GS_BASE, to->gs_base);
    cpu->base_owner = to;
}

void arch_thread_switch(struct arch_thread *from, struct arch_thread *to)
{
    if (to->fpu || cpu_local()->arch.fpu_owner) // else the registers hold nobody's state, and the next use traps
        fpu_switch(from, to);
    if (!(container_of(to, struct thread, arch)->flags & THREAD_KERNEL))
        user_state_give(to);
    else if (UNLIKELY(keys_enabled))
        keys_save();
}

void arch_thread_reset(struct arch_thread *self)
{
    fpu_reset(self);
    preempt_disable();
    self->fs_base = self->gs_base = 0;
    bases_write(self); // over whatever is loaded
    if (keys_enabled)
        keys_write(KEYS_DEFAULT);
    else
        cpu_local()->arch.base_owner = self;
    preempt_enable();
}

enum status arch_thread_fork(struct arch_thread *child)
{
    struct arch_thread *self = fpu_current();
    child->fs_base = self->fs_base;
    child->gs_base = self->gs_base;
    if (keys_enabled)
        child->keys = keys_read() ^ KEYS_DEFAULT;
    return fpu_copy(self, child);
}

void arch_thread_release(struct arch_thread *thread)
{
    preempt_disable();
    if (cpu_local()->arch.base_owner == thread)
        cpu_local()->arch.base_owner = nullptr; // the next thread at this address is another one
    preempt_enable();
    fpu_release(thread);
}

void arch_thread_set_tls(struct arch_thread *thread, uint64_t base)
{
    thread->fs_base = base;
    if (thread == fpu_current())
        msr_write(MSR_FS_BASE, base);
}

// Linux's arch_prctl codes (asm/prctl.h).
enum : uint64_t { ARCH_SET_GS = 0x1001, ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, ARCH_GET_GS = 0x1004 };

enum status arch_thread_control(uint64_t code, uint64_t argument)
{
    struct arch_thread *self = fpu_current();
    switch (code) {
    case ARCH_SET_FS:
    case ARCH_SET_GS:
        if (argument >= arch_user_end())
            return STATUS_NOT_PERMITTED;
        preempt_disable(); // the base and the register change together
        *(code == ARCH_SET_FS ? &self->fs_base : &self->gs_base) = argument;
        msr_write(code == ARCH_SET_FS ? MSR_FS_BASE : MSR_KERNEL_GS_BASE, argument);
        preempt_enable();
        return STATUS_OK;
    case ARCH_GET_FS:
        return arch_copy_to_user(argument, &self->fs_base, sizeof self->fs_base);
    case ARCH_GET_GS:
        return arch_copy_to_user(argument, &self->gs_base, sizeof self->gs_base);
    default:
        return STATUS_BAD_ARGUMENT;
    }
}
