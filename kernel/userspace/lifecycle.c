// SPDX-License-Identifier: MIT
// lifecycle.c: how Linux processes and threads are made and how they end (fork.c decides what is copied, exec.c what is run).

#include <arch/frame.h>
#include <arch/space.h>
#include <arch/user.h>

#include <lib/string.h>

#include <helix/heap.h>
#include <helix/kernel_map.h>
#include <helix/panic.h>
#include <helix/space.h>
#include <helix/tty.h>
#include <helix/user.h>

#include "userspace.h"

enum : uint64_t { STACK_DEFAULT = 8 * MIB };
enum { WAIT_CODE_SHIFT = 8 };

// ---- making ----

static void limits_default(struct linux_rlimit limits[LINUX_RLIMITS])
{
    for (size_t i = 0; i < LINUX_RLIMITS; i++)
        limits[i] = (struct linux_rlimit){ UINT64_MAX, UINT64_MAX };
    limits[LINUX_RLIMIT_STACK].current = STACK_DEFAULT;
    limits[LINUX_RLIMIT_CORE].current = 0;
    limits[LINUX_RLIMIT_NOFILE] = (struct linux_rlimit){ DESCRIPTORS_MAX, DESCRIPTORS_MAX };
}

static enum status user_process_allocate(struct process *process, struct user_process **made)
{
    struct user_process *user = heap_alloc_zeroed(1, sizeof *user);
    if (!user)
        return STATUS_NO_MEMORY;
    user->process = process;
    user->exit_signal = LINUX_SIGCHLD;
    pending_signals_init(&user->pending);
    wait_queue_init(&user->vfork_done);
    timer_init(&user->alarm, alarm_fire);
    list_init(&user->alarm_link);
    *made = user;
    return STATUS_OK;
}

const struct signal_action signal_action_default = {};

// The table itself stays as it is: nothing in it counts before it is changed.
enum status signal_actions_create(struct signal_actions **made)
{
    struct signal_actions *actions = heap_alloc(sizeof *actions);
    if (!actions)
        return STATUS_NO_MEMORY;
    spinlock_init(&actions->lock, RANK_SIGNALS);
    actions->references = 1;
    actions->changed = 0;
    *made = actions;
    return STATUS_OK;
}

enum status signal_actions_copy(struct signal_actions *from, struct signal_actions **made)
{
    TRY(signal_actions_create(made));
    struct signal_actions *to = *made;
    spinlock_acquire(&from->lock);
    to->changed = from->changed;
    for (uint64_t left = from->changed; left; left &= left - 1) {
        int number = __builtin_ctzll(left) + 1;
        to->action[number] = from->action[number];
    }
    spinlock_release(&from->lock);
    return STATUS_OK;
}

void signal_actions_reset(struct signal_actions *actions)
{
    spinlock_acquire(&actions->lock);
    for (uint64_t left = actions->changed; left; left &= left - 1) {
        struct signal_action *action = &actions->action[__builtin_ctzll(left) + 1];
        if (action->handler != LINUX_SIG_IGN)
            actions->changed &= ~(left & -left);
        *action = (struct signal_action){ .handler = LINUX_SIG_IGN };
    }
    spinlock_release(&actions->lock);
}

void signal_actions_release(struct signal_actions *actions)
{
    if (actions && atomic_fetch_sub(&actions->references, 1) == 1)
        heap_free(actions);
}

enum status user_process_create(struct process *process)
{
    struct user_process *user;
    TRY(user_process_allocate(process, &user));
    limits_default(user->limits);
    enum status outcome = signal_actions_create(&user->actions);
    if (outcome == STATUS_OK)
        outcome = descriptor_table_create(&user->files);
    if (outcome == STATUS_OK)
        outcome = vfs_context_copy(vfs_kernel_context(), &user->place);
    process->user = user;
    return outcome; // on a failure process_discard and user_process_close give back what there is
}

enum : uint64_t { CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800 };

static enum status user_process_inherit(const struct user_process *from, struct user_process *to, uint64_t flags)
{
    memcpy(to->limits, from->limits, sizeof to->limits);
    memcpy(to->executable, from->executable, sizeof to->executable);
    to->oom_adjust = from->oom_adjust;
    to->personality = from->personality;
    to->barriers_registered = from->barriers_registered;
    TRY(program_begin(from->program)); // is run already, so nobody writes it
    to->program = from->program;
    to->signal_return = from->signal_return;
    to->user = from->user, to->effective_user = from->effective_user, to->saved_user = from->saved_user;
    to->group = from->group, to->effective_group = from->effective_group, to->saved_group = from->saved_group;
    to->group_count = from->group_count;
    memcpy(to->groups, from->groups, from->group_count * sizeof *to->groups);
    to->terminal = from->terminal;
    if (flags & CLONE_SIGHAND) {
        to->actions = from->actions;
        atomic_fetch_add(&to->actions->references, 1);
    } else {
        TRY(signal_actions_copy(from->actions, &to->actions));
    }
    if (flags & CLONE_FILES) {
        to->files = from->files;
        atomic_fetch_add(&to->files->references, 1);
    } else {
        TRY(descriptor_table_copy(from->files, &to->files));
    }
    return vfs_context_copy(&from->place, &to->place);
}

enum status user_process_fork(struct process *parent, struct process *process, uint64_t flags)
{
    TRY(user_process_allocate(process, &process->user));
    return user_process_inherit(parent->user, process->user, flags);
}

void program_adopt(struct process *process, const struct exec_result *loaded)
{
    struct user_process *user = process->user;
    if (user->program)
        program_end(user->program);
    user->barriers_registered = false;
    user->program = loaded->program;
    user->signal_return = loaded->signal_return;
    user->has_executed = true;
    string_copy(process->name, loaded->name, sizeof process->name);
    string_copy(user->executable, loaded->executable, sizeof user->executable);
}

