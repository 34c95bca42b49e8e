// SPDX-License-Identifier: MIT
// signal_test.c: what is kept pending, in which order it is taken, and what cannot be blocked or ignored. Programs of ours
// (user/signals.c) show the rest: handlers, stopping, restarted calls.

#include <lib/string.h>

#include <arch/linux.h>

#include <helix/space.h>
#include <helix/test.h>

#include "userspace.h"

enum { REALTIME = 40 };

// ---- a Linux process whose only thread is the test ----

static bool user_begin(void)
{
    struct thread *self = thread_current();
    if (!CHECK(user_process_create(self->process) == STATUS_OK) || !CHECK(user_thread_create(self, 0) == STATUS_OK))
        return false;
    mutex_acquire(&process_registry_lock);
    process_add_thread(self->process, self);
    process_become(self->process, PROCESS_RUNNING);
    mutex_release(&process_registry_lock);
    return true;
}

// What remains goes with the thread and the process.
static void user_end(void)
{
    struct thread *self = thread_current();
    mutex_acquire(&process_registry_lock);
    list_remove(&self->process_link);
    self->process->thread_count = 0;
    self->process->main_thread = nullptr;
    process_become(self->process, PROCESS_ZOMBIE);
    mutex_release(&process_registry_lock);
    struct space *space = space_exchange(&self->process->space, nullptr); // it is still in use
    user_process_close(self->process);
    (void)space_exchange(&self->process->space, space);
}

static void send_process(int number, int value)
{
    struct linux_siginfo info = { .number = number };
    info.status = value;
    CHECK(signal_send_process(process_current(), &info) == STATUS_OK);
}

static void send_thread(int number, int value)
{
    struct linux_siginfo info = { .number = number };
    info.status = value;
    CHECK(signal_send_thread(thread_current(), &info) == STATUS_OK);
}

// Takes a pending one of `set`: its number, −1 when there is none.
static int take(uint64_t set, int *value)
{
    struct linux_siginfo info = {};
    if (signal_wait(thread_current(), set, 1, &info) != STATUS_OK)
        return -1;
    if (value)
        *value = info.status;
    return info.number;
}

static bool flagged(void)
{
    return atomic_load(&thread_current()->flags) & THREAD_SIGNALLED;
}

static uint64_t held(void)
{
    return thread_current()->user->pending.set | process_current()->user->pending.set;
}

static struct signal_action *action(int number)
{
    return signal_action_change(process_current()->user->actions, number);
}

// ---- pending sets ----

static void keeps_standard_signals_once(struct space *space)
{
    int value = 0;
    if (!user_begin())
        return;
    signal_set_blocked(thread_current(), UINT64_MAX);
    for (int i = 1; i <= 3; i++)
        send_process(LINUX_SIGUSR1, i);
    CHECK_EQUAL(process_current()->user->pending.length, 1);
    CHECK(!flagged());
    CHECK_EQUAL(take(signal_bit(LINUX_SIGUSR1), &value), LINUX_SIGUSR1);
    CHECK_EQUAL(value, 1); // the first one's details
    CHECK_EQUAL(take(signal_bit(LINUX_SIGUSR1), nullptr), -1);
    CHECK_EQUAL(held(), 0);
    user_end();
}

static void queues_realtime_signals(struct space *space)
{
    int value = 0;
    if (!user_begin())
        return;
    signal_set_blocked(thread_current(), UINT64_MAX);
    for (int i = 1; i <= 3; i++)
        send_process(REALTIME, i);
    send_process(REALTIME + 1, 9);
    CHECK_EQUAL(process_current()->user->pending.length, 4);
    for (int i = 1; i <= 3; i++) {
        CHECK_EQUAL(take(UINT64_MAX, &value), REALTIME);
        CHECK_EQUAL(value, i);
    }
    CHECK_EQUAL(take(UINT64_MAX, &value), REALTIME + 1);
    CHECK_EQUAL(take(UINT64_MAX, nullptr), -1);
    CHECK_EQUAL(process_current()->user->pending.length, 0);
    user_end();
}

