// SPDX-License-Identifier: MIT
// context.c: the first stack contents of a thread, and the user state that a switch carries over.

#include <arch/context.h>

#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/fpu.h>

#include <helix/cpu.h>
#include <helix/preempt.h>
#include <helix/thread.h>

#include "features.h"

void arch_context_start(void);

void arch_context_prepare(struct arch_context *context, virt_t stack_top, void (*entry)(void *argument), void *argument)
{
    // As arch_context_switch takes them: x29 x30 x19 … x28.
    enum { X30 = 1, X19 = 2, X20 = 3, REGISTERS = 12 };
    uint64_t *sp = (uint64_t *)virt_pointer(stack_top) - REGISTERS;
    memset(sp, 0, REGISTERS * sizeof *sp);
    sp[X30] = (uint64_t)(uintptr_t)arch_context_start;
    sp[X19] = (uint64_t)(uintptr_t)entry;
    sp[X20] = (uint64_t)(uintptr_t)argument;
    context->sp = (uint64_t)(uintptr_t)sp;
}

static bool is_kernel(const struct arch_thread *thread)
{
    return container_of(thread, struct thread, arch)->flags & THREAD_KERNEL;
}

// Programs write the register themselves, so it is read back. Kernel threads leave it alone.
void arch_thread_switch(struct arch_thread *from, struct arch_thread *to)
{
    if (to->fpu || cpu_local()->arch.fpu_owner) // else the registers hold nobody's state, and the next use traps
        fpu_switch(from, to);
    if (!is_kernel(from))
        from->tls = system_register_read("tpidr_el0");
    if (!is_kernel(to))
        system_register_write("tpidr_el0", to->tls);
}

void arch_thread_reset(struct arch_thread *self)
{
    fpu_reset(self);
    arch_thread_set_tls(self, 0);
}

enum status arch_thread_fork(struct arch_thread *child)
{
    child->tls = system_register_read("tpidr_el0");
    return fpu_copy(fpu_current(), child);
}

void arch_thread_release(struct arch_thread *thread)
{
    fpu_release(thread);
}

void arch_thread_set_tls(struct arch_thread *thread, uint64_t base)
{
    preempt_disable(); // the figure and the register change together
    thread->tls = base;
    if (thread == fpu_current())
        system_register_write("tpidr_el0", base);
    preempt_enable();
}
