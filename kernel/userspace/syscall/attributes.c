// SPDX-License-Identifier: MIT
// attributes.c: system calls that change mode, owner and times of files.
#include <abi/linux/fcntl.h>
#include <abi/linux/resource.h>

#include <arch/user.h>

#include <helix/timer.h>

#include "calls.h"
#include "path_argument.h"

// ---- mode ----

static int64_t change_mode_at(struct thread *self, int directory, uint64_t path, uint64_t mode)
{
    struct entry *entry;
    enum status status = path_lookup(self, directory, path, 0, &entry);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = node_change_mode(entry_node(entry), (uint32_t)mode);
    entry_release(entry);
    return syscall_result(status);
}

int64_t sys_chmod(struct thread *self, const struct syscall_arguments *arguments)
{
    return change_mode_at(self, LINUX_AT_FDCWD, arguments->value[0], arguments->value[1]);
}

int64_t sys_fchmodat(struct thread *self, const struct syscall_arguments *arguments)
{
    return change_mode_at(self, (int)arguments->value[0], arguments->value[1], arguments->value[2]);
}

// The node of a descriptor that stands for an open file, not just a path.
static enum status node_argument(struct thread *self, uint64_t number, struct open_file **file)
{
    TRY(file_argument(self, number, file));
    bool path_only = atomic_load_explicit(&(*file)->flags, memory_order_relaxed) & LINUX_O_PATH;
    if ((*file)->node && !path_only)
        return STATUS_OK;
    file_release(*file);
    return path_only ? STATUS_BAD_HANDLE : STATUS_BAD_ARGUMENT;
}

int64_t sys_fchmod(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *file;
    enum status status = node_argument(self, arguments->value[0], &file);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = node_change_mode(file->node, (uint32_t)arguments->value[1]);
    file_release(file);
    return syscall_result(status);
}

// ---- owner ----

