// SPDX-License-Identifier: MIT
// control.c: system calls that change how an open file behaves: fcntl, ioctl, flock.
#include <abi/linux/ioctl.h>

#include <arch/linux.h>
#include <arch/user.h>

#include "calls.h"
#include "path_argument.h"

enum : uint32_t { SETTABLE_FLAGS = LINUX_O_APPEND | LINUX_O_NONBLOCK | LINUX_O_ASYNC | LINUX_O_DIRECT | LINUX_O_NOATIME };

static void file_change_flags(struct open_file *file, uint32_t mask, uint32_t flags)
{
    uint32_t seen = atomic_load_explicit(&file->flags, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&file->flags, &seen, (seen & ~mask) | (flags & mask)))
        continue;
}

// ---- fcntl ----

static int64_t control_duplicate(struct thread *self, struct open_file *file, uint64_t minimum, bool close_on_exec)
{
    int number = -1;
    file_retain(file);
    enum status status = descriptor_add(user_process(self)->files, file, (int)minimum, close_on_exec, &number);
    if (status != STATUS_OK)
        file_release(file);
    return status == STATUS_OK ? number : syscall_result(status);
}

static int64_t control_lock(struct thread *self, struct open_file *file, uint32_t command, uint64_t address)
{
    struct linux_flock lock;
    bool by_file = command >= LINUX_F_OFD_GETLK;
    const void *owner = by_file ? (const void *)file : user_process(self)->files;
    enum status status = arch_copy_from_user(&lock, address, sizeof(lock));
    if (status != STATUS_OK)
        return syscall_result(status);
    if (by_file && lock.process != 0)
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (command != LINUX_F_GETLK && command != LINUX_F_OFD_GETLK)
        return result_restartable(file_lock_set(file, owner, &lock, command == LINUX_F_SETLKW || command == LINUX_F_OFD_SETLKW));
    status = file_lock_get(file, owner, &lock);
    if (status == STATUS_OK)
        status = arch_copy_to_user(address, &lock, sizeof(lock));
    return syscall_result(status);
}

static int64_t control_pipe_size(struct open_file *file, uint32_t command, uint64_t bytes)
{
    uint64_t size = 0;
    enum status status = command == LINUX_F_GETPIPE_SZ ? pipe_get_size(file, &size) : pipe_set_size(file, (uint32_t)bytes, &size);
    return status == STATUS_OK ? (int64_t)size : syscall_result(status);
}

static int64_t control_flag(struct thread *self, int number)
{
    bool flag;
    enum status status = descriptor_get_flag(user_process(self)->files, number, &flag);
    return status == STATUS_OK ? flag : syscall_result(status);
}

static int64_t control(struct thread *self, struct open_file *file, int number, uint32_t command, uint64_t argument)
{
    switch (command) {
    case LINUX_F_DUPFD:
    case LINUX_F_DUPFD_CLOEXEC:
        return control_duplicate(self, file, argument, command == LINUX_F_DUPFD_CLOEXEC);
    case LINUX_F_GETFD:
        return control_flag(self, number);
    case LINUX_F_SETFD:
        return syscall_result(descriptor_set_flag(user_process(self)->files, number, argument & LINUX_FD_CLOEXEC));
    case LINUX_F_GETFL:
        return (int64_t)atomic_load_explicit(&file->flags, memory_order_relaxed);
    default:
        break;
    }
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_PATH)
        return syscall_result(STATUS_BAD_HANDLE);
    switch (command) {
    case LINUX_F_SETFL:
        file_change_flags(file, SETTABLE_FLAGS, (uint32_t)argument);
        return 0;
    case LINUX_F_GETLK:
    case LINUX_F_SETLK:
    case LINUX_F_SETLKW:
    case LINUX_F_OFD_GETLK:
    case LINUX_F_OFD_SETLK:
    case LINUX_F_OFD_SETLKW:
        return control_lock(self, file, command, argument);
    case LINUX_F_GETPIPE_SZ:
    case LINUX_F_SETPIPE_SZ:
        return control_pipe_size(file, command, argument);
    default:
        return syscall_result(STATUS_BAD_ARGUMENT);
    }
}

int64_t sys_fcntl(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *file;
    enum status status = file_argument(self, arguments->value[0], &file);
    if (status != STATUS_OK)
        return syscall_result(status);
    int64_t result = control(self, file, (int)arguments->value[0], (uint32_t)arguments->value[1], arguments->value[2]);
    file_release(file);
    return result;
}

int64_t sys_flock(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *file;
    enum status status = file_argument(self, arguments->value[0], &file);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = file_lock_whole(file, (int)arguments->value[1]);
    file_release(file);
    return result_restartable(status);
}

// ---- ioctl ----

static enum status ioctl_nonblocking(struct open_file *file, uint64_t address)
{
    int32_t on;
    TRY(arch_copy_from_user(&on, address, sizeof(on)));
    file_change_flags(file, LINUX_O_NONBLOCK, on ? LINUX_O_NONBLOCK : 0);
    return STATUS_OK;
}

// Bytes between the offset and the end of a regular file.
static enum status ioctl_left(struct open_file *file, uint64_t address)
{
    int64_t left = (int64_t)file->node->size - (int64_t)file->offset;
    int32_t answer = (int32_t)left;
    return arch_copy_to_user(address, &answer, sizeof(answer));
}

static enum status ioctl_any(struct thread *self, struct open_file *file, const struct syscall_arguments *arguments, int64_t *result)
{
    uint64_t request = (uint32_t)arguments->value[1], argument = arguments->value[2];
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_PATH)
        return STATUS_BAD_HANDLE;
    switch (request) {
    case LINUX_FIOCLEX:
    case LINUX_FIONCLEX:
        return descriptor_set_flag(user_process(self)->files, (int)arguments->value[0], request == LINUX_FIOCLEX);
    case LINUX_FIONBIO:
        return ioctl_nonblocking(file, argument);
    case LINUX_FIONREAD:
        if (file->node && (file->node->mode & LINUX_S_IFMT) == LINUX_S_IFREG)
            return ioctl_left(file, argument);
        [[fallthrough]];
    default:
        return file_ioctl(file, request, argument, result);
    }
}

int64_t sys_ioctl(struct thread *self, const struct syscall_arguments *arguments)
{
    int64_t result = 0;
    struct borrowed_file borrowed = descriptor_borrow(self, (int)arguments->value[0]);
    if (!borrowed.file)
        return syscall_result(STATUS_BAD_HANDLE);
    enum status status = ioctl_any(self, borrowed.file, arguments, &result);
    descriptor_give_back(borrowed);
    return status == STATUS_OK ? result : result_restartable(status);
}
