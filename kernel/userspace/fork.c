// SPDX-License-Identifier: MIT
// fork.c: clone and its older forms: a new process or a new thread from the running one.

#include <abi/linux/sched.h>

#include <arch/context.h>
#include <arch/frame.h>
#include <arch/syscall.h>
#include <arch/user.h>

#include <lib/string.h>

#include <helix/kernel_map.h>
#include <helix/space.h>
#include <helix/user.h>

#include "syscall/calls.h"
#include "userspace.h"

struct clone_request {
    uint64_t flags, stack, parent_tid, child_tid, tls;
    int exit_signal;
};

enum : uint64_t {
    CLONE_KNOWN = LINUX_CLONE_VM | LINUX_CLONE_FS | LINUX_CLONE_FILES | LINUX_CLONE_SIGHAND | LINUX_CLONE_VFORK | LINUX_CLONE_THREAD |
                  LINUX_CLONE_SYSVSEM | LINUX_CLONE_SETTLS | LINUX_CLONE_PARENT_SETTID | LINUX_CLONE_CHILD_CLEARTID | LINUX_CLONE_DETACHED |
                  LINUX_CLONE_CHILD_SETTID,
};

static struct arch_frame *frame_of_thread(const struct thread *thread)
{
    return arch_user_frame(thread->stack_low.raw + KERNEL_STACK_SIZE);
}

// What a thread needs beyond struct thread, wherever it belongs. On a failure thread_discard gives it back.
static enum status thread_prepare(struct thread *child, const struct clone_request *request)
{
    struct thread *self = thread_current();
    TRY(user_thread_create(child, self->user->blocked));
    TRY(arch_thread_fork(&child->arch));
    arch_frame_fork(frame_of_thread(child), frame_of_thread(self));
    if (request->stack)
        arch_frame_set_sp(frame_of_thread(child), request->stack);
    if (request->flags & LINUX_CLONE_SETTLS)
        arch_thread_set_tls(&child->arch, request->tls);
    if (request->flags & LINUX_CLONE_CHILD_CLEARTID)
        child->user->clear_child_tid = request->child_tid;
    if (!(request->flags & LINUX_CLONE_VM) || request->flags & LINUX_CLONE_VFORK)
        child->user->alternate_stack = self->user->alternate_stack;
    child->priority = self->priority;
    child->affinity = self->affinity;
    return STATUS_OK;
}

static enum status thread_make(struct process *process, uint64_t id, const struct clone_request *request, struct thread **made)
{
    struct thread *child;
    const struct thread_request wanted = {
        .name = process->name, .process = process, .entry = user_thread_begin, .id = id, .priority = thread_current()->priority
    };
    TRY(thread_create(&wanted, &child));
    enum status outcome = thread_prepare(child, request);
    if (outcome != STATUS_OK) {
        thread_discard(child);
        return outcome;
    }
    *made = child;
    return STATUS_OK;
}

// Where the caller wants the child's id, before the child runs: what it does there itself (its end clears the word that others wait
// for) comes after. As on Linux, the child exists all the same if that memory cannot be had.
static void parent_tid_store(const struct clone_request *request, uint32_t id)
{
    if (request->flags & LINUX_CLONE_PARENT_SETTID)
        (void)arch_copy_to_user(request->parent_tid, &id, sizeof id);
}

// Into the child's memory through its page tables where it has a space of its own.
static void child_tid_store(struct process *process, const struct clone_request *request, uint32_t id)
{
    if (!(request->flags & LINUX_CLONE_CHILD_SETTID))
        return;
    if (process->space == process_current()->space)
        (void)arch_copy_to_user(request->child_tid, &id, sizeof id); // as Linux: a bad pointer is the child's problem
    else
        (void)space_write(process->space, request->child_tid, &id, sizeof id);
}

static enum status clone_thread(const struct clone_request *request, uint64_t *id)
{
    struct process *process = process_current();
    struct thread *child;
    TRY(thread_make(process, 0, request, &child));
    *id = child->id;
    uint32_t tid = (uint32_t)child->id;
    child_tid_store(process, request, tid);
    mutex_acquire(&process_registry_lock);
    bool late = process->exiting;
    if (!late)
        process_add_thread(process, child);
    mutex_release(&process_registry_lock);
    if (late) {
        thread_discard(child);
        return STATUS_AGAIN;
    }
    parent_tid_store(request, tid);
    thread_start(child);
    thread_release(child);
    return STATUS_OK;
}

// The pages that both will touch first, made theirs now: each would be a fault, for the child's code, its stack, and the parent's stack,
// which is the parent's alone again when the child has a copy. What fails here fails again, and is told, when it is touched.
static void pages_foresee(struct space *parent, struct space *child, const struct clone_request *request)
{
    const struct arch_frame *frame = frame_of_thread(thread_current());
    uint64_t stack = arch_frame_sp(frame);
    (void)space_fault(child, arch_frame_ip(frame), FAULT_EXECUTE);
    (void)space_fault(child, request->stack ? request->stack : stack, FAULT_WRITE);
    (void)space_fault(parent, stack, FAULT_WRITE);
}

