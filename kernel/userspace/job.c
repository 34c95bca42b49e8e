// SPDX-License-Identifier: MIT
// job.c: job control: what a terminal may ask of processes, and signals that come from interrupt handlers.
//
// An interrupt handler (^C arriving at the serial port, an alarm) cannot take the registry, so it leaves its wish in a small ring
// and a kernel thread sends the signal at once afterwards, ahead of every normal thread.

#include <helix/panic.h>
#include <helix/scheduler.h>
#include <helix/tty.h>
#include <helix/user.h>

#include "userspace.h"

enum { WISHES = 64, SENDER_PRIORITY = 10 };

static struct {
    struct spinlock lock; // RANK_LATER, interrupts off
    struct wait_queue arrived;
    struct wish {
        uint64_t group;
        int number;
    } wish[WISHES];
    uint32_t first, count;
    struct list_node alarms; // user_process.alarm_link: each is in it once, so none is lost however many go off
} later = { .lock = SPINLOCK(RANK_LATER), .arrived = WAIT_QUEUE(later.arrived), .alarms = LIST_HEAD(later.alarms) };

static void terminal_signal_group(uint64_t group, int number)
{
    bool on = spinlock_acquire_irq(&later.lock);
    if (later.count < WISHES) // beyond that somebody leans on ^C: one more would change nothing
        later.wish[(later.first + later.count++) % WISHES] = (struct wish){ .group = group, .number = number };
    spinlock_release_irq(&later.lock, on);
    wait_wake_one(&later.arrived);
}

void alarm_send_later(struct user_process *user)
{
    bool on = spinlock_acquire_irq(&later.lock);
    if (!list_linked(&user->alarm_link))
        list_add_tail(&later.alarms, &user->alarm_link);
    spinlock_release_irq(&later.lock, on);
    wait_wake_one(&later.arrived);
}

void alarm_forget(struct user_process *user)
{
    bool on = spinlock_acquire_irq(&later.lock);
    list_remove(&user->alarm_link);
    spinlock_release_irq(&later.lock, on);
}

// With a reference: a process in the list has not ended yet (alarm_forget).
static struct process *alarm_take(void)
{
    bool on = spinlock_acquire_irq(&later.lock);
    struct list_node *node = list_take(&later.alarms);
    struct process *process = node ? container_of(node, struct user_process, alarm_link)->process : nullptr;
    if (process)
        process_retain(process);
    spinlock_release_irq(&later.lock, on);
    return process;
}

static bool wish_take(struct wish *wish)
{
    bool on = spinlock_acquire_irq(&later.lock);
    bool any = later.count;
    if (any) {
        *wish = later.wish[later.first];
        later.first = (later.first + 1) % WISHES;
        later.count--;
    }
    spinlock_release_irq(&later.lock, on);
    return any;
}

static void wish_send(const struct wish *wish)
{
    const struct linux_siginfo info = { .number = wish->number, .code = LINUX_SI_KERNEL };
    (void)signal_send_group(wish->group, &info); // the group may be gone by now
}

static bool alarm_send(void)
{
    const struct linux_siginfo info = { .number = LINUX_SIGALRM, .code = LINUX_SI_KERNEL };
    struct process *target = alarm_take();
    if (!target)
        return false;
    (void)signal_send_process(target, &info);
    process_release(target);
    return true;
}

static void sender_main(void *unused)
{
    struct waiter waiter;
    waiter_init(&waiter);
    for (;;) {
        struct wish wish;
        wait_begin(&later.arrived, &waiter);
        if (wish_take(&wish))
            wish_send(&wish);
        else if (!alarm_send())
            (void)thread_block_uninterruptible(BLOCK_SIGNAL, UINT64_MAX);
    }
}

struct orphan_search {
    uint64_t group, session;
    bool cared_for;
};

// The kernel's shell cares for the programs it waits for, as a shell among the processes would.
static bool parent_cares(const struct process *process)
{
    const struct process *parent = process->parent;
    if (!parent)
        return false;
    return parent->id ? parent->session == process->session && parent->group != process->group : process->awaited;
}

static void orphan_look(void *context, struct process *process)
{
    struct orphan_search *search = context;
    if (process->group == search->group && process->session == search->session && process->state != PROCESS_ZOMBIE && parent_cares(process))
        search->cared_for = true;
}

bool process_group_orphaned(struct process *process)
{
    mutex_acquire(&process_registry_lock);
    struct orphan_search search = { .group = process->group, .session = process->session };
    process_each_locked(orphan_look, &search);
    mutex_release(&process_registry_lock);
    return !search.cared_for;
}

// A background process touches the terminal: POSIX 11.1.4.
static enum status terminal_background_access(uint64_t group, int number)
{
    struct thread *self = thread_current();
    const struct linux_siginfo info = { .number = number, .code = LINUX_SI_KERNEL };
    const struct signal_action *action = signal_action(user_process(self)->actions, number);
    bool ignored = action->handler == LINUX_SIG_IGN || self->user->blocked & signal_bit(number);
    if (ignored)
        return number == LINUX_SIGTTIN ? STATUS_IO_ERROR : STATUS_OK;
    if (process_group_orphaned(self->process))
        return STATUS_IO_ERROR;
    (void)signal_send_group(group, &info);
    return STATUS_RESTART;
}

static uint64_t terminal_current_group(void)
{
    return process_current()->group;
}

static uint64_t terminal_current_session(void)
{
    return process_current()->session;
}

struct group_search {
    uint64_t group, session;
    bool found;
};

static void group_look(void *context, struct process *process)
{
    struct group_search *search = context;
    if (process->group == search->group && process->session == search->session)
        search->found = true;
}

static bool terminal_group_in_session(uint64_t group, uint64_t session)
{
    struct group_search search = { .group = group, .session = session };
    process_each(group_look, &search);
    return search.found;
}

enum status job_init(void)
{
    static const struct tty_hooks terminal = {
        .signal_group = terminal_signal_group,
        .background_access = terminal_background_access,
        .current_group = terminal_current_group,
        .current_session = terminal_current_session,
        .group_in_session = terminal_group_in_session,
    };
    tty_set_hooks(&terminal);
    struct thread *sender;
    const struct thread_request request = { .name = "signals", .entry = sender_main, .priority = { .base = SENDER_PRIORITY } };
    TRY(thread_create(&request, &sender));
    thread_start(sender);
    thread_release(sender);
    return STATUS_OK;
}
