// SPDX-License-Identifier: MIT
// proc_figures.c: gathers what /proc says of a process, under the locks that hold it still.
#include "proc_figures.h"

#include <lib/string.h>

#include <helix/process_view.h>
#include <helix/space.h>
#include <helix/tty.h>
#include <helix/user.h>

static char thread_letter(const struct thread *thread)
{
    switch ((enum thread_state)thread->state) {
    case THREAD_READY:
    case THREAD_RUNNING:
        return 'R';
    case THREAD_BLOCKED:
        return thread->interruptible ? 'S' : 'D';
    case THREAD_STOPPED:
        return 'T';
    case THREAD_ZOMBIE:
        return 'Z';
    case THREAD_DEAD:
        return 'X';
    default:
        return 'S';
    }
}

static void add_thread(struct process_figures *figures, const struct thread *thread)
{
    figures->cpu_ns += thread_user_time(thread) + thread_kernel_time(thread);
    figures->user_ns += thread_user_time(thread);
    figures->switches_voluntary += thread->switches_voluntary;
    figures->switches_involuntary += thread->switches_involuntary;
}

static void take_scheduling(struct process_figures *figures, const struct thread *thread)
{
    enum { HIGHEST_REALTIME = 99, NICE_ZERO = 20 };
    figures->cpu = thread->cpu;
    figures->nice = priority_to_nice(thread->priority);
    figures->priority = figures->nice + NICE_ZERO;
    if (priority_is_realtime(thread->priority)) {
        figures->realtime = HIGHEST_REALTIME - thread->priority.base;
        figures->priority = -1 - figures->realtime;
    }
}

// A process runs when one of its threads does.
static void take_threads(struct process *process, struct process_figures *figures) MUST_HOLD(process_registry_lock)
{
    figures->state = 'S';
    figures->cpu_ns = process->dead_cpu_ns;
    figures->user_ns = process->dead_user_ns;
    figures->switches_voluntary = process->switches_voluntary;
    figures->switches_involuntary = process->switches_involuntary;
    list_for_each(node, &process->threads) {
        const struct thread *thread = container_of(node, struct thread, process_link);
        char letter = thread_letter(thread);
        add_thread(figures, thread);
        if (letter == 'R' || (letter == 'D' && figures->state != 'R'))
            figures->state = letter;
    }
    if (process->main_thread)
        take_scheduling(figures, process->main_thread);
    if (process->state == PROCESS_STOPPED)
        figures->state = 'T';
    if (process->state == PROCESS_ZOMBIE)
        figures->state = 'Z';
    if (process->state == PROCESS_DEAD)
        figures->state = 'X';
}

static void take_signals(const struct process *process, const struct thread *thread, struct process_figures *figures)
{
    const struct user_process *user = process->user;
    spinlock_acquire(&user->actions->lock);
    figures->pending_process = user->pending.set;
    if (thread && thread->user) {
        figures->pending = thread->user->pending.set;
        figures->blocked = thread->user->blocked;
    }
    for (int number = 1; number <= SIGNALS; number++) {
        uint64_t handler = signal_action(user->actions, number)->handler;
        figures->ignored |= handler == LINUX_SIG_IGN ? signal_bit(number) : 0;
        figures->caught |= handler > LINUX_SIG_IGN ? signal_bit(number) : 0;
    }
    spinlock_release(&user->actions->lock);
}

static void take_user(const struct process *process, struct process_figures *figures)
{
    const struct user_process *user = process->user;
    uint32_t users[] = { user->user, user->effective_user, user->saved_user, user->effective_user };
    uint32_t groups[] = { user->group, user->effective_group, user->saved_group, user->effective_group };
    memcpy(figures->user_ids, users, sizeof users);
    memcpy(figures->group_ids, groups, sizeof groups);
    figures->umask = user->place.umask;
    figures->exit_signal = user->exit_signal;
    if (!user->terminal || tty_session(user->terminal) != process->session)
        return;
    figures->terminal = tty_number(user->terminal);
    figures->terminal_group = (int64_t)tty_foreground(user->terminal);
}

static void take_space(struct process *process, struct process_figures *figures)
{
    struct space *space = process_view_space(process);
    if (!space)
        return;
    struct space_usage usage = {};
    space_usage(space, &usage);
    figures->mapped = usage.mapped;
    figures->mapped_peak = usage.mapped_peak;
    figures->resident_peak = usage.resident_peak;
    figures->locked = usage.locked;
    figures->resident = usage.resident;
    figures->shared = usage.shared;
    figures->text = usage.text;
    figures->data = usage.data;
    figures->stack = usage.stack;
    figures->faults_minor = usage.faults_minor;
    figures->heap_start = space->heap_start;
    figures->argument_start = space->argument_start;
    figures->argument_end = space->argument_end;
    figures->environment_start = space->environment_start;
    figures->environment_end = space->environment_end;
    space_release(space);
}

static void take_one_thread(const struct thread *thread, struct process_figures *figures)
{
    figures->id = thread->id;
    figures->state = thread_letter(thread);
    figures->created_ns = thread->created_ns;
    figures->cpu_ns = figures->user_ns = figures->switches_voluntary = figures->switches_involuntary = 0;
    add_thread(figures, thread);
    take_scheduling(figures, thread);
    string_copy(figures->name, thread->name, sizeof figures->name);
}

void process_figures(struct process *process, struct thread *thread, struct process_figures *figures)
{
    *figures = (struct process_figures){ .id = process->id, .leader = process->id, .terminal_group = -1 };
    mutex_acquire(&process_registry_lock);
    figures->parent = process->parent_id;
    figures->group = process->group;
    figures->session = process->session;
    figures->created_ns = process->created_ns;
    figures->threads = process->thread_count;
    figures->reaped_cpu_ns = process->reaped_cpu_ns;
    figures->reaped_user_ns = process->reaped_user_ns;
    figures->exit_code = process->state == PROCESS_ZOMBIE ? process->exit_code : 0;
    const struct thread *main = process->main_thread;
    string_copy(figures->name, main && !thread ? main->name : process->name, sizeof figures->name);
    take_threads(process, figures);
    if (thread)
        take_one_thread(thread, figures);
    if (process->user && process->user->actions) {
        take_user(process, figures);
        take_signals(process, thread ? thread : main, figures);
    }
    mutex_release(&process_registry_lock);
    take_space(process, figures);
}
