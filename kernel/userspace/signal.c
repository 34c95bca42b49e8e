// SPDX-License-Identifier: MIT
// signal.c: signals: kept, chosen, delivered.
//
// Purpose     Linux's signals: pending sets per thread and per process, masks, actions, default effects, job control.
// How         Sending puts a bit (and, while there is room, the siginfo) into a pending set and, if some thread lets it through,
//             flags that thread and ends its interruptible wait. Delivery happens on the way to user mode (signal_deliver), in
//             Linux's order (pending_choose). Stop and continue change the process's state at the moment of sending or delivery;
//             threads stop themselves on their way out of the kernel.
// Invariants  THREAD_SIGNALLED is set whenever the thread has something pending that it does not block. An ignored signal that
//             nobody blocks is never pending. SIGKILL and SIGSTOP are never blocked, ignored or caught.
// Locks       The registry (who is there), then actions->lock. The pending sets of a process and all its threads share that lock.
// Not here    The frame on the user stack (arch/<port>/signal.c), the system calls (syscall/signal.c).

#include <helix/user.h>

#include <arch/frame.h>
#include <arch/interrupt.h>
#include <arch/linux.h>
#include <arch/signal.h>

#include <helix/heap.h>
#include <helix/panic.h>

#include "userspace.h"

enum default_effect { EFFECT_TERMINATE, EFFECT_IGNORE, EFFECT_STOP, EFFECT_CONTINUE };

static const uint8_t default_effects[SIGNALS + 1] = {
    [LINUX_SIGCHLD] = EFFECT_IGNORE, [LINUX_SIGURG] = EFFECT_IGNORE, [LINUX_SIGWINCH] = EFFECT_IGNORE, [LINUX_SIGCONT] = EFFECT_CONTINUE,
    [LINUX_SIGSTOP] = EFFECT_STOP,   [LINUX_SIGTSTP] = EFFECT_STOP,  [LINUX_SIGTTIN] = EFFECT_STOP,    [LINUX_SIGTTOU] = EFFECT_STOP,
};

#define BIT(number_) (1ull << ((number_) - 1))
static const uint64_t never_blocked = BIT(LINUX_SIGKILL) | BIT(LINUX_SIGSTOP);
static const uint64_t stop_signals = BIT(LINUX_SIGSTOP) | BIT(LINUX_SIGTSTP) | BIT(LINUX_SIGTTIN) | BIT(LINUX_SIGTTOU);
static const uint64_t fault_signals =
    BIT(LINUX_SIGSEGV) | BIT(LINUX_SIGBUS) | BIT(LINUX_SIGFPE) | BIT(LINUX_SIGILL) | BIT(LINUX_SIGTRAP) | BIT(LINUX_SIGSYS);

// ---- pending sets; actions->lock is held ----

static struct queued_signal *queued_of(struct list_node *node)
{
    return container_of(node, struct queued_signal, link);
}

void pending_signals_init(struct pending_signals *pending)
{
    pending->set = 0;
    pending->length = 0;
    list_init(&pending->queue);
    list_init(&pending->first.link);
}

static struct queued_signal *queued_new(struct pending_signals *pending)
{
    if (!list_linked(&pending->first.link))
        return &pending->first;
    return pending->length < SIGNAL_QUEUE_MAX ? heap_alloc(sizeof(struct queued_signal)) : nullptr;
}

static void queued_free(struct pending_signals *pending, struct queued_signal *queued)
{
    list_remove(&queued->link);
    pending->length--;
    if (queued != &pending->first)
        heap_free(queued);
}

void pending_signals_clear(struct pending_signals *pending)
{
    list_for_each_safe(node, &pending->queue)
        queued_free(pending, queued_of(node));
}

[[gnu::always_inline]] static inline void pending_add(struct pending_signals *pending, int number, const struct linux_siginfo *info)
{
    uint64_t bit = signal_bit(number);
    if (pending->set & bit && number < SIGNAL_REALTIME_FIRST)
        return;
    pending->set |= bit;
    struct queued_signal *queued = queued_new(pending);
    if (!queued)
        return;
    queued->info = *info;
    list_add_tail(&pending->queue, &queued->link);
    pending->length++;
}