enum status user_thread_create(struct thread *thread, uint64_t blocked)
{
    thread->user = heap_alloc_zeroed(1, sizeof *thread->user);
    if (!thread->user)
        return STATUS_NO_MEMORY;
    pending_signals_init(&thread->user->pending);
    thread->user->thread = thread;
    thread->user->blocked = blocked;
    return STATUS_OK;
}

void process_add_thread(struct process *process, struct thread *thread)
{
    list_add_tail(&process->threads, &thread->process_link);
    process->thread_count++;
    if (!process->main_thread)
        process->main_thread = thread;
}

void user_thread_begin(void *unused)
{
    syscall_leave(thread_current());
}

// ---- ending ----

void vfork_release(struct process *process)
{
    struct user_process *user = process->user;
    user->vfork_waiting = false;
    wait_wake_all(&user->vfork_done);
}

// A session leader gives its terminal up: the foreground group is told, and nobody owns it.
static void terminal_leave(struct process *process)
{
    struct user_process *user = process->user;
    if (!user->terminal || process->session != process->id)
        return;
    uint64_t group = tty_foreground(user->terminal);
    tty_set_foreground(user->terminal, 0, 0);
    if (group && group != process->group) {
        const struct linux_siginfo hangup = { .number = LINUX_SIGHUP, .code = LINUX_SI_KERNEL };
        (void)signal_send_group(group, &hangup); // may be empty
    }
}

void user_process_close(struct process *process)
{
    struct user_process *user = process->user;
    if (user) {
        user->alarm_interval_ns = 0;
        timer_cancel(&user->alarm);
        alarm_forget(user);
        if (user->files)
            descriptor_table_release(user->files);
        if (user->place.root)
            vfs_context_release(&user->place);
        if (user->program)
            program_end(user->program);
        user->files = nullptr;
        user->place = (struct vfs_context){};
        user->program = nullptr;
    }
    struct space *space = space_exchange(&process->space, nullptr);
    if (space)
        space_release(space);
}

static void process_end(struct process *process)
{
    terminal_leave(process);
    (void)arch_interrupts_disable();
    arch_space_activate(arch_space_kernel());
    arch_interrupts_enable();
    user_process_close(process);
    process_finish(process);
    vfork_release(process); // who waits for it finds a zombie, when nothing of this thread is left
}

// The thread leaves its process. True: it was the last one.
static bool thread_leave(struct thread *self, int code)
{
    struct process *process = self->process;
    mutex_acquire(&process_registry_lock);
    list_remove(&self->process_link);
    process->dead_cpu_ns += thread_cpu_time(self);
    process->dead_user_ns += thread_user_time(self);
    process->switches_voluntary += self->switches_voluntary;
    process->switches_involuntary += self->switches_involuntary;
    if (process->main_thread == self)
        process->main_thread = nullptr;
    bool last = --process->thread_count == 0;
    if (last && !process->exiting) {
        process->exiting = true;
        process->exit_code = (code & 0xff) << WAIT_CODE_SHIFT;
    }
    if (last && process->state == PROCESS_STOPPED)
        process_become(process, PROCESS_RUNNING);
    mutex_release(&process_registry_lock);
    return last;
}

[[noreturn]] void user_thread_exit(int code)
{
    struct thread *self = thread_current();
    futex_release_robust(self);
    uint64_t tid_at = self->user->clear_child_tid;
    uint32_t zero = 0;
    if (tid_at && self->process->thread_count > 1 && arch_copy_to_user(tid_at, &zero, sizeof zero) == STATUS_OK)
        futex_wake_address(tid_at, 1);
    if (thread_leave(self, code))
        process_end(self->process);
    thread_exit(code);
}

void threads_kill_others(struct process *process)
{
    list_for_each(node, &process->threads) {
        struct thread *thread = container_of(node, struct thread, process_link);
        if (thread == thread_current())
            continue;
        atomic_fetch_or(&thread->flags, THREAD_KILL_PENDING);
        thread_interrupt(thread);
        thread_continue(thread);
    }
}

void process_kill_locked(struct process *process, int wait_status)
{
    if (process->exiting)
        return;
    process->exiting = true;
    process->exit_code = wait_status;
    threads_kill_others(process);
}

[[noreturn]] void user_exit(int wait_status)
{
    struct process *process = process_current();
    mutex_acquire(&process_registry_lock);
    process_kill_locked(process, wait_status);
    mutex_release(&process_registry_lock);
    user_thread_exit(0);
}

// ---- the struct's last moments ----

void release_user_process(struct user_process *user)
{
    pending_signals_clear(&user->pending);
    signal_actions_release(user->actions);
    heap_free(user);
}

void release_user_thread(struct user_thread *user)
{
    pending_signals_clear(&user->pending);
    heap_free(user);
}

bool tell_parent_of_end(struct process *process) NO_LOCK_ANALYSIS // process_finish holds the registry
{
    struct process *parent = process->parent;
    if (!parent->user || !process->user->exit_signal)
        return true;
    int32_t status = process->exit_code;
    struct linux_siginfo info = { .number = process->user->exit_signal, .code = status & 0x7f ? LINUX_CLD_KILLED : LINUX_CLD_EXITED };
    info.process = (int32_t)process->id;
    info.user = process->user->user;
    info.status = status & 0x7f ? status & 0x7f : status >> WAIT_CODE_SHIFT;
    const struct signal_action *action = signal_action(parent->user->actions, LINUX_SIGCHLD);
    bool wanted = info.number != LINUX_SIGCHLD || (action->handler != LINUX_SIG_IGN && !(action->flags & LINUX_SA_NOCLDWAIT));
    signal_send_process_locked(parent, &info);
    return wanted;
}