static void takes_the_lowest_first(struct space *space)
{
    int value = 0;
    if (!user_begin())
        return;
    signal_set_blocked(thread_current(), UINT64_MAX);
    send_process(LINUX_SIGTERM, 0);
    send_process(LINUX_SIGHUP, 1);
    send_thread(LINUX_SIGHUP, 2);
    CHECK_EQUAL(take(signal_bit(LINUX_SIGTERM), nullptr), LINUX_SIGTERM); // only what is asked for
    CHECK_EQUAL(take(UINT64_MAX, &value), LINUX_SIGHUP);
    CHECK_EQUAL(value, 2); // the thread's own before the process's
    CHECK_EQUAL(take(UINT64_MAX, &value), LINUX_SIGHUP);
    CHECK_EQUAL(value, 1);
    user_end();
}

static void bounds_the_queue(struct space *space)
{
    struct pending_signals *pending;
    int taken = 0;
    if (!user_begin())
        return;
    pending = &thread_current()->user->pending;
    signal_set_blocked(thread_current(), UINT64_MAX);
    for (int i = 0; i < SIGNAL_QUEUE_MAX + 10; i++)
        send_thread(REALTIME, i);
    CHECK_EQUAL(pending->length, SIGNAL_QUEUE_MAX);
    send_thread(LINUX_SIGUSR2, 5);
    CHECK(pending->set & signal_bit(LINUX_SIGUSR2)); // without details, yet not lost
    CHECK_EQUAL(take(signal_bit(LINUX_SIGUSR2), nullptr), LINUX_SIGUSR2);
    while (take(UINT64_MAX, nullptr) == REALTIME)
        taken++;
    CHECK_EQUAL(taken, SIGNAL_QUEUE_MAX);
    CHECK_EQUAL(pending->set, 0);
    user_end();
}

// ---- what cancels, what is dropped ----

static void cancels_stop_and_continue(struct space *space)
{
    if (!user_begin())
        return;
    signal_set_blocked(thread_current(), UINT64_MAX);
    send_process(LINUX_SIGTSTP, 0);
    send_process(LINUX_SIGTTIN, 0);
    send_process(LINUX_SIGCONT, 0);
    CHECK_EQUAL(held(), signal_bit(LINUX_SIGCONT));
    send_process(LINUX_SIGTTOU, 0);
    CHECK_EQUAL(held(), signal_bit(LINUX_SIGTTOU));
    user_end();
}

static void drops_ignored_signals(struct space *space)
{
    if (!user_begin())
        return;
    send_process(LINUX_SIGCHLD, 0); // ignored by default
    send_thread(LINUX_SIGWINCH, 0);
    action(LINUX_SIGTERM)->handler = LINUX_SIG_IGN;
    send_process(LINUX_SIGTERM, 0);
    CHECK_EQUAL(held(), 0);
    signal_set_blocked(thread_current(), UINT64_MAX); // blocked ones wait: the action may change
    send_process(LINUX_SIGTERM, 0);
    send_thread(LINUX_SIGTERM, 0);
    send_process(LINUX_SIGUSR1, 0);
    CHECK_EQUAL(process_current()->user->pending.set, signal_bit(LINUX_SIGTERM) | signal_bit(LINUX_SIGUSR1));
    CHECK_EQUAL(thread_current()->user->pending.set, signal_bit(LINUX_SIGTERM));
    signal_forget(process_current(), LINUX_SIGUSR1); // not ignored: stays
    signal_forget(process_current(), LINUX_SIGTERM);
    CHECK_EQUAL(held(), signal_bit(LINUX_SIGUSR1));
    user_end();
}

// ---- masks and flags ----