static int64_t change_owner_at(struct thread *self, int directory, uint64_t path, uint64_t user, uint64_t group, uint32_t flags)
{
    struct entry *entry;
    if (flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status status = path_lookup(self, directory, path, flags, &entry);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = node_change_owner(entry_node(entry), (uint32_t)user, (uint32_t)group);
    entry_release(entry);
    return syscall_result(status);
}

int64_t sys_chown(struct thread *self, const struct syscall_arguments *arguments)
{
    return change_owner_at(self, LINUX_AT_FDCWD, arguments->value[0], arguments->value[1], arguments->value[2], 0);
}

int64_t sys_lchown(struct thread *self, const struct syscall_arguments *arguments)
{
    return change_owner_at(self, LINUX_AT_FDCWD, arguments->value[0], arguments->value[1], arguments->value[2], LINUX_AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fchownat(struct thread *self, const struct syscall_arguments *arguments)
{
    return change_owner_at(self, (int)arguments->value[0], arguments->value[1], arguments->value[2], arguments->value[3],
                           (uint32_t)arguments->value[4]);
}

int64_t sys_fchown(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *file;
    enum status status = node_argument(self, arguments->value[0], &file);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = node_change_owner(file->node, (uint32_t)arguments->value[1], (uint32_t)arguments->value[2]);
    file_release(file);
    return syscall_result(status);
}

// ---- times ----

// What to set: UINT64_MAX leaves a time alone. `now`: both are the present, which a writer may set too.
struct new_times {
    uint64_t accessed_ns, modified_ns;
    bool now;
};

static enum status time_from(const struct linux_timespec *time, uint64_t now, uint64_t *ns)
{
    if (time->nanoseconds == LINUX_UTIME_NOW) {
        *ns = now;
        return STATUS_OK;
    }
    if (time->nanoseconds == LINUX_UTIME_OMIT) {
        *ns = UINT64_MAX;
        return STATUS_OK;
    }
    if (time->nanoseconds < 0 || time->nanoseconds >= (int64_t)NS_PER_S)
        return STATUS_BAD_ARGUMENT;
    // Times are kept as nanoseconds since 1970: 0 … 584 years.
    uint64_t limit = (UINT64_MAX - 1) / NS_PER_S - 1;
    uint64_t seconds = time->seconds < 0 ? 0 : MIN((uint64_t)time->seconds, limit);
    *ns = seconds * NS_PER_S + (uint64_t)time->nanoseconds;
    return STATUS_OK;
}

static enum status times_from(const struct linux_timespec times[2], struct new_times *wanted)
{
    uint64_t now = time_wall_ns();
    wanted->now = times[0].nanoseconds == LINUX_UTIME_NOW && times[1].nanoseconds == LINUX_UTIME_NOW;
    TRY(time_from(&times[0], now, &wanted->accessed_ns));
    return time_from(&times[1], now, &wanted->modified_ns);
}

static enum status node_set_times(struct node *node, const struct new_times *wanted)
{
    if (wanted->accessed_ns == UINT64_MAX && wanted->modified_ns == UINT64_MAX)
        return STATUS_OK;
    if (node->file_system->read_only)
        return STATUS_READ_ONLY;
    if (!node_owned(node)) {
        if (!wanted->now)
            return STATUS_NOT_PERMITTED;
        TRY(node_permission(node, NODE_MAY_WRITE));
    }
    node_change_times(node, wanted->accessed_ns, wanted->modified_ns);
    return STATUS_OK;
}

static int64_t set_times_at(struct thread *self, int directory, uint64_t path, const struct linux_timespec times[2], uint32_t flags)
{
    struct new_times wanted;
    enum status status = times_from(times, &wanted);
    if (status != STATUS_OK)
        return syscall_result(status);
    if (path == 0 && directory != LINUX_AT_FDCWD) {
        struct open_file *file;
        status = node_argument(self, (uint64_t)directory, &file);
        if (status == STATUS_OK) {
            status = node_set_times(file->node, &wanted);
            file_release(file);
        }
        return syscall_result(status);
    }
    struct entry *entry;
    status = path_lookup(self, directory, path, flags, &entry);
    if (status == STATUS_OK) {
        status = node_set_times(entry_node(entry), &wanted);
        entry_release(entry);
    }
    return syscall_result(status);
}

static const struct linux_timespec times_now[2] = { { .nanoseconds = LINUX_UTIME_NOW }, { .nanoseconds = LINUX_UTIME_NOW } };

int64_t sys_utimensat(struct thread *self, const struct syscall_arguments *arguments)
{
    struct linux_timespec times[2] = { times_now[0], times_now[1] };
    uint32_t flags = (uint32_t)arguments->value[3];
    if (flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (arguments->value[2]) {
        enum status status = arch_copy_from_user(times, arguments->value[2], sizeof(times));
        if (status != STATUS_OK)
            return syscall_result(status);
    }
    return set_times_at(self, (int)arguments->value[0], arguments->value[1], times, flags);
}

static enum status timevals_get(uint64_t address, struct linux_timespec times[2])
{
    struct linux_timeval values[2];
    times[0] = times_now[0];
    times[1] = times_now[1];
    if (address == 0)
        return STATUS_OK;
    TRY(arch_copy_from_user(values, address, sizeof(values)));
    for (int i = 0; i < 2; i++) {
        if (values[i].microseconds < 0 || values[i].microseconds >= 1'000'000)
            return STATUS_BAD_ARGUMENT;
        times[i] = (struct linux_timespec){ values[i].seconds, values[i].microseconds * 1000 };
    }
    return STATUS_OK;
}

int64_t sys_futimesat(struct thread *self, const struct syscall_arguments *arguments)
{
    struct linux_timespec times[2];
    enum status status = timevals_get(arguments->value[2], times);
    if (status != STATUS_OK)
        return syscall_result(status);
    return set_times_at(self, (int)arguments->value[0], arguments->value[1], times, 0);
}

int64_t sys_utimes(struct thread *self, const struct syscall_arguments *arguments)
{
    struct linux_timespec times[2];
    enum status status = timevals_get(arguments->value[1], times);
    if (status != STATUS_OK)
        return syscall_result(status);
    return set_times_at(self, LINUX_AT_FDCWD, arguments->value[0], times, 0);
}

int64_t sys_utime(struct thread *self, const struct syscall_arguments *arguments)
{
    struct linux_timespec times[2] = { times_now[0], times_now[1] };
    int64_t seconds[2];
    if (arguments->value[1]) {
        enum status status = arch_copy_from_user(seconds, arguments->value[1], sizeof(seconds));
        if (status != STATUS_OK)
            return syscall_result(status);
        times[0] = (struct linux_timespec){ .seconds = seconds[0] };
        times[1] = (struct linux_timespec){ .seconds = seconds[1] };
    }
    return set_times_at(self, LINUX_AT_FDCWD, arguments->value[0], times, 0);
}
