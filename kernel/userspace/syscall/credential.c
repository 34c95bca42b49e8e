// SPDX-License-Identifier: MIT
// credential.c: user and group ids. A process with effective user 0 may take any; others only among their own three.

#include <arch/user.h>

#include <lib/string.h>

#include "calls.h"

enum : uint32_t { UNCHANGED = UINT32_MAX };

struct identity {
    uint32_t real, effective, saved;
};

static struct identity user_identity(const struct user_process *user)
{
    return (struct identity){ user->user, user->effective_user, user->saved_user };
}

static struct identity group_identity(const struct user_process *user)
{
    return (struct identity){ user->group, user->effective_group, user->saved_group };
}

static bool identity_holds(struct identity held, uint32_t id)
{
    return id == UNCHANGED || id == held.real || id == held.effective || id == held.saved;
}

// All three or none.
static enum status identity_set(struct user_process *user, bool group, struct identity wanted)
{
    struct identity held = group ? group_identity(user) : user_identity(user);
    if (user->effective_user &&
        !(identity_holds(held, wanted.real) && identity_holds(held, wanted.effective) && identity_holds(held, wanted.saved)))
        return STATUS_NOT_PERMITTED;
    *(group ? &user->group : &user->user) = wanted.real == UNCHANGED ? held.real : wanted.real;
    *(group ? &user->saved_group : &user->saved_user) = wanted.saved == UNCHANGED ? held.saved : wanted.saved;
    *(group ? &user->effective_group : &user->effective_user) = wanted.effective == UNCHANGED ? held.effective : wanted.effective;
    return STATUS_OK;
}

// setuid: root changes all three, others the effective one.
static int64_t identity_set_one(struct thread *self, bool group, uint32_t id)
{
    struct user_process *user = user_process(self);
    if (id == UNCHANGED)
        return syscall_result(STATUS_BAD_ARGUMENT);
    bool root = !user->effective_user;
    return syscall_result(identity_set(user, group, (struct identity){ root ? id : UNCHANGED, id, root ? id : UNCHANGED }));
}

// setreuid: the saved one follows the effective one when the real one is set or the effective one leaves it.
static int64_t identity_set_two(struct thread *self, bool group, uint32_t real, uint32_t effective)
{
    struct user_process *user = user_process(self);
    struct identity held = group ? group_identity(user) : user_identity(user);
    bool follows = real != UNCHANGED || (effective != UNCHANGED && effective != held.real);
    uint32_t saved = !follows ? UNCHANGED : effective == UNCHANGED ? held.effective : effective;
    return syscall_result(identity_set(user, group, (struct identity){ real, effective, saved }));
}

static int64_t identity_store(struct identity held, const uint64_t *at)
{
    const uint32_t values[] = { held.real, held.effective, held.saved };
    for (size_t i = 0; i < 3; i++) {
        if (arch_copy_to_user(at[i], &values[i], sizeof values[i]) != STATUS_OK)
            return syscall_result(STATUS_BAD_ADDRESS);
    }
    return 0;
}

int64_t sys_getuid(struct thread *self, const struct syscall_arguments *arguments)
{
    return user_process(self)->user;
}

int64_t sys_getgid(struct thread *self, const struct syscall_arguments *arguments)
{
    return user_process(self)->group;
}

int64_t sys_geteuid(struct thread *self, const struct syscall_arguments *arguments)
{
    return user_process(self)->effective_user;
}

int64_t sys_getegid(struct thread *self, const struct syscall_arguments *arguments)
{
    return user_process(self)->effective_group;
}

int64_t sys_setuid(struct thread *self, const struct syscall_arguments *arguments)
{
    return identity_set_one(self, false, (uint32_t)arguments->value[0]);
}

int64_t sys_setgid(struct thread *self, const struct syscall_arguments *arguments)
{
    return identity_set_one(self, true, (uint32_t)arguments->value[0]);
}

int64_t sys_setreuid(struct thread *self, const struct syscall_arguments *arguments)
{
    return identity_set_two(self, false, (uint32_t)arguments->value[0], (uint32_t)arguments->value[1]);
}

int64_t sys_setregid(struct thread *self, const struct syscall_arguments *arguments)
{
    return identity_set_two(self, true, (uint32_t)arguments->value[0], (uint32_t)arguments->value[1]);
}

int64_t sys_setresuid(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    return syscall_result(
        identity_set(user_process(self), false, (struct identity){ (uint32_t)value[0], (uint32_t)value[1], (uint32_t)value[2] }));
}

int64_t sys_setresgid(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    return syscall_result(
        identity_set(user_process(self), true, (struct identity){ (uint32_t)value[0], (uint32_t)value[1], (uint32_t)value[2] }));
}

int64_t sys_getresuid(struct thread *self, const struct syscall_arguments *arguments)
{
    return identity_store(user_identity(user_process(self)), arguments->value);
}

int64_t sys_getresgid(struct thread *self, const struct syscall_arguments *arguments)
{
    return identity_store(group_identity(user_process(self)), arguments->value);
}

int64_t sys_getgroups(struct thread *self, const struct syscall_arguments *arguments)
{
    const struct user_process *user = user_process(self);
    int32_t room = (int32_t)arguments->value[0];
    if (room && (room < 0 || (uint32_t)room < user->group_count))
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (room && arch_copy_to_user(arguments->value[1], user->groups, user->group_count * sizeof *user->groups) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    return user->group_count;
}

int64_t sys_setgroups(struct thread *self, const struct syscall_arguments *arguments)
{
    struct user_process *user = user_process(self);
    uint32_t groups[GROUPS_MAX];
    uint64_t count = (uint32_t)arguments->value[0];
    if (user->effective_user)
        return syscall_result(STATUS_NOT_PERMITTED);
    if (count > GROUPS_MAX)
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (arch_copy_from_user(groups, arguments->value[1], count * sizeof *groups) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    memcpy(user->groups, groups, count * sizeof *groups);
    user->group_count = (uint32_t)count;
    return 0;
}