static void flags_what_gets_through(struct space *space)
{
    struct thread *self = thread_current();
    if (!user_begin())
        return;
    signal_set_blocked(self, signal_bit(LINUX_SIGUSR1));
    send_process(LINUX_SIGUSR1, 0);
    CHECK(!flagged() && !thread_interrupted());
    signal_set_blocked(self, 0);
    CHECK(flagged() && thread_interrupted());
    CHECK(thread_block(BLOCK_OTHER, UINT64_MAX) == STATUS_INTERRUPTED); // does not begin to wait
    signal_set_blocked(self, signal_bit(LINUX_SIGUSR1));
    CHECK(!flagged());
    CHECK(thread_block(BLOCK_OTHER, time_ns() + NS_PER_MS) == STATUS_TIMEOUT);
    signal_set_blocked(self, UINT64_MAX);
    CHECK_EQUAL(~self->user->blocked, signal_bit(LINUX_SIGKILL) | signal_bit(LINUX_SIGSTOP));
    user_end();
}

static void ends_a_wait_for_others(struct space *space)
{
    struct linux_siginfo info;
    struct thread *self = thread_current();
    if (!user_begin())
        return;
    signal_set_blocked(self, signal_bit(LINUX_SIGUSR1));
    CHECK(signal_wait(self, signal_bit(LINUX_SIGUSR1), time_ns() + NS_PER_MS, &info) == STATUS_TIMEOUT);
    send_process(LINUX_SIGTERM, 0);
    CHECK(signal_wait(self, signal_bit(LINUX_SIGUSR1), time_ns() + NS_PER_S, &info) == STATUS_INTERRUPTED);
    CHECK_EQUAL(self->user->blocked, signal_bit(LINUX_SIGUSR1)); // as it was
    CHECK(held() & signal_bit(LINUX_SIGTERM));
    send_process(LINUX_SIGKILL, 0);
    CHECK_EQUAL(take(signal_bit(LINUX_SIGKILL), nullptr), -1); // cannot be waited for
    user_end();
}

