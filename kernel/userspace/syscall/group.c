// SPDX-License-Identifier: MIT
// group.c: process groups and sessions.

#include "calls.h"

int64_t sys_getpgrp(struct thread *self, const struct syscall_arguments *arguments)
{
    return (int64_t)self->process->group;
}

// Of the running process for id 0.
static int64_t read_of_process(struct thread *self, uint64_t id, bool session)
{
    int64_t result = syscall_result(STATUS_NO_PROCESS);
    mutex_acquire(&process_registry_lock);
    struct process *process = id ? process_find_locked(id) : self->process;
    if (process)
        result = (int64_t)(session ? process->session : process->group);
    mutex_release(&process_registry_lock);
    return result;
}

int64_t sys_getpgid(struct thread *self, const struct syscall_arguments *arguments)
{
    return read_of_process(self, (uint32_t)arguments->value[0], false);
}

int64_t sys_getsid(struct thread *self, const struct syscall_arguments *arguments)
{
    return read_of_process(self, (uint32_t)arguments->value[0], true);
}

struct group_search {
    uint64_t group, session;
    bool found;
};

static void group_look(void *context, struct process *process)
{
    struct group_search *search = context;
    search->found |= process->group == search->group && process->session == search->session;
}

static bool group_in_session(uint64_t group, uint64_t session) MUST_HOLD(process_registry_lock)
{
    struct group_search search = { group, session, false };
    process_each_locked(group_look, &search);
    return search.found;
}

static enum status group_set(struct process *caller, struct process *target, uint64_t group) MUST_HOLD(process_registry_lock)
{
    if (!target || (target != caller && target->parent != caller))
        return STATUS_NO_PROCESS;
    if (target != caller && target->session != caller->session)
        return STATUS_NOT_PERMITTED;
    if (target != caller && target->user->has_executed)
        return STATUS_DENIED;
    if (target->id == target->session)
        return STATUS_NOT_PERMITTED; // a session leader leads its group
    if (group != target->id && !group_in_session(group, caller->session))
        return STATUS_NOT_PERMITTED;
    target->group = group;
    return STATUS_OK;
}

int64_t sys_setpgid(struct thread *self, const struct syscall_arguments *arguments)
{
    int32_t id = (int32_t)arguments->value[0], group = (int32_t)arguments->value[1];
    if (id < 0 || group < 0)
        return syscall_result(group < 0 ? STATUS_BAD_ARGUMENT : STATUS_NO_PROCESS);
    mutex_acquire(&process_registry_lock);
    struct process *target = id ? process_find_locked((uint64_t)id) : self->process;
    enum status outcome = group_set(self->process, target, group ? (uint64_t)group : target ? target->id : 0);
    mutex_release(&process_registry_lock);
    return syscall_result(outcome);
}

struct group_use {
    uint64_t group;
    bool used;
};

static void group_use_look(void *context, struct process *process)
{
    struct group_use *use = context;
    use->used |= process->group == use->group;
}

int64_t sys_setsid(struct thread *self, const struct syscall_arguments *arguments)
{
    struct process *process = self->process;
    mutex_acquire(&process_registry_lock);
    struct group_use use = { process->id, false };
    process_each_locked(group_use_look, &use);
    if (!use.used) {
        process->session = process->group = process->id;
        process->user->terminal = nullptr;
    }
    mutex_release(&process_registry_lock);
    return use.used ? syscall_result(STATUS_NOT_PERMITTED) : (int64_t)process->id;
}
