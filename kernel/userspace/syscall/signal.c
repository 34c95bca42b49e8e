// SPDX-License-Identifier: MIT
// signal.c: the system calls of signals (their mechanism is ../signal.c).

#include <arch/frame.h>
#include <arch/linux.h>
#include <arch/signal.h>
#include <arch/user.h>

#include <helix/kernel_map.h>

#include "../userspace.h"
#include "arguments.h"
#include "calls.h"

enum : uint64_t { SET_SIZE = 8 };
enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

static bool signal_number(uint64_t number)
{
    return number >= 1 && number <= SIGNALS;
}

enum { REST_MASK = LINUX_HAS_RESTORER }; // struct linux_sigaction's last word; what stands before it is the restorer

static void action_read(const struct linux_sigaction *from, struct signal_action *to)
{
    *to = (struct signal_action){ .handler = from->handler, .flags = from->flags, .mask = from->rest[REST_MASK] };
    if (LINUX_HAS_RESTORER)
        to->restorer = from->rest[0];
}

static void action_write(const struct signal_action *from, struct linux_sigaction *to)
{
    *to = (struct linux_sigaction){ .handler = from->handler, .flags = from->flags, .rest = { from->restorer } };
    to->rest[REST_MASK] = from->mask;
}

int64_t sys_rt_sigaction(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    struct signal_actions *actions = user_process(self)->actions;
    struct linux_sigaction wanted __attribute__((uninitialized)), old __attribute__((uninitialized));
    if (!signal_number(value[0]) || value[3] != SET_SIZE)
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (value[1] && (value[0] == LINUX_SIGKILL || value[0] == LINUX_SIGSTOP))
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (value[1] && arch_copy_from_user(&wanted, value[1], sizeof wanted) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    spinlock_acquire(&actions->lock);
    if (value[2])
        action_write(signal_action(actions, (int)value[0]), &old);
    if (value[1])
        action_read(&wanted, signal_action_change(actions, (int)value[0]));
    spinlock_release(&actions->lock);
    if (value[1] && signal_ignored(wanted.handler, (int)value[0]))
        signal_forget(self->process, (int)value[0]);
    return value[2] ? syscall_result(arch_copy_to_user(value[2], &old, sizeof old)) : 0;
}

int64_t sys_rt_sigprocmask(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    uint64_t old = self->user->blocked, set;
    if (value[3] != SET_SIZE)
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (value[1]) {
        if (arch_copy_from_user(&set, value[1], sizeof set) != STATUS_OK)
            return syscall_result(STATUS_BAD_ADDRESS);
        if (value[0] > SIG_SETMASK)
            return syscall_result(STATUS_BAD_ARGUMENT);
        signal_set_blocked(self, value[0] == SIG_BLOCK ? old | set : value[0] == SIG_UNBLOCK ? old & ~set : set);
    }
    return value[2] ? syscall_result(arch_copy_to_user(value[2], &old, sizeof old)) : 0;
}

static bool on_alternate_stack(const struct thread *self)
{
    const struct linux_stack *held = &self->user->alternate_stack;
    uint64_t sp = arch_frame_sp(arch_user_frame(self->stack_low.raw + KERNEL_STACK_SIZE));
    return held->size && sp - held->pointer < held->size;
}

static enum status alternate_stack_set(struct thread *self, const struct linux_stack *wanted)
{
    bool off = wanted->flags & LINUX_SS_DISABLE;
    if (on_alternate_stack(self))
        return STATUS_NOT_PERMITTED;
    if (wanted->flags & ~(LINUX_SS_ONSTACK | LINUX_SS_DISABLE))
        return STATUS_BAD_ARGUMENT;
    if (!off && wanted->size < LINUX_MINSIGSTKSZ)
        return STATUS_NO_MEMORY;
    self->user->alternate_stack = off ? (struct linux_stack){} : (struct linux_stack){ .pointer = wanted->pointer, .size = wanted->size };
    return STATUS_OK;
}

int64_t sys_rt_sigreturn(struct thread *self, const struct syscall_arguments *arguments)
{
    struct arch_frame *frame = arch_user_frame(self->stack_low.raw + KERNEL_STACK_SIZE);
    uint64_t mask;
    struct linux_stack stack __attribute__((uninitialized));
    if (arch_signal_pop(frame, &mask, &stack) != STATUS_OK) {
        const struct linux_siginfo info = { .number = LINUX_SIGSEGV, .code = LINUX_SI_KERNEL };
        signal_force(self, &info);
        return 0;
    }
    signal_set_blocked(self, mask);
    if (self->user->alternate_stack.size || !(stack.flags & LINUX_SS_DISABLE))
        (void)alternate_stack_set(self, &stack); // as Linux: one that cannot be is left as it was
    syscall_leave(self);
}

int64_t sys_rt_sigpending(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t set = (self->user->pending.set | user_process(self)->pending.set) & self->user->blocked;
    if (arguments->value[1] > SET_SIZE)
        return syscall_result(STATUS_BAD_ARGUMENT);
    return syscall_result(arch_copy_to_user(arguments->value[0], &set, arguments->value[1]));
}

// Sleeps until a signal is delivered; the mask that was in force before comes back when the handler has its frame.
static int64_t signal_pause(struct thread *self)
{
    while (!thread_interrupted()) {
        atomic_store(&self->wake_pending, false);
        (void)thread_block(BLOCK_SIGNAL, UINT64_MAX);
    }
    return syscall_interrupted(SYSCALL_RESTART_NOHANDLER);
}

int64_t sys_pause(struct thread *self, const struct syscall_arguments *arguments)
{
    return signal_pause(self);
}

int64_t sys_rt_sigsuspend(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t set;
    if (arguments->value[1] != SET_SIZE)
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (arch_copy_from_user(&set, arguments->value[0], sizeof set) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    self->user->saved_blocked = self->user->blocked;
    self->user->restore_blocked = true;
    signal_set_blocked(self, set);
    return signal_pause(self);
}

int64_t sys_rt_sigtimedwait(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    uint64_t set, wait_ns, deadline_ns = UINT64_MAX;
    struct linux_siginfo info;
    if (value[3] != SET_SIZE)
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status outcome = arch_copy_from_user(&set, value[0], sizeof set);
    if (outcome == STATUS_OK && value[2])
        outcome = timespec_copy(value[2], &wait_ns);
    if (outcome != STATUS_OK)
        return syscall_result(outcome);
    if (value[2])
        deadline_ns = time_ns() + wait_ns;
    outcome = signal_wait(self, set, deadline_ns, &info);
    if (outcome == STATUS_OK && value[1])
        outcome = arch_copy_to_user(value[1], &info, sizeof info);
    if (outcome == STATUS_OK && value[1])
        outcome = arch_clear_user(value[1] + sizeof info, LINUX_SIGINFO_SIZE - sizeof info);
    return outcome == STATUS_OK ? info.number : syscall_result(outcome == STATUS_TIMEOUT ? STATUS_AGAIN : outcome);
}

int64_t sys_sigaltstack(struct thread *self, const struct syscall_arguments *arguments)
{
    const struct linux_stack *held = &self->user->alternate_stack;
    struct linux_stack wanted, old = *held;
    old.flags = !held->size ? LINUX_SS_DISABLE : on_alternate_stack(self) ? LINUX_SS_ONSTACK : 0;
    if (arguments->value[0]) {
        if (arch_copy_from_user(&wanted, arguments->value[0], sizeof wanted) != STATUS_OK)
            return syscall_result(STATUS_BAD_ADDRESS);
        enum status outcome = alternate_stack_set(self, &wanted);
        if (outcome != STATUS_OK)
            return syscall_result(outcome);
    }
    return arguments->value[1] ? syscall_result(arch_copy_to_user(arguments->value[1], &old, sizeof old)) : 0;
}

// ---- kill ----

static bool may_signal(const struct thread *self, const struct process *target)
{
    const struct user_process *from = user_process((struct thread *)self), *to = target->user;
    return to && (!from->effective_user || from->effective_user == to->user || from->user == to->user);
}

struct kill_many {
    struct thread *self;
    uint64_t group; // 0: everybody but the caller
    const struct linux_siginfo *info;
    bool found, allowed;
};

static void kill_one_of_many(void *context, struct process *process) NO_LOCK_ANALYSIS // kill_many holds the registry
{
    struct kill_many *many = context;
    bool meant = many->group ? process->group == many->group : process != many->self->process;
    if (!meant)
        return;
    many->found = true;
    if (!may_signal(many->self, process))
        return;
    many->allowed = true;
    if (many->info->number)
        signal_send_process_locked(process, many->info);
}

static enum status kill_many(struct thread *self, uint64_t group, const struct linux_siginfo *info)
{
    struct kill_many many = { .self = self, .group = group, .info = info };
    mutex_acquire(&process_registry_lock);
    process_each_locked(kill_one_of_many, &many);
    mutex_release(&process_registry_lock);
    return !many.found ? STATUS_NO_PROCESS : many.allowed ? STATUS_OK : STATUS_NOT_PERMITTED;
}

static enum status kill_process(struct thread *self, uint64_t id, const struct linux_siginfo *info)
{
    enum status outcome = STATUS_NO_PROCESS;
    if (id == PROCESS_INIT) // has no handlers, so on Linux too nothing would come of it
        return user_process(self)->effective_user ? STATUS_NOT_PERMITTED : STATUS_OK;
    mutex_acquire(&process_registry_lock);
    struct process *target = process_find_locked(id);
    if (target) {
        outcome = may_signal(self, target) ? STATUS_OK : STATUS_NOT_PERMITTED;
        if (outcome == STATUS_OK && info->number)
            signal_send_process_locked(target, info);
    }
    mutex_release(&process_registry_lock);
    return outcome;
}

static void info_fill(struct linux_siginfo *info, struct thread *self, int number, int code)
{
    *info = (struct linux_siginfo){ .number = number, .code = code };
    info->process = (int32_t)self->process->id;
    info->user = user_process(self)->user;
}

int64_t sys_kill(struct thread *self, const struct syscall_arguments *arguments)
{
    int32_t id = (int32_t)arguments->value[0];
    uint64_t number = (uint32_t)arguments->value[1];
    if (number > SIGNALS)
        return syscall_result(STATUS_BAD_ARGUMENT);
    struct linux_siginfo info __attribute__((uninitialized));
    info_fill(&info, self, (int)number, LINUX_SI_USER);
    if (id > 0)
        return syscall_result(kill_process(self, (uint64_t)id, &info));
    uint64_t group = id == 0 ? self->process->group : id == -1 ? 0 : (uint64_t)-(int64_t)id;
    return syscall_result(kill_many(self, group, &info));
}

// `group` 0: any (tkill).
static int64_t thread_kill(struct thread *self, int32_t group, int32_t id, uint64_t number)
{
    if (id <= 0 || group < 0 || number > SIGNALS)
        return syscall_result(STATUS_BAD_ARGUMENT);
    struct thread *target = thread_find((uint64_t)id);
    if (!target)
        return syscall_result(STATUS_NO_PROCESS);
    enum status outcome = STATUS_NO_PROCESS;
    if (target->user && (!group || target->process->id == (uint64_t)group))
        outcome = may_signal(self, target->process) ? STATUS_OK : STATUS_NOT_PERMITTED;
    if (outcome == STATUS_OK && number) {
        struct linux_siginfo info __attribute__((uninitialized));
        info_fill(&info, self, (int)number, LINUX_SI_TKILL);
        outcome = signal_send_thread(target, &info);
    }
    thread_release(target);
    return syscall_result(outcome);
}

int64_t sys_tkill(struct thread *self, const struct syscall_arguments *arguments)
{
    return thread_kill(self, 0, (int32_t)arguments->value[0], (uint32_t)arguments->value[1]);
}

int64_t sys_tgkill(struct thread *self, const struct syscall_arguments *arguments)
{
    if ((int32_t)arguments->value[0] <= 0)
        return syscall_result(STATUS_BAD_ARGUMENT);
    return thread_kill(self, (int32_t)arguments->value[0], (int32_t)arguments->value[1], (uint32_t)arguments->value[2]);
}