static void forces_faults(struct space *space)
{
    struct linux_siginfo fault = { .number = LINUX_SIGSEGV, .address = 0x1234 }, info = {};
    struct thread *self = thread_current();
    if (!user_begin())
        return;
    action(LINUX_SIGSEGV)->handler = 0x40'0000;
    signal_force(self, &fault);
    CHECK_EQUAL(action(LINUX_SIGSEGV)->handler, 0x40'0000); // a handler may have it
    CHECK(flagged());
    signal_set_blocked(self, UINT64_MAX);
    fault.address = 0x5678;
    signal_force(self, &fault);
    CHECK_EQUAL(action(LINUX_SIGSEGV)->handler, LINUX_SIG_DFL); // blocked: nothing can
    CHECK(!(self->user->blocked & signal_bit(LINUX_SIGSEGV)) && flagged());
    CHECK(signal_wait(self, signal_bit(LINUX_SIGSEGV), 1, &info) == STATUS_OK);
    CHECK_EQUAL(info.address, 0x5678);
    CHECK_EQUAL(held(), 0);
    signal_set_blocked(self, 0);
    action(LINUX_SIGFPE)->handler = LINUX_SIG_IGN;
    fault.number = LINUX_SIGFPE;
    signal_force(self, &fault);
    CHECK_EQUAL(action(LINUX_SIGFPE)->handler, LINUX_SIG_DFL); // nor can it be ignored
    user_end();
}

static void reaches_groups(struct space *space)
{
    const struct linux_siginfo info = { .number = LINUX_SIGUSR2 };
    if (!user_begin())
        return;
    signal_set_blocked(thread_current(), UINT64_MAX);
    CHECK(signal_send_group(process_current()->group, &info) == STATUS_OK);
    CHECK_EQUAL(held(), signal_bit(LINUX_SIGUSR2));
    CHECK(signal_send_group(UINT64_MAX, &info) == STATUS_NO_PROCESS);
    user_end();
    CHECK(signal_send_group(process_current()->group, &info) == STATUS_NO_PROCESS); // a zombie is nobody
}

KERNEL_TEST(signal, keeps_standard_signals_once)
{
    CHECK(test_in_process(keeps_standard_signals_once));
}

KERNEL_TEST(signal, queues_realtime_signals_in_order)
{
    CHECK(test_in_process(queues_realtime_signals));
}

KERNEL_TEST(signal, takes_the_lowest_number_first_and_the_threads_own_before_the_processs)
{
    CHECK(test_in_process(takes_the_lowest_first));
}

KERNEL_TEST(signal, bounds_its_queue_and_loses_no_number)
{
    CHECK(test_in_process(bounds_the_queue));
}

KERNEL_TEST(signal, lets_stop_and_continue_cancel_each_other)
{
    CHECK(test_in_process(cancels_stop_and_continue));
}

KERNEL_TEST(signal, drops_what_is_ignored_unless_it_is_blocked)
{
    CHECK(test_in_process(drops_ignored_signals));
}

KERNEL_TEST(signal, flags_a_thread_only_for_what_gets_through)
{
    CHECK(test_in_process(flags_what_gets_through));
}

KERNEL_TEST(signal, ends_a_wait_for_others_and_never_gives_the_deadly_one_away)
{
    CHECK(test_in_process(ends_a_wait_for_others));
}

KERNEL_TEST(signal, forces_faults_past_masks_and_ignoring)
{
    CHECK(test_in_process(forces_faults));
}

KERNEL_TEST(signal, reaches_the_living_of_a_group)
{
    CHECK(test_in_process(reaches_groups));
}

TEST(signal, returns_handlers_where_the_action_says_or_else_to_the_kernels_page)
{
    struct user_process user = { .signal_return = 0x7000 };
    struct signal_action bare = { .handler = 0x1000, .restorer = 0x2000 };
    struct signal_action own = { .handler = 0x1000, .flags = LINUX_SA_RESTORER, .restorer = 0x2000 };
    CHECK_EQUAL(signal_restorer(&user, &bare), 0x7000);
    CHECK_EQUAL(signal_restorer(&user, &own), LINUX_HAS_RESTORER ? 0x2000 : 0x7000);
    user.signal_return = 0;
    CHECK_EQUAL(signal_restorer(&user, &bare), 0);
}

TEST(signal_actions, a_copy_has_what_was_changed_and_nothing_else)
{
    struct signal_actions *first, *second;
    CHECK(signal_actions_create(&first) == STATUS_OK);
    for (int number = 1; number <= SIGNALS; number++)
        CHECK_EQUAL(signal_action(first, number)->handler, LINUX_SIG_DFL);
    *signal_action_change(first, 1) = (struct signal_action){ .handler = 0x1000, .flags = LINUX_SA_RESETHAND, .mask = 6 };
    signal_action_change(first, SIGNALS)->handler = LINUX_SIG_IGN;
    CHECK(signal_actions_copy(first, &second) == STATUS_OK);
    signal_action_change(first, 1)->handler = 0x2000;
    signal_action_change(first, 2)->handler = 0x3000;
    CHECK_EQUAL(signal_action(second, 1)->handler, 0x1000);
    CHECK_EQUAL(signal_action(second, 1)->mask, 6);
    CHECK_EQUAL(signal_action(second, 2)->handler, LINUX_SIG_DFL);
    CHECK_EQUAL(signal_action(second, SIGNALS)->handler, LINUX_SIG_IGN);
    signal_actions_release(first);
    signal_actions_release(second);
    signal_actions_release(nullptr);
}

TEST(signal_actions, only_what_is_ignored_outlives_a_reset)
{
    struct signal_actions *actions;
    CHECK(signal_actions_create(&actions) == STATUS_OK);
    *signal_action_change(actions, 2) = (struct signal_action){ .handler = 0x1000, .mask = 6 };
    *signal_action_change(actions, 33) = (struct signal_action){ .handler = LINUX_SIG_DFL, .mask = 6 };
    *signal_action_change(actions, SIGNALS) = (struct signal_action){ .handler = LINUX_SIG_IGN, .flags = LINUX_SA_RESETHAND };
    signal_actions_reset(actions);
    CHECK_EQUAL(signal_action(actions, 2)->handler, LINUX_SIG_DFL);
    CHECK_EQUAL(signal_action(actions, 2)->mask, 0);
    CHECK_EQUAL(signal_action(actions, 33)->mask, 0);
    CHECK_EQUAL(signal_action(actions, SIGNALS)->handler, LINUX_SIG_IGN);
    CHECK_EQUAL(signal_action(actions, SIGNALS)->flags, 0);
    signal_actions_release(actions);
}