[[gnu::noinline]] static void pending_search(struct pending_signals *pending, int number, struct linux_siginfo *info)
{
    bool found = false, more = false;
    list_for_each_safe(node, &pending->queue) {
        struct queued_signal *queued = queued_of(node);
        if (queued->info.number != number)
            continue;
        more = found;
        if (found)
            break;
        *info = queued->info;
        found = true;
        queued_free(pending, queued);
        if (number < SIGNAL_REALTIME_FIRST)
            break; // there is never another
    }
    if (!found)
        *info = (struct linux_siginfo){ .number = number, .code = LINUX_SI_USER };
    if (!more)
        pending->set &= ~signal_bit(number);
}

// `told`: whether somebody looks at *info.
[[gnu::always_inline]] static inline void pending_take(struct pending_signals *pending, int number, struct linux_siginfo *info, bool told)
{
    struct queued_signal *first = &pending->first;
    if (pending->queue.next != &first->link || first->info.number != number || number >= SIGNAL_REALTIME_FIRST) {
        pending_search(pending, number, info);
        return;
    }
    if (told)
        *info = first->info;
    queued_free(pending, first);
    pending->set &= ~signal_bit(number);
}

static void pending_forget(struct pending_signals *pending, uint64_t set)
{
    pending->set &= ~set;
    list_for_each_safe(node, &pending->queue) {
        if (set & signal_bit(queued_of(node)->info.number))
            queued_free(pending, queued_of(node));
    }
}

static uint64_t deliverable(const struct thread *thread)
{
    return (thread->user->pending.set | thread->process->user->pending.set) & ~thread->user->blocked;
}

// The thread has something to take.
static void thread_flag(struct thread *thread)
{
    atomic_fetch_or(&thread->flags, THREAD_SIGNALLED);
    if (thread == thread_current())
        arch_exit_work_set(true);
    else
        thread_interrupt(thread);
}

// Brings THREAD_SIGNALLED in line.
static void thread_refresh(struct thread *thread)
{
    if (UNLIKELY(deliverable(thread)))
        thread_flag(thread);
    else if (thread->flags & THREAD_SIGNALLED)
        atomic_fetch_and(&thread->flags, ~THREAD_SIGNALLED);
}

bool signal_ignored(uint64_t handler, int number)
{
    return handler == LINUX_SIG_IGN || (handler == LINUX_SIG_DFL && default_effects[number] == EFFECT_IGNORE);
}

static bool action_ignores(const struct signal_actions *actions, int number)
{
    return signal_ignored(signal_action(actions, number)->handler, number);
}

// ---- stopping and continuing; the registry is held ----

static void parent_tell(struct process *process, int code, int status) MUST_HOLD(process_registry_lock)
{
    struct process *parent = process->parent;
    if (parent && parent->user && !(signal_action(parent->user->actions, LINUX_SIGCHLD)->flags & LINUX_SA_NOCLDSTOP)) {
        struct linux_siginfo info = { .number = LINUX_SIGCHLD, .code = code };
        info.process = (int32_t)process->id;
        info.status = status;
        signal_send_process_locked(parent, &info);
    }
    if (parent)
        wait_wake_all(&parent->child_event);
}

// `killed`: only so that it can die, which its parent hears about anyway.
static void process_continue(struct process *process, bool killed) MUST_HOLD(process_registry_lock)
{
    if (process->state != PROCESS_STOPPED)
        return;
    process_become(process, PROCESS_RUNNING);
    process->user->stop_status = 0;
    process->user->continued = !killed;
    list_for_each(node, &process->threads)
        thread_continue(container_of(node, struct thread, process_link));
    if (!killed)
        parent_tell(process, LINUX_CLD_CONTINUED, LINUX_SIGCONT);
}

static void process_stop(struct process *process, int number)
{
    mutex_acquire(&process_registry_lock);
    if (process->state == PROCESS_RUNNING && !process->exiting) {
        process_become(process, PROCESS_STOPPED);
        process->user->stop_status = (uint64_t)number;
        process->user->continued = false;
        list_for_each(node, &process->threads) {
            struct thread *thread = container_of(node, struct thread, process_link);
            atomic_fetch_or(&thread->flags, THREAD_SIGNALLED); // each stops on its own way out
            if (thread != thread_current())
                thread_interrupt(thread);
        }
        parent_tell(process, LINUX_CLD_STOPPED, number);
    }
    mutex_release(&process_registry_lock);
}

// ---- sending ----

// Stop and continue cancel each other while they are pending. actions->lock is held.
static void send_prepare(struct process *process, int number)
{
    struct user_process *user = process->user;
    if (LIKELY(!(signal_bit(number) & (stop_signals | signal_bit(LINUX_SIGCONT)))))
        return;
    if (number == LINUX_SIGCONT)
        pending_forget(&user->pending, stop_signals);
    if (stop_signals & signal_bit(number))
        pending_forget(&user->pending, signal_bit(LINUX_SIGCONT));
}

