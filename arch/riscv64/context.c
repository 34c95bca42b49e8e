// SPDX-License-Identifier: MIT
// context.c: the first registers of a thread, and the user state that a switch carries over.

#include <arch/context.h>

#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/fpu.h>
#include <arch/frame.h>

#include <helix/cpu.h>
#include <helix/kernel_map.h>
#include <helix/thread.h>

void arch_context_start(void);

void arch_context_prepare(struct arch_context *context, virt_t stack_top, void (*entry)(void *argument), void *argument)
{
    *context = (struct arch_context){
        .ra = (uint64_t)(uintptr_t)arch_context_start,
        .sp = stack_top.raw,
        .s = { [1] = (uint64_t)(uintptr_t)entry, [2] = (uint64_t)(uintptr_t)argument },
    };
}

void arch_thread_switch(struct arch_thread *from, struct arch_thread *to)
{
    if (to->fpu || cpu_local()->arch.fpu_owner) // else the registers hold nobody's state, and the next use traps
        fpu_switch(from, to);
}

void arch_thread_reset(struct arch_thread *self)
{
    fpu_reset(self);
}

enum status arch_thread_fork(struct arch_thread *child)
{
    return fpu_copy(fpu_current(), child);
}

void arch_thread_release(struct arch_thread *thread)
{
    fpu_release(thread);
}

// The thread pointer is a register like others.
void arch_thread_set_tls(struct arch_thread *thread, uint64_t base)
{
    uint64_t stack_low = container_of(thread, struct thread, arch)->stack_low.raw;
    struct arch_frame *frame = arch_user_frame(stack_low + KERNEL_STACK_SIZE);
    frame->tp = base;
}
