// SPDX-License-Identifier: MIT
// context.c: threads of the kernel on the host: user-level contexts of the C library. The address or thread sanitizer is told of every
// change of stack.

#define _GNU_SOURCE
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/tsan_interface.h>
#include <stdlib.h>
#include <ucontext.h>

#include <arch/context.h>

#include <helix/kernel_map.h>

#if __has_feature(thread_sanitizer) // it knows a stack by a fiber of its own; one for each thread ever made stays
static void *fiber_new(void)
{
    return __tsan_create_fiber(0);
}
static void *fiber_here(void)
{
    return __tsan_get_current_fiber();
}
static void switch_begin(void **fake_stack, const void *low, size_t size, void *fiber)
{
    __tsan_switch_to_fiber(fiber, 0);
}
static void switch_end(void *fake_stack)
{
}
#else
static void *fiber_new(void)
{
    return nullptr;
}
static void *fiber_here(void)
{
    return nullptr;
}
static void switch_begin(void **fake_stack, const void *low, size_t size, void *fiber)
{
    __sanitizer_start_switch_fiber(fake_stack, low, size);
}
static void switch_end(void *fake_stack)
{
    __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
}
#endif

// Lies on the stack of the thread it belongs to: at its top until the first switch, then in arch_context_switch's frame.
struct host_context {
    ucontext_t registers;
    const void *stack_low;
    size_t stack_size;
    void *fiber;
    void (*entry)(void *argument);
    void *argument;
};

static struct host_context *starting; // whose first switch this is

// The stack of the process, which the boot thread runs on.
static void boot_stack_find(struct host_context *here)
{
    pthread_attr_t attributes;
    void *low;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0 || pthread_attr_getstack(&attributes, &low, &here->stack_size) != 0)
        abort();
    pthread_attr_destroy(&attributes);
    here->stack_low = low;
}

static void context_begin(void)
{
    switch_end(nullptr);
    starting->entry(starting->argument);
    abort(); // entry must not return
}

void arch_context_prepare(struct arch_context *context, virt_t stack_top, void (*entry)(void *argument), void *argument)
{
    virt_t low = { stack_top.raw - KERNEL_STACK_SIZE };
    struct host_context *saved = virt_pointer((virt_t){ align_down(stack_top.raw - sizeof *saved, 64) });
    getcontext(&saved->registers);
    saved->fiber = fiber_new();
    saved->entry = entry;
    saved->argument = argument;
    saved->stack_low = virt_pointer(low);
    saved->stack_size = virt_of(saved).raw - low.raw;
    saved->registers.uc_stack.ss_sp = virt_pointer(low);
    saved->registers.uc_stack.ss_size = virt_of(saved).raw - low.raw;
    saved->registers.uc_link = nullptr;
    makecontext(&saved->registers, context_begin, 0);
    context->saved = saved;
}

void arch_context_switch(struct arch_context *from, const struct arch_context *to)
{
    static const void *low; // of the stack that runs now
    static size_t size;
    struct host_context here = { .stack_low = low, .stack_size = size, .fiber = fiber_here() };
    void *fake_stack;
    if (!low)
        boot_stack_find(&here);
    from->saved = &here;
    starting = to->saved;
    low = to->saved->stack_low;
    size = to->saved->stack_size;
    switch_begin(&fake_stack, low, size, to->saved->fiber);
    swapcontext(&here.registers, &to->saved->registers);
    switch_end(fake_stack);
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