static struct thread *thread_willing(struct process *process, int number) MUST_HOLD(process_registry_lock)
{
    list_for_each(node, &process->threads) {
        struct thread *thread = container_of(node, struct thread, process_link);
        if (!(thread->user->blocked & signal_bit(number)))
            return thread;
    }
    return nullptr;
}

void signal_send_process_locked(struct process *process, const struct linux_siginfo *info)
{
    struct user_process *user = process->user;
    int number = info->number;
    if (!user || list_empty(&process->threads) || process->state == PROCESS_CREATING)
        return; // the kernel, or already a zombie: nobody would notice
    if (number == LINUX_SIGCONT || number == LINUX_SIGKILL)
        process_continue(process, number == LINUX_SIGKILL);
    struct signal_actions *actions = user->actions;
    spinlock_acquire(&actions->lock);
    send_prepare(process, number);
    struct thread *willing = thread_willing(process, number);
    if (!(willing && action_ignores(actions, number))) {
        pending_add(&user->pending, number, info);
        if (willing)
            thread_flag(willing);
    }
    spinlock_release(&actions->lock);
}

void signal_forget(struct process *process, int number)
{
    struct user_process *user = process->user;
    mutex_acquire(&process_registry_lock);
    spinlock_acquire(&user->actions->lock);
    if (action_ignores(user->actions, number)) {
        pending_forget(&user->pending, signal_bit(number));
        list_for_each(node, &process->threads)
            pending_forget(&container_of(node, struct thread, process_link)->user->pending, signal_bit(number));
    }
    spinlock_release(&user->actions->lock);
    mutex_release(&process_registry_lock);
}

enum status signal_send_process(struct process *process, const struct linux_siginfo *info)
{
    mutex_acquire(&process_registry_lock);
    signal_send_process_locked(process, info);
    mutex_release(&process_registry_lock);
    return STATUS_OK;
}

enum status signal_send_thread(struct thread *thread, const struct linux_siginfo *info)
{
    if (!thread->user)
        return STATUS_NOT_PERMITTED;
    struct signal_actions *actions = thread->process->user->actions;
    if (info->number == LINUX_SIGCONT || info->number == LINUX_SIGKILL) {
        mutex_acquire(&process_registry_lock);
        process_continue(thread->process, info->number == LINUX_SIGKILL);
        mutex_release(&process_registry_lock);
    }
    spinlock_acquire(&actions->lock);
    send_prepare(thread->process, info->number);
    if (thread->user->blocked & signal_bit(info->number) || !action_ignores(actions, info->number)) {
        pending_add(&thread->user->pending, info->number, info);
        thread_refresh(thread);
    }
    spinlock_release(&actions->lock);
    return STATUS_OK;
}

struct group_send {
    uint64_t group;
    const struct linux_siginfo *info;
    bool found;
};

static void group_send_one(void *context, struct process *process) NO_LOCK_ANALYSIS // the registry is held by process_each_locked's caller
{
    struct group_send *send = context;
    if (process->group != send->group || process->state == PROCESS_ZOMBIE)
        return;
    send->found = true;
    signal_send_process_locked(process, send->info);
}

enum status signal_send_group_locked(uint64_t group, const struct linux_siginfo *info)
{
    struct group_send send = { .group = group, .info = info };
    process_each_locked(group_send_one, &send);
    return send.found ? STATUS_OK : STATUS_NO_PROCESS;
}

enum status signal_send_group(uint64_t group, const struct linux_siginfo *info)
{
    mutex_acquire(&process_registry_lock);
    enum status outcome = signal_send_group_locked(group, info);
    mutex_release(&process_registry_lock);
    return outcome;
}

void signal_force(struct thread *thread, const struct linux_siginfo *info)
{
    struct signal_actions *actions = thread->process->user->actions;
    spinlock_acquire(&actions->lock);
    if (thread->user->blocked & signal_bit(info->number) || signal_action(actions, info->number)->handler == LINUX_SIG_IGN)
        signal_action_change(actions, info->number)->handler = LINUX_SIG_DFL;
    thread->user->blocked &= ~signal_bit(info->number);
    pending_forget(&thread->user->pending, signal_bit(info->number)); // the fault at hand is the one that counts
    pending_add(&thread->user->pending, info->number, info);
    thread_refresh(thread);
    spinlock_release(&actions->lock);
}

