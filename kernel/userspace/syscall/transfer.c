// SPDX-License-Identifier: MIT
// transfer.c: system calls that move bytes from and to several stretches, or from file to file.
#include <abi/linux/fcntl.h>
#include <abi/linux/poll.h>
#include <abi/linux/uio.h>

#include <arch/user.h>

#include <helix/heap.h>

#include "calls.h"
#include "path_argument.h"
#include "transfer.h"

// ---- readv and writev ----

void vectors_put(struct vectors *vectors)
{
    if (vectors->rows != vectors->in_place)
        heap_free(vectors->rows);
}

enum status vectors_get(struct vectors *vectors, uint64_t address, uint64_t count)
{
    if (count > LINUX_IOV_MAX)
        return STATUS_BAD_ARGUMENT;
    vectors->count = count;
    vectors->rows = count <= VECTORS_IN_PLACE ? vectors->in_place : heap_alloc(count * sizeof(*vectors->rows));
    if (!vectors->rows)
        return STATUS_NO_MEMORY;
    enum status status = arch_copy_from_user(vectors->rows, address, count * sizeof(*vectors->rows));
    uint64_t total = 0;
    for (uint64_t i = 0; status == STATUS_OK && i < count; i++) {
        if ((int64_t)vectors->rows[i].length < 0)
            status = STATUS_BAD_ARGUMENT;
        else if (!arch_user_range(vectors->rows[i].base, vectors->rows[i].length))
            status = STATUS_BAD_ADDRESS;
        vectors->rows[i].length = MIN(vectors->rows[i].length, LINUX_RW_MAX - total);
        total += vectors->rows[i].length;
    }
    if (status != STATUS_OK)
        vectors_put(vectors);
    return status;
}

// A pipe's small rows go out as one write would: gathered first, so that they are not mixed with another writer's.
static enum status vectors_gather(struct open_file *file, const struct vectors *vectors, size_t total, size_t *done)
{
    char *bytes = heap_alloc(total);
    if (!bytes)
        return STATUS_NO_MEMORY;
    size_t at = 0;
    enum status status = STATUS_OK;
    for (uint64_t i = 0; status == STATUS_OK && i < vectors->count; i++) {
        status = arch_copy_from_user(bytes + at, vectors->rows[i].base, vectors->rows[i].length);
        at += vectors->rows[i].length;
    }
    if (status == STATUS_OK)
        status = file_write(file, bytes, total, done);
    heap_free(bytes);
    return status;
}

// Whether reading on returns without waiting: a call that has some bytes gives those.
static bool more_at_once(struct open_file *file)
{
    return file_seekable(file) || file_poll(file, nullptr) & LINUX_POLLIN;
}

static enum status vectors_move(struct open_file *file, const struct vectors *vectors, bool write, int64_t position, size_t *done)
{
    size_t total = 0;
    for (uint64_t i = 0; i < vectors->count; i++)
        total += vectors->rows[i].length;
    if (write && vectors->count > 1 && total > 0 && total <= PAGE_SIZE && !file_seekable(file))
        return vectors_gather(file, vectors, total, done);
    for (uint64_t i = 0; i < vectors->count || i == 0; i++) {
        struct linux_iovec row = vectors->count ? vectors->rows[i] : (struct linux_iovec){};
        if (row.length == 0 && i + 1 < vectors->count)
            continue;
        struct io_vector vector = {
            .address = row.base, .left = row.length, .user = true, .position = position < 0 ? -1 : position + (int64_t)*done
        };
        size_t part = 0;
        enum status status = write ? file_write_vector(file, &vector, &part) : file_read_vector(file, &vector, &part);
        if (status != STATUS_OK)
            return *done > 0 ? STATUS_OK : status;
        *done += part;
        if (part < row.length || (*done > 0 && !write && !more_at_once(file)))
            break;
    }
    return STATUS_OK;
}

static int64_t transfer_vectors(struct thread *self, const struct syscall_arguments *arguments, bool write, int64_t position)
{
    struct vectors vectors;
    size_t done = 0;
    struct borrowed_file borrowed = descriptor_borrow(self, (int)arguments->value[0]);
    if (!borrowed.file)
        return syscall_result(STATUS_BAD_HANDLE);
    enum status status = vectors_get(&vectors, arguments->value[1], arguments->value[2]);
    if (status == STATUS_OK) {
        status = vectors_move(borrowed.file, &vectors, write, position, &done);
        vectors_put(&vectors);
    }
    descriptor_give_back(borrowed);
    return transfer_result(self, status, done);
}

int64_t sys_readv(struct thread *self, const struct syscall_arguments *arguments)
{
    return transfer_vectors(self, arguments, false, -1);
}

int64_t sys_writev(struct thread *self, const struct syscall_arguments *arguments)
{
    return transfer_vectors(self, arguments, true, -1);
}

int64_t sys_preadv(struct thread *self, const struct syscall_arguments *arguments)
{
    int64_t position = (int64_t)arguments->value[3];
    return position < 0 ? syscall_result(STATUS_BAD_ARGUMENT) : transfer_vectors(self, arguments, false, position);
}

int64_t sys_pwritev(struct thread *self, const struct syscall_arguments *arguments)
{
    int64_t position = (int64_t)arguments->value[3];
    return position < 0 ? syscall_result(STATUS_BAD_ARGUMENT) : transfer_vectors(self, arguments, true, position);
}

