// SPDX-License-Identifier: MIT
// file.c: system calls that open, read, write and close.
#include <abi/linux/uio.h>

#include <arch/linux.h>
#include <arch/user.h>

#include "calls.h"
#include "path_argument.h"
#include "transfer.h"

enum : uint32_t { OPEN_KNOWN = 037777777 };

// ---- open and close ----

static inline enum status open_path(struct thread *self, int directory, const char *path, uint32_t flags, uint32_t mode, int *number)
{
    struct user_process *user = user_process(self);
    struct path_base base;
    struct open_file *file;
    TRY(path_base_get(self, directory, path, &base));
    enum status status = vfs_open(&user->place, base.entry, path, flags | LINUX_O_LARGEFILE, mode, &file);
    path_base_put(&base);
    TRY(status);
    *number = descriptor_install(user, file, flags & LINUX_O_CLOEXEC);
    return LIKELY(*number >= 0) ? STATUS_OK : (enum status) * number;
}

static int64_t open_at(struct thread *self, int directory, uint64_t address, uint64_t flags, uint64_t mode)
{
    struct path_argument path __attribute__((uninitialized));
    int number = -1;
    enum status status = path_argument_get(&path, address);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = open_path(self, directory, path.text, (uint32_t)flags & OPEN_KNOWN, (uint32_t)mode & 07777, &number);
    path_argument_put(&path);
    return status == STATUS_OK ? number : result_restartable(status);
}

int64_t sys_open(struct thread *self, const struct syscall_arguments *arguments)
{
    return open_at(self, LINUX_AT_FDCWD, arguments->value[0], arguments->value[1], arguments->value[2]);
}

int64_t sys_creat(struct thread *self, const struct syscall_arguments *arguments)
{
    return open_at(self, LINUX_AT_FDCWD, arguments->value[0], LINUX_O_CREAT | LINUX_O_WRONLY | LINUX_O_TRUNC, arguments->value[1]);
}

int64_t sys_openat(struct thread *self, const struct syscall_arguments *arguments)
{
    return open_at(self, (int)arguments->value[0], arguments->value[1], arguments->value[2], arguments->value[3]);
}

int64_t sys_close(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(descriptor_close(user_process(self)->files, (int)arguments->value[0]));
}

// Gives the process a table of its own where it shares one.
static enum status files_unshare(struct user_process *user)
{
    struct descriptor_table *copy;
    if (atomic_load(&user->files->references) == 1)
        return STATUS_OK;
    TRY(descriptor_table_copy(user->files, &copy));
    descriptor_table_release(user->files);
    user->files = copy;
    return STATUS_OK;
}

int64_t sys_close_range(struct thread *self, const struct syscall_arguments *arguments)
{
    struct user_process *user = user_process(self);
    uint32_t first = (uint32_t)arguments->value[0], last = (uint32_t)arguments->value[1], flags = (uint32_t)arguments->value[2];
    if ((flags & ~(LINUX_CLOSE_RANGE_UNSHARE | LINUX_CLOSE_RANGE_CLOEXEC)) || first > last)
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (flags & LINUX_CLOSE_RANGE_UNSHARE) {
        enum status status = files_unshare(user);
        if (status != STATUS_OK)
            return syscall_result(status);
    }
    last = MIN(last, (uint32_t)DESCRIPTORS_MAX - 1);
    for (uint32_t number = first; number <= last; number++) {
        // Numbers that are not open are passed over.
        enum status status = (flags & LINUX_CLOSE_RANGE_CLOEXEC) ? descriptor_set_flag(user->files, (int)number, true)
                                                                 : descriptor_close(user->files, (int)number);
        (void)status;
    }
    return 0;
}

// Files that can be sealed and files of large pages there are none: EINVAL, as from a Linux that was built without.
int64_t sys_memfd_create(struct thread *self, const struct syscall_arguments *arguments)
{
    enum { CLOSE_ON_EXEC = 1, EXECUTABLE = 16, NAME_MOST = 249 };
    char name[NAME_MOST + 1];
    size_t length;
    uint32_t flags = (uint32_t)arguments->value[1];
    struct open_file *file;
    if (flags & ~(uint32_t)(CLOSE_ON_EXEC | EXECUTABLE))
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status status = arch_copy_string_from_user(name, arguments->value[0], sizeof name, &length);
    if (status == STATUS_OK)
        status = vfs_memory_file(name, &file);
    if (status != STATUS_OK)
        return syscall_result(status == STATUS_TOO_LONG ? STATUS_BAD_ARGUMENT : status);
    int number = descriptor_install(user_process(self), file, flags & CLOSE_ON_EXEC);
    return number >= 0 ? number : syscall_result((enum status)number);
}

// ---- duplicates and pipes ----

int64_t sys_dup(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *file;
    int number = -1;
    enum status status = file_argument(self, arguments->value[0], &file);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = descriptor_add(user_process(self)->files, file, 0, false, &number);
    if (status != STATUS_OK)
        file_release(file);
    return status == STATUS_OK ? number : syscall_result(status);
}

