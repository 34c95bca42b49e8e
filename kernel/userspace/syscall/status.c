// SPDX-License-Identifier: MIT
// status.c: system calls that ask about files: stat and its relatives, access, statfs.
#include <abi/linux/statx.h>

#include <arch/linux.h>
#include <arch/user.h>

#include "calls.h"
#include "path_argument.h"

enum : uint32_t { STAT_FLAGS = LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT | LINUX_AT_EMPTY_PATH };

static enum status stat_descriptor(struct thread *self, uint64_t number, struct linux_stat *status)
{
    struct borrowed_file borrowed = descriptor_borrow(self, (int)number);
    if (!borrowed.file)
        return STATUS_BAD_HANDLE;
    file_stat(borrowed.file, status);
    descriptor_give_back(borrowed);
    return STATUS_OK;
}

// Whether the path is empty and AT_EMPTY_PATH makes the descriptor itself the object.
static enum status names_descriptor(int directory, uint64_t path, uint32_t flags, bool *yes)
{
    char first;
    *yes = false;
    if (!(flags & LINUX_AT_EMPTY_PATH) || directory == LINUX_AT_FDCWD)
        return STATUS_OK;
    TRY(arch_copy_from_user(&first, path, 1));
    *yes = first == '\0';
    return STATUS_OK;
}

static enum status stat_at(struct thread *self, int directory, uint64_t path, uint32_t flags, struct linux_stat *result)
{
    bool descriptor;
    TRY(names_descriptor(directory, path, flags, &descriptor));
    if (descriptor)
        return stat_descriptor(self, (uint64_t)directory, result);
    struct entry *entry;
    TRY(path_lookup(self, directory, path, flags, &entry));
    vfs_stat_node(entry_node(entry), result);
    entry_release(entry);
    return STATUS_OK;
}

static int64_t stat_result(enum status status, const struct linux_stat *result, uint64_t to)
{
    return syscall_result(status == STATUS_OK ? arch_copy_to_user(to, result, sizeof(*result)) : status);
}

int64_t sys_fstat(struct thread *self, const struct syscall_arguments *arguments)
{
    struct linux_stat result __attribute__((uninitialized));
    enum status status = stat_descriptor(self, arguments->value[0], &result);
    return stat_result(status, &result, arguments->value[1]);
}

static int64_t stat_path(struct thread *self, int directory, uint64_t path, uint64_t to, uint32_t flags)
{
    struct linux_stat result __attribute__((uninitialized));
    if (flags & ~STAT_FLAGS)
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status status = stat_at(self, directory, path, flags, &result);
    return stat_result(status, &result, to);
}

int64_t sys_stat(struct thread *self, const struct syscall_arguments *arguments)
{
    return stat_path(self, LINUX_AT_FDCWD, arguments->value[0], arguments->value[1], 0);
}

int64_t sys_lstat(struct thread *self, const struct syscall_arguments *arguments)
{
    return stat_path(self, LINUX_AT_FDCWD, arguments->value[0], arguments->value[1], LINUX_AT_SYMLINK_NOFOLLOW);
}

int64_t sys_newfstatat(struct thread *self, const struct syscall_arguments *arguments)
{
    return stat_path(self, (int)arguments->value[0], arguments->value[1], arguments->value[2], (uint32_t)arguments->value[3]);
}

// ---- statx ----

static struct linux_statx_timestamp statx_time(const struct linux_timespec *time)
{
    return (struct linux_statx_timestamp){ .seconds = time->seconds, .nanoseconds = (uint32_t)time->nanoseconds };
}

static uint32_t device_major(uint64_t device)
{
    return (uint32_t)(device >> 8 & 0xfff);
}

static uint32_t device_minor(uint64_t device)
{
    return (uint32_t)((device & 0xff) | (device >> 12 & 0xfff00));
}