// ---- from file to file ----

// An offset the caller gives by pointer, or the file's own.
struct cursor {
    uint64_t address; // of the user's offset; 0: the file's own
    uint64_t at;
};

static enum status cursor_get(struct cursor *cursor, struct open_file *file, uint64_t address)
{
    cursor->address = address;
    cursor->at = file->offset;
    if (address == 0)
        return STATUS_OK;
    TRY(arch_copy_from_user(&cursor->at, address, sizeof(cursor->at)));
    return (int64_t)cursor->at < 0 ? STATUS_BAD_ARGUMENT : STATUS_OK;
}

static enum status cursor_put(const struct cursor *cursor, struct open_file *file)
{
    if (cursor->address)
        return arch_copy_to_user(cursor->address, &cursor->at, sizeof(cursor->at));
    uint64_t position;
    return file_seek(file, (int64_t)cursor->at, LINUX_SEEK_SET, &position);
}

static enum status check_source(const struct open_file *file)
{
    uint32_t flags = atomic_load_explicit(&file->flags, memory_order_relaxed);
    if ((flags & LINUX_O_PATH) || (flags & LINUX_O_ACCMODE) == LINUX_O_WRONLY)
        return STATUS_BAD_HANDLE;
    return file_seekable(file) && file->ops->read ? STATUS_OK : STATUS_BAD_ARGUMENT;
}

// Up to `count` bytes by way of a page; `to_cursor` nullptr: at the target's own offset.
static enum status copy_bytes(struct open_file *from, struct cursor *from_cursor, struct open_file *to, struct cursor *to_cursor,
                              uint64_t count, size_t *done)
{
    char *page = heap_alloc(PAGE_SIZE);
    if (!page)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && *done < count) {
        size_t have = 0, written = 0;
        struct io_vector in = { .address = virt_of(page).raw, .left = MIN(count - *done, PAGE_SIZE), .position = (int64_t)from_cursor->at };
        status = file_read_vector(from, &in, &have);
        if (status != STATUS_OK || have == 0)
            break;
        struct io_vector out = { .address = virt_of(page).raw, .left = have, .position = to_cursor ? (int64_t)to_cursor->at : -1 };
        status = file_write_vector(to, &out, &written);
        from_cursor->at += written;
        if (to_cursor)
            to_cursor->at += written;
        *done += written;
        if (written < have)
            break;
    }
    heap_free(page);
    return *done > 0 ? STATUS_OK : status;
}

static enum status send_file(struct open_file *to, struct open_file *from, uint64_t offset_address, uint64_t count, size_t *done)
{
    struct cursor cursor;
    TRY(check_source(from));
    TRY(cursor_get(&cursor, from, offset_address));
    enum status status = copy_bytes(from, &cursor, to, nullptr, MIN(count, LINUX_RW_MAX), done);
    if (status == STATUS_OK)
        status = cursor_put(&cursor, from);
    return status;
}

int64_t sys_sendfile(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *to, *from;
    size_t done = 0;
    enum status status = file_argument(self, arguments->value[0], &to);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = file_argument(self, arguments->value[1], &from);
    if (status == STATUS_OK) {
        status = send_file(to, from, arguments->value[2], arguments->value[3], &done);
        file_release(from);
    }
    file_release(to);
    return transfer_result(self, status, done);
}

static enum status check_regular(const struct open_file *file)
{
    if (!file->node)
        return STATUS_BAD_ARGUMENT;
    uint32_t type = file->node->mode & LINUX_S_IFMT;
    return type == LINUX_S_IFREG ? STATUS_OK : type == LINUX_S_IFDIR ? STATUS_IS_DIRECTORY : STATUS_BAD_ARGUMENT;
}

static enum status copy_range(struct open_file *from, uint64_t from_address, struct open_file *to, uint64_t to_address, uint64_t count,
                              size_t *done)
{
    struct cursor from_cursor, to_cursor;
    TRY(check_regular(from));
    TRY(check_regular(to));
    TRY(check_source(from));
    if (atomic_load_explicit(&to->flags, memory_order_relaxed) & LINUX_O_APPEND)
        return STATUS_BAD_HANDLE;
    TRY(cursor_get(&from_cursor, from, from_address));
    TRY(cursor_get(&to_cursor, to, to_address));
    count = MIN(count, LINUX_RW_MAX);
    bool apart = from->node != to->node || from_cursor.at + count <= to_cursor.at || to_cursor.at + count <= from_cursor.at;
    if (!apart)
        return STATUS_BAD_ARGUMENT;
    TRY(copy_bytes(from, &from_cursor, to, &to_cursor, count, done));
    TRY(cursor_put(&from_cursor, from));
    return cursor_put(&to_cursor, to);
}

int64_t sys_copy_file_range(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *from, *to;
    size_t done = 0;
    if (arguments->value[5] != 0)
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status status = file_argument(self, arguments->value[0], &from);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = file_argument(self, arguments->value[2], &to);
    if (status == STATUS_OK) {
        status = copy_range(from, arguments->value[1], to, arguments->value[3], arguments->value[4], &done);
        file_release(to);
    }
    file_release(from);
    return transfer_result(self, status, done);
}