static int64_t duplicate_to(struct thread *self, int from, int to, bool close_on_exec)
{
    enum status status = descriptor_duplicate(user_process(self)->files, from, to, close_on_exec);
    return status == STATUS_OK ? to : syscall_result(status);
}

int64_t sys_dup2(struct thread *self, const struct syscall_arguments *arguments)
{
    int from = (int)arguments->value[0], to = (int)arguments->value[1];
    bool flag;
    if (from == to) {
        enum status status = descriptor_get_flag(user_process(self)->files, from, &flag);
        return status == STATUS_OK ? to : syscall_result(status);
    }
    return duplicate_to(self, from, to, false);
}

int64_t sys_dup3(struct thread *self, const struct syscall_arguments *arguments)
{
    int from = (int)arguments->value[0], to = (int)arguments->value[1];
    if (from == to || ((uint32_t)arguments->value[2] & ~LINUX_O_CLOEXEC))
        return syscall_result(STATUS_BAD_ARGUMENT);
    return duplicate_to(self, from, to, (uint32_t)arguments->value[2] & LINUX_O_CLOEXEC);
}

// Takes the reference in any case.
static enum status install(struct thread *self, struct open_file *file, bool close_on_exec, int *number)
{
    *number = descriptor_install(user_process(self), file, close_on_exec);
    return *number >= 0 ? STATUS_OK : (enum status) * number;
}

static enum status make_pipe(struct thread *self, uint64_t address, uint32_t flags)
{
    struct descriptor_table *files = user_process(self)->files;
    struct open_file *read_end, *write_end;
    int32_t numbers[2];
    bool close_on_exec = flags & LINUX_O_CLOEXEC;
    if (flags & ~(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK))
        return STATUS_BAD_ARGUMENT;
    TRY(pipe_create(flags, &read_end, &write_end));
    enum status status = install(self, read_end, close_on_exec, &numbers[0]);
    if (status != STATUS_OK) {
        file_release(write_end);
        return status;
    }
    status = install(self, write_end, close_on_exec, &numbers[1]);
    if (status == STATUS_OK) {
        status = arch_copy_to_user(address, numbers, sizeof(numbers));
        if (status == STATUS_OK)
            return STATUS_OK;
        (void)!descriptor_close(files, numbers[1]);
    }
    (void)!descriptor_close(files, numbers[0]);
    return status;
}

int64_t sys_pipe(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(make_pipe(self, arguments->value[0], 0));
}

int64_t sys_pipe2(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(make_pipe(self, arguments->value[0], (uint32_t)arguments->value[1]));
}

// ---- bytes ----

int64_t transfer_result(struct thread *self, enum status status, size_t done)
{
    if (LIKELY(status == STATUS_OK))
        return (int64_t)done;
    if (status == STATUS_BROKEN_PIPE) {
        struct linux_siginfo info = { .number = LINUX_SIGPIPE, .code = LINUX_SI_USER, .process = (int32_t)self->process->id };
        (void)!signal_send_thread(self, &info);
    }
    return result_restartable(status);
}

[[gnu::always_inline]] static inline enum status transfer_with(struct open_file *file, bool write,
                                                               const struct syscall_arguments *arguments, int64_t position, size_t *done)
{
    uint64_t address = arguments->value[1], size = arguments->value[2];
    if (UNLIKELY(!arch_user_range(address, size)))
        return STATUS_BAD_ADDRESS;
    struct io_vector vector = { .address = address, .left = MIN(size, LINUX_RW_MAX), .user = true, .position = position };
    return write ? file_write_vector(file, &vector, done) : file_read_vector(file, &vector, done);
}

// The file is another thread's too: held by a reference.
[[gnu::noinline]] static int64_t transfer_shared(struct thread *self, bool write, const struct syscall_arguments *arguments,
                                                 int64_t position)
{
    struct open_file *file;
    size_t done = 0;
    enum status status = file_argument(self, arguments->value[0], &file);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = transfer_with(file, write, arguments, position, &done);
    file_release(file);
    return transfer_result(self, status, done);
}

// One stretch; position -1: the file's own. As descriptor_borrow and back, in two pieces so that the usual way keeps nothing across the
// transfer but the count.
[[gnu::always_inline]] static inline int64_t transfer(struct thread *self, bool write, const struct syscall_arguments *arguments,
                                                      int64_t position)
{
    const struct descriptor_table *table = user_process(self)->files;
    uint32_t number = (uint32_t)arguments->value[0];
    if (UNLIKELY(!descriptors_are_own(self, table)))
        return transfer_shared(self, write, arguments, position);
    struct open_file *file = number < table->capacity ? table->files[number] : nullptr;
    if (UNLIKELY(!file))
        return syscall_result(STATUS_BAD_HANDLE);
    size_t done = 0;
    enum status status = transfer_with(file, write, arguments, position, &done);
    if (LIKELY(status == STATUS_OK))
        return (int64_t)done;
    return transfer_result(thread_current(), status, done);
}

int64_t sys_read(struct thread *self, const struct syscall_arguments *arguments)
{
    return transfer(self, false, arguments, -1);
}