void signal_set_blocked(struct thread *self, uint64_t blocked)
{
    struct signal_actions *actions = self->process->user->actions;
    spinlock_acquire(&actions->lock);
    self->user->blocked = blocked & ~never_blocked;
    thread_refresh(self);
    spinlock_release(&actions->lock);
}

// ---- delivery ----

// Takes the next one of `set` in Linux's order: SIGKILL, then what was sent to the thread before what was sent to its process, of each
// faults first, then the lowest number. 0: none. actions->lock is held.
[[gnu::always_inline]] static inline int pending_choose(struct thread *self, uint64_t set, struct pending_signals **chosen)
{
    struct pending_signals *own = &self->user->pending, *shared = &self->process->user->pending;
    uint64_t kill = (own->set | shared->set) & set & signal_bit(LINUX_SIGKILL);
    struct pending_signals *from = own->set & (kill ? kill : set) ? own : shared;
    uint64_t held = kill ? kill : from->set & set;
    if (!held)
        return 0;
    *chosen = from;
    return __builtin_ctzll(held & fault_signals ? held & fault_signals : held) + 1;
}

uint64_t signal_restorer(const struct user_process *user, const struct signal_action *action)
{
    bool own = LINUX_HAS_RESTORER && action->flags & LINUX_SA_RESTORER;
    return own ? action->restorer : user->signal_return;
}

// Takes the next signal to deliver, and what is to be done about it; 0: none is left. What is blocked while its handler runs is blocked
// from now on; delivery->mask: what was blocked until now.
[[gnu::always_inline]] static inline int signal_take(struct thread *self, struct linux_siginfo *info, struct signal_delivery *delivery)
{
    struct user_thread *user = self->user;
    struct signal_actions *actions = self->process->user->actions;
    struct pending_signals *from;
    delivery->mask = user->blocked;
    spinlock_acquire(&actions->lock);
    int number = pending_choose(self, ~user->blocked, &from);
    if (LIKELY(number)) {
        const struct signal_action *action = signal_action(actions, number);
        pending_take(from, number, info, action->flags & LINUX_SA_SIGINFO || signal_bit(number) & fault_signals);
        delivery->number = number;
        delivery->address = UNLIKELY(signal_bit(number) & fault_signals) ? info->address : 0;
        delivery->handler = action->handler;
        delivery->flags = action->flags;
        delivery->restorer = signal_restorer(self->process->user, action);
        if (LIKELY(action->handler > LINUX_SIG_IGN)) {
            uint64_t own = action->flags & LINUX_SA_NODEFER ? 0 : signal_bit(number);
            user->blocked |= (action->mask | own) & ~never_blocked;
            if (UNLIKELY(action->flags & LINUX_SA_RESETHAND))
                signal_action_change(actions, number)->handler = LINUX_SIG_DFL;
        }
    }
    thread_refresh(self);
    spinlock_release(&actions->lock);
    return number;
}

// Takes a pending signal of `set`, blocked or not; 0: none.
static int signal_take_of(struct thread *self, uint64_t set, struct linux_siginfo *info)
{
    struct signal_actions *actions = self->process->user->actions;
    struct pending_signals *from;
    spinlock_acquire(&actions->lock);
    int number = pending_choose(self, set, &from);
    if (number)
        pending_take(from, number, info, true);
    thread_refresh(self);
    spinlock_release(&actions->lock);
    return number;
}

enum status signal_wait(struct thread *self, uint64_t set, uint64_t deadline_ns, struct linux_siginfo *info)
{
    uint64_t blocked = self->user->blocked;
    enum status outcome = STATUS_OK;
    set &= ~never_blocked;
    for (;;) {
        signal_set_blocked(self, blocked);
        if (signal_take_of(self, set, info))
            return STATUS_OK;
        if (outcome != STATUS_OK)
            return outcome;
        atomic_store(&self->wake_pending, false);
        signal_set_blocked(self, blocked & ~set); // so that one of the set ends the wait
        outcome = thread_block(BLOCK_SIGNAL, deadline_ns);
    }
}

static void default_act(struct thread *self, int number)
{
    switch (default_effects[number]) {
    case EFFECT_IGNORE:
    case EFFECT_CONTINUE: // done when it was sent
        return;
    case EFFECT_STOP:
        if (number == LINUX_SIGSTOP || !process_group_orphaned(self->process))
            process_stop(self->process, number);
        return;
    default:
        user_exit(number);
    }
}