static void statx_fill(struct linux_statx *to, const struct linux_stat *from)
{
    *to = (struct linux_statx){
        .mask = LINUX_STATX_BASIC_STATS,
        .block_size = (uint32_t)from->block_size,
        .links = (uint32_t)from->links,
        .user = from->user,
        .group = from->group,
        .mode = (uint16_t)from->mode,
        .number = from->number,
        .size = (uint64_t)from->size,
        .blocks = (uint64_t)from->blocks,
        .accessed = statx_time(&from->accessed),
        .modified = statx_time(&from->modified),
        .changed = statx_time(&from->changed),
        .special_major = device_major(from->special_device),
        .special_minor = device_minor(from->special_device),
        .device_major = device_major(from->device),
        .device_minor = device_minor(from->device),
    };
}

int64_t sys_statx(struct thread *self, const struct syscall_arguments *arguments)
{
    struct linux_stat found;
    struct linux_statx result;
    uint32_t flags = (uint32_t)arguments->value[2], mask = (uint32_t)arguments->value[3];
    if ((flags & ~(STAT_FLAGS | LINUX_AT_STATX_SYNC_TYPE)) || (flags & LINUX_AT_STATX_SYNC_TYPE) == LINUX_AT_STATX_SYNC_TYPE ||
        (mask & LINUX_STATX_RESERVED))
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status status = stat_at(self, (int)arguments->value[0], arguments->value[1], flags & STAT_FLAGS, &found);
    if (status != STATUS_OK)
        return syscall_result(status);
    statx_fill(&result, &found);
    return syscall_result(arch_copy_to_user(arguments->value[4], &result, sizeof(result)));
}

// ---- access ----

static int64_t access_at(struct thread *self, int directory, uint64_t path, uint32_t mode, uint32_t flags)
{
    struct entry *entry;
    const struct user_process *user = user_process(self);
    if (mode & ~(uint32_t)(LINUX_R_OK | LINUX_W_OK | LINUX_X_OK))
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status status = path_lookup(self, directory, path, flags, &entry);
    if (status != STATUS_OK)
        return syscall_result(status);
    bool effective = flags & LINUX_AT_EACCESS;
    // The bits of access(2) are those of NODE_MAY_….
    if (mode != LINUX_F_OK)
        status = node_permission_as(entry_node(entry), mode, effective ? user->effective_user : user->user,
                                    effective ? user->effective_group : user->group);
    entry_release(entry);
    return syscall_result(status);
}

int64_t sys_access(struct thread *self, const struct syscall_arguments *arguments)
{
    return access_at(self, LINUX_AT_FDCWD, arguments->value[0], (uint32_t)arguments->value[1], 0);
}

int64_t sys_faccessat(struct thread *self, const struct syscall_arguments *arguments)
{
    return access_at(self, (int)arguments->value[0], arguments->value[1], (uint32_t)arguments->value[2], 0);
}

int64_t sys_faccessat2(struct thread *self, const struct syscall_arguments *arguments)
{
    uint32_t flags = (uint32_t)arguments->value[3];
    if (flags & ~(uint32_t)(LINUX_AT_EACCESS | LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
        return syscall_result(STATUS_BAD_ARGUMENT);
    return access_at(self, (int)arguments->value[0], arguments->value[1], (uint32_t)arguments->value[2], flags);
}

// ---- statfs ----

static int64_t statfs_node(struct node *node, uint64_t to)
{
    struct linux_statfs result;
    vfs_statistics(node->file_system, &result);
    return syscall_result(arch_copy_to_user(to, &result, sizeof(result)));
}

int64_t sys_statfs(struct thread *self, const struct syscall_arguments *arguments)
{
    struct entry *entry;
    enum status status = path_lookup(self, LINUX_AT_FDCWD, arguments->value[0], 0, &entry);
    if (status != STATUS_OK)
        return syscall_result(status);
    int64_t result = statfs_node(entry_node(entry), arguments->value[1]);
    entry_release(entry);
    return result;
}

int64_t sys_fstatfs(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *file;
    enum status status = file_argument(self, arguments->value[0], &file);
    if (status != STATUS_OK)
        return syscall_result(status);
    int64_t result = file->node ? statfs_node(file->node, arguments->value[1]) : syscall_result(STATUS_UNSUPPORTED);
    file_release(file);
    return result;
}