int64_t sys_write(struct thread *self, const struct syscall_arguments *arguments)
{
    return transfer(self, true, arguments, -1);
}

static int64_t transfer_at(struct thread *self, bool write, const struct syscall_arguments *arguments)
{
    int64_t position = (int64_t)arguments->value[3];
    return position < 0 ? syscall_result(STATUS_BAD_ARGUMENT) : transfer(self, write, arguments, position);
}

int64_t sys_pread64(struct thread *self, const struct syscall_arguments *arguments)
{
    return transfer_at(self, false, arguments);
}

int64_t sys_pwrite64(struct thread *self, const struct syscall_arguments *arguments)
{
    return transfer_at(self, true, arguments);
}

int64_t sys_lseek(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t position = 0;
    struct borrowed_file borrowed = descriptor_borrow(self, (int)arguments->value[0]);
    if (!borrowed.file)
        return syscall_result(STATUS_BAD_HANDLE);
    enum status status = file_seek(borrowed.file, (int64_t)arguments->value[1], (int)arguments->value[2], &position);
    descriptor_give_back(borrowed);
    return status == STATUS_OK ? (int64_t)position : syscall_result(status);
}

// ---- sizes ----

static bool file_writable(const struct open_file *file)
{
    uint32_t flags = atomic_load_explicit(&file->flags, memory_order_relaxed);
    return !(flags & LINUX_O_PATH) && (flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY;
}

int64_t sys_truncate(struct thread *self, const struct syscall_arguments *arguments)
{
    struct entry *entry;
    if ((int64_t)arguments->value[1] < 0)
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status status = path_lookup(self, LINUX_AT_FDCWD, arguments->value[0], 0, &entry);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = node_permission(entry_node(entry), NODE_MAY_WRITE);
    if (status == STATUS_OK)
        status = node_truncate(entry_node(entry), arguments->value[1]);
    entry_release(entry);
    return syscall_result(status);
}

int64_t sys_ftruncate(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *file;
    if ((int64_t)arguments->value[1] < 0)
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status status = file_argument(self, arguments->value[0], &file);
    if (status != STATUS_OK)
        return syscall_result(status);
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_PATH)
        status = STATUS_BAD_HANDLE;
    else
        status = file_writable(file) && file->ops->truncate ? file->ops->truncate(file, arguments->value[1]) : STATUS_BAD_ARGUMENT;
    file_release(file);
    return syscall_result(status);
}

static enum status allocate(struct open_file *file, uint32_t mode, int64_t offset, int64_t size)
{
    int64_t end;
    if (offset < 0 || size <= 0)
        return STATUS_BAD_ARGUMENT;
    if (__builtin_add_overflow(offset, size, &end))
        return STATUS_FILE_TOO_BIG;
    if (!file_writable(file))
        return STATUS_BAD_HANDLE;
    if (!file->node)
        return STATUS_NOT_SEEKABLE;
    uint32_t type = file->node->mode & LINUX_S_IFMT;
    if (type != LINUX_S_IFREG)
        return type == LINUX_S_IFIFO ? STATUS_NOT_SEEKABLE : STATUS_NO_DEVICE;
    if (!file->node->ops->allocate)
        return STATUS_NOT_IMPLEMENTED;
    mutex_acquire(&file->node->lock);
    enum status status = file->node->ops->allocate(file->node, (uint64_t)offset, (uint64_t)size, mode);
    mutex_release(&file->node->lock);
    return status;
}

int64_t sys_fallocate(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *file;
    enum status status = file_argument(self, arguments->value[0], &file);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = allocate(file, (uint32_t)arguments->value[1], (int64_t)arguments->value[2], (int64_t)arguments->value[3]);
    file_release(file);
    return syscall_result(status);
}

// ---- what memory file systems have nothing to do for ----

// Every file's contents are in memory, and there is nothing behind them to be written.
int64_t sys_fsync(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *file;
    enum status status = file_argument(self, arguments->value[0], &file);
    if (status != STATUS_OK)
        return syscall_result(status);
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_PATH)
        status = STATUS_BAD_HANDLE;
    else if (!file->node || !file_seekable(file))
        status = STATUS_BAD_ARGUMENT;
    file_release(file);
    return syscall_result(status);
}

int64_t sys_fdatasync(struct thread *self, const struct syscall_arguments *arguments)
{
    return sys_fsync(self, arguments);
}

int64_t sys_sync(struct thread *self, const struct syscall_arguments *arguments)
{
    return 0;
}

// Advice that changes nothing for pages that are always in memory.
int64_t sys_fadvise64(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *file;
    enum status status = file_argument(self, arguments->value[0], &file);
    if (status != STATUS_OK)
        return syscall_result(status);
    if (pipe_is_end(file))
        status = STATUS_NOT_SEEKABLE;
    else if ((int64_t)arguments->value[2] < 0 || arguments->value[3] > 5)
        status = STATUS_BAD_ARGUMENT;
    file_release(file);
    return syscall_result(status);
}