// The new process without its thread. On a failure nothing is left.
static enum status process_copy(const struct clone_request *request, struct process **made)
{
    struct process *parent = process_current(), *child;
    TRY(process_create(parent, parent->name, &child));
    enum status outcome = user_process_fork(parent, child, request->flags);
    if (outcome == STATUS_OK && request->flags & LINUX_CLONE_VM) {
        space_retain(parent->space);
        child->space = parent->space;
    } else if (outcome == STATUS_OK) {
        outcome = space_fork(parent->space, &child->space);
        if (outcome == STATUS_OK)
            pages_foresee(parent->space, child->space, request);
    }
    if (outcome != STATUS_OK) {
        user_process_close(child);
        process_discard(child);
        return outcome;
    }
    child->user->exit_signal = request->exit_signal;
    child->user->vfork_waiting = request->flags & LINUX_CLONE_VFORK;
    *made = child;
    return STATUS_OK;
}

// Until the child runs another program or ends. Only a kill ends the wait early.
static void vfork_wait(struct process *child)
{
    struct waiter waiter;
    waiter_init(&waiter);
    for (;;) {
        wait_begin(&child->user->vfork_done, &waiter);
        if (!child->user->vfork_waiting || thread_current()->flags & THREAD_KILL_PENDING)
            break;
        (void)thread_block_uninterruptible(BLOCK_CHILD, UINT64_MAX);
    }
    wait_end(&waiter);
}

static enum status clone_process(const struct clone_request *request, uint64_t *id)
{
    struct process *process;
    TRY(process_copy(request, &process));
    struct thread *child;
    enum status outcome = thread_make(process, process->id, request, &child);
    if (outcome != STATUS_OK) {
        user_process_close(process);
        process_discard(process);
        return outcome;
    }
    *id = process->id;
    child_tid_store(process, request, (uint32_t)process->id);
    mutex_acquire(&process_registry_lock);
    process_add_thread(process, child);
    process_become(process, PROCESS_RUNNING);
    mutex_release(&process_registry_lock);
    parent_tid_store(request, (uint32_t)process->id);
    thread_start(child);
    thread_release(child);
    if (request->flags & LINUX_CLONE_VFORK)
        vfork_wait(process);
    process_release(process);
    return STATUS_OK;
}

static bool request_valid(const struct clone_request *request)
{
    uint64_t flags = request->flags;
    if (flags & ~CLONE_KNOWN || request->exit_signal < 0 || request->exit_signal > SIGNALS)
        return false;
    if (flags & LINUX_CLONE_SETTLS && request->tls >= arch_user_end())
        return false;
    if (flags & LINUX_CLONE_SIGHAND && !(flags & LINUX_CLONE_VM))
        return false;
    if (flags & LINUX_CLONE_THREAD)
        return flags & LINUX_CLONE_SIGHAND && flags & LINUX_CLONE_FILES && flags & LINUX_CLONE_FS;
    return !(flags & LINUX_CLONE_FS); // a shared working directory between processes is not supported
}

static int64_t clone(const struct clone_request *request)
{
    if (!request_valid(request))
        return syscall_result(STATUS_BAD_ARGUMENT);
    uint64_t id;
    enum status outcome = request->flags & LINUX_CLONE_THREAD ? clone_thread(request, &id) : clone_process(request, &id);
    if (outcome != STATUS_OK)
        return syscall_result(outcome);
    return (int64_t)id;
}

int64_t sys_fork(struct thread *self, const struct syscall_arguments *arguments)
{
    const struct clone_request request = { .exit_signal = LINUX_SIGCHLD };
    return clone(&request);
}

int64_t sys_vfork(struct thread *self, const struct syscall_arguments *arguments)
{
    const struct clone_request request = { .flags = LINUX_CLONE_VM | LINUX_CLONE_VFORK, .exit_signal = LINUX_SIGCHLD };
    return clone(&request);
}

int64_t sys_clone(struct thread *self, const struct syscall_arguments *arguments)
{
    enum : uint64_t { EXIT_SIGNAL_MASK = 0xff };
    const uint64_t *value = arguments->value;
    const struct clone_request request = {
        .flags = value[0] & ~EXIT_SIGNAL_MASK & 0xffff'ffff,
        .exit_signal = (int)(value[0] & EXIT_SIGNAL_MASK),
        .stack = value[1],
        .parent_tid = value[2],
        .child_tid = value[CLONE_CHILD_TID],
        .tls = value[CLONE_TLS],
    };
    return clone(&request);
}