// The result of an interrupted call, now that a handler will run: restarted only if its action asks for it.
static void syscall_resolve(struct thread *self, struct arch_frame *frame, uint64_t action_flags)
{
    enum { EINTR = 4 };
    if (!arch_frame_in_syscall(frame))
        return;
    int64_t result = arch_frame_result(frame);
    self->user->restart_deadline_ns = 0;
    if (LIKELY(result != SYSCALL_RESTART && result != SYSCALL_RESTART_NOHANDLER))
        return;
    if (result == SYSCALL_RESTART && action_flags & LINUX_SA_RESTART)
        arch_frame_restart_syscall(frame);
    else
        arch_frame_set_result(frame, -EINTR);
}

static bool on_alternate_stack(const struct linux_stack *stack, uint64_t sp)
{
    return sp - stack->pointer < stack->size;
}

[[gnu::noinline, gnu::cold]] static void handler_failed(struct thread *self, const struct signal_delivery *delivery)
{
    const struct linux_siginfo fault = { .number = LINUX_SIGSEGV, .code = LINUX_SI_KERNEL };
    if (delivery->number == LINUX_SIGSEGV)
        user_exit(LINUX_SIGSEGV);
    signal_set_blocked(self, delivery->mask);
    signal_force(self, &fault);
}

// False: it could not be entered, and SIGSEGV is pending.
[[gnu::always_inline]] static inline bool handler_enter(struct thread *self, struct arch_frame *frame, const struct linux_siginfo *info,
                                                        struct signal_delivery *delivery)
{
    struct user_thread *user = self->user;
    const struct linux_stack *alternate = &user->alternate_stack;
    uint64_t before = delivery->mask;
    delivery->info = info;
    delivery->on_alternate = false;
    if (LIKELY(!alternate->size)) {
        delivery->stack = (struct linux_stack){ .flags = LINUX_SS_DISABLE };
    } else {
        bool inside = on_alternate_stack(alternate, arch_frame_sp(frame));
        delivery->stack = *alternate;
        delivery->stack.flags = inside ? LINUX_SS_ONSTACK : 0;
        delivery->on_alternate = delivery->flags & LINUX_SA_ONSTACK && !inside;
    }
    if (UNLIKELY(user->restore_blocked))
        delivery->mask = user->saved_blocked;
    syscall_resolve(self, frame, delivery->flags);
    if (UNLIKELY(!delivery->restorer || arch_signal_push(frame, delivery) != STATUS_OK)) { // no way back, or no stack to run the handler on
        delivery->mask = before;
        handler_failed(self, delivery);
        return false;
    }
    user->restore_blocked = false;
    return true;
}

// No handler ran: interrupted calls begin anew, with the mask they came with.
static void syscall_restart(struct thread *self, struct arch_frame *frame)
{
    if (!arch_frame_in_syscall(frame))
        return;
    int64_t result = arch_frame_result(frame);
    if (result == SYSCALL_RESTART || result == SYSCALL_RESTART_NOHANDLER)
        arch_frame_restart_syscall(frame);
}

void signal_deliver(struct thread *self, struct arch_frame *frame)
{
    struct linux_siginfo info __attribute__((uninitialized));
    struct signal_delivery delivery __attribute__((uninitialized));
    for (;;) {
        if (UNLIKELY(self->process->state == PROCESS_STOPPED))
            thread_stop_self();
        uint32_t flags = self->flags;
        if (UNLIKELY(flags & THREAD_KILL_PENDING))
            user_thread_exit(0);
        int number = flags & THREAD_SIGNALLED ? signal_take(self, &info, &delivery) : 0;
        if (!number)
            break;
        if (delivery.handler == LINUX_SIG_DFL || number == LINUX_SIGKILL || number == LINUX_SIGSTOP)
            default_act(self, number);
        else if (delivery.handler != LINUX_SIG_IGN && LIKELY(handler_enter(self, frame, &info, &delivery)) &&
                 LIKELY(!(self->flags & (THREAD_SIGNALLED | THREAD_KILL_PENDING)) && self->process->state != PROCESS_STOPPED))
            return; // nothing is left to deliver, to restart or to restore
    }
    syscall_restart(self, frame);
    if (self->user->restore_blocked) {
        self->user->restore_blocked = false;
        signal_set_blocked(self, self->user->saved_blocked);
    }
}
