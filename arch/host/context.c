// SPDX-License-Identifier: MIT
// context.c: threads of the kernel on the host: user-level contexts of the C library.

#define _GNU_SOURCE
#include <stdlib.h>
#include <ucontext.h>

#include <arch/context.h>

#include <helix/kernel_map.h>

struct host_context {
    ucontext_t registers;
    void     (*entry)(void *argument);
    void      *argument;
};

static struct host_context *starting; // whose first switch this is

static struct host_context *context_new(void)
{
    struct host_context *context = calloc(1, sizeof *context);
    if (!context)
        abort();
    return context;
}

static void context_begin(void)
{
    starting->entry(starting->argument);
    abort(); // entry must not return
}

void arch_context_prepare(struct arch_context *context, virt_t stack_top, void (*entry)(void *argument), void *argument)
{
    struct host_context *saved = context_new();
    getcontext(&saved->registers);
    saved->entry                       = entry;
    saved->argument                    = argument;
    saved->registers.uc_stack.ss_sp    = (void *)(uintptr_t)(stack_top.raw - KERNEL_STACK_SIZE);
    saved->registers.uc_stack.ss_size  = KERNEL_STACK_SIZE;
    saved->registers.uc_link           = nullptr;
    makecontext(&saved->registers, context_begin, 0);
    context->saved = saved;
}

void arch_context_switch(struct arch_context *from, const struct arch_context *to)
{
    if (!from->saved)
        from->saved = context_new();
    starting = to->saved;
    swapcontext(&from->saved->registers, &to->saved->registers);
}

void arch_thread_switch(struct arch_thread *from, struct arch_thread *to)
{
}

void arch_thread_reset(struct arch_thread *self)
{
    *self = (struct arch_thread){};
}

enum status arch_thread_fork(struct arch_thread *child)
{
    *child = (struct arch_thread){};
    return STATUS_OK;
}

void arch_thread_release(struct arch_thread *thread)
{
    *thread = (struct arch_thread){};
}

void arch_thread_set_tls(struct arch_thread *thread, uint64_t base)
{
    thread->tls_base = base;
}

enum status arch_thread_control(uint64_t code, uint64_t argument)
{
    return STATUS_BAD_ARGUMENT; // the generic table has no such call
}
