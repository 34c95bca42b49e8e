// SPDX-License-Identifier: MIT
// file.c: open files: their references, the checks every read and write has, and how a node becomes an open file.
//
// An open file holds its entry (and so the node). Its `lock` guards only the offset: two threads that read the same descriptor get
// different bytes. Objects without a position (pipes, terminals) never take it. Descriptors and whoever works on a file hold references.
#include "fs.h"

#include <abi/linux/poll.h>
#include <abi/linux/uio.h>
#include <lib/string.h>

#include <arch/linux.h>
#include <arch/user.h>

#include <helix/heap.h>

enum : uint32_t {
    // Flags of open(2) that are kept as the file's status.
    FILE_STATUS_FLAGS = LINUX_O_ACCMODE | LINUX_O_APPEND | LINUX_O_NONBLOCK | LINUX_O_SYNC | LINUX_O_ASYNC | LINUX_O_DIRECT |
                        LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW | LINUX_O_NOATIME | LINUX_O_PATH | LINUX_O_LARGEFILE | LINUX_O_NOCTTY,
};

enum status file_create(const struct file_ops *ops, uint32_t flags, void *data, struct open_file **file)
{
    struct open_file *made = heap_alloc(sizeof(*made));
    if (!made)
        return STATUS_NO_MEMORY;
    *made = (struct open_file){
        .ops = ops, .flags = flags & FILE_STATUS_FLAGS, .references = 1, .data = data, .lock = MUTEX(made->lock, RANK_FILE_OFFSET)
    };
    *file = made;
    return STATUS_OK;
}

void file_retain(struct open_file *file)
{
    atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
}

// Whether it counts among its node's writers, from file_open_entry to its end.
static bool file_counts_as_writer(const struct open_file *file)
{
    uint32_t flags = atomic_load_explicit(&file->flags, memory_order_relaxed);
    return file->node && node_is(file->node, LINUX_S_IFREG) && !(flags & LINUX_O_PATH) && (flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY;
}

void file_release(struct open_file *file)
{
    if (atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) != 1)
        return;
    if (file_counts_as_writer(file))
        node_write_end(file->node);
    if (file->node && file->node->locks)
        file_lock_drop_file(file);
    if (file->ops->close)
        file->ops->close(file);
    if (file->entry)
        entry_release(file->entry);
    heap_free(file);
}

// The row of a character device, looked up once: rows stay.
static const struct device_file *node_device(struct node *node)
{
    const struct device_file *device = atomic_load_explicit(&node->device_file, memory_order_acquire);
    if (UNLIKELY(!device)) {
        device = device_file_find(node->device);
        atomic_store_explicit(&node->device_file, device, memory_order_release);
    }
    return device;
}

// Device and fifo nodes give the file another table; a failing open leaves the file to be released without its close.
static inline enum status file_attach(struct open_file *file, struct node *node)
{
    if (UNLIKELY(node->ops->open != nullptr))
        TRY(node->ops->open(node, file));
    uint32_t type = node->mode & LINUX_S_IFMT;
    if (LIKELY(type == LINUX_S_IFREG) || type == LINUX_S_IFDIR)
        return STATUS_OK;
    if (type == LINUX_S_IFIFO)
        return fifo_open(node, file);
    if (type != LINUX_S_IFCHR)
        return type == LINUX_S_IFBLK ? STATUS_NO_SUCH_DEVICE : STATUS_OK;
    const struct device_file *device = node_device(node);
    if (!device)
        return STATUS_NO_SUCH_DEVICE;
    file->ops = device->ops;
    return device->open ? device->open(node, file) : STATUS_OK;
}

static const struct file_ops *file_ops_of(const struct node *node, uint32_t flags)
{
    if (flags & LINUX_O_PATH)
        return &path_file_ops;
    if (node->file_ops)
        return node->file_ops;
    return node_is(node, LINUX_S_IFDIR) ? &directory_file_ops : &regular_file_ops;
}

enum status file_open_entry(struct entry *entry, uint32_t flags, struct open_file **file)
{
    struct node *node = entry->node;
    struct open_file *made = heap_alloc(sizeof(*made));
    if (UNLIKELY(!made))
        return STATUS_NO_MEMORY;
    *made = (struct open_file){
        .ops = file_ops_of(node, flags),
        .entry = entry,
        .node = node,
        .flags = flags & FILE_STATUS_FLAGS,
        .references = 1,
        .lock = MUTEX(made->lock, RANK_FILE_OFFSET),
    };
    if ((flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY && file_counts_as_writer(made)) {
        enum status status = node_write_begin(node);
        if (status != STATUS_OK) {
            heap_free(made);
            return status;
        }
    }
    enum status status = (flags & LINUX_O_PATH) ? STATUS_OK : file_attach(made, node);
    if (UNLIKELY(status != STATUS_OK)) {
        made->ops = &path_file_ops; // nothing to close
        made->entry = nullptr;      // stays the caller's
        file_release(made);
        return status;
    }
    if (UNLIKELY(flags & LINUX_O_NOCTTY)) // it was for the device's open
        atomic_fetch_and_explicit(&made->flags, ~LINUX_O_NOCTTY, memory_order_relaxed);
    *file = made;
    return STATUS_OK;
}

// ---- the checks of read and write ----

bool file_seekable(const struct open_file *file)
{
    return file->ops->seek != nullptr;
}

enum status file_check_position(const struct open_file *file, const struct io_vector *vector)
{
    if (!file_seekable(file))
        return STATUS_NOT_SEEKABLE;
    return (uint64_t)vector->position + vector->left > INT64_MAX ? STATUS_BAD_ARGUMENT : STATUS_OK;
}

enum status file_refuse_read(const struct open_file *file)
{
    uint32_t flags = atomic_load_explicit(&file->flags, memory_order_relaxed);
    if ((flags & LINUX_O_PATH) || (flags & LINUX_O_ACCMODE) == LINUX_O_WRONLY)
        return STATUS_BAD_HANDLE;
    return file->node && node_is(file->node, LINUX_S_IFDIR) ? STATUS_IS_DIRECTORY : STATUS_BAD_ARGUMENT;
}

enum status file_refuse_write(const struct open_file *file)
{
    uint32_t flags = atomic_load_explicit(&file->flags, memory_order_relaxed);
    return (flags & LINUX_O_PATH) || (flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY ? STATUS_BAD_HANDLE : STATUS_BAD_ARGUMENT;
}

enum status file_read_at(struct open_file *file, uint64_t offset, void *to, size_t size, size_t *done)
{
    if (offset > INT64_MAX)
        return STATUS_BAD_ARGUMENT;
    *done = 0;
    while (*done < size) {
        size_t part;
        struct io_vector vector = { .address = virt_of(to).raw + *done, .left = size - *done, .position = (int64_t)(offset + *done) };
        TRY(file_read_vector(file, &vector, &part));
        if (part == 0)
            break;
        *done += part;
    }
    return STATUS_OK;
}

enum status file_read(struct open_file *file, void *to, size_t size, size_t *done)
{
    struct io_vector vector = { .address = virt_of(to).raw, .left = size, .position = -1 };
    return file_read_vector(file, &vector, done);
}

enum status file_write(struct open_file *file, const void *from, size_t size, size_t *done)
{
    struct io_vector vector = { .address = virt_of(from).raw, .left = size, .position = -1 };
    return file_write_vector(file, &vector, done);
}

enum status file_seek(struct open_file *file, int64_t offset, int whence, uint64_t *position)
{
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_PATH)
        return STATUS_BAD_HANDLE;
    if (whence < LINUX_SEEK_SET || whence > LINUX_SEEK_HOLE)
        return STATUS_BAD_ARGUMENT;
    return file->ops->seek ? file->ops->seek(file, offset, whence, position) : STATUS_NOT_SEEKABLE;
}

enum status file_ioctl(struct open_file *file, uint64_t request, uint64_t argument, int64_t *result)
{
    *result = 0;
    return file->ops->ioctl ? file->ops->ioctl(file, request, argument, result) : STATUS_NOT_TERMINAL;
}

void file_stat(struct open_file *file, struct linux_stat *status)
{
    if (file->node) {
        vfs_stat_node(file->node, status);
        return;
    }
    bool pipe = pipe_is_end(file);
    *status = (struct linux_stat){
        .number = pipe ? pipe_number(file) : 1,
        .mode = pipe ? LINUX_S_IFIFO | 0600 : 0600,
        .links = 1,
        .block_size = (int64_t)PAGE_SIZE,
    };
}

void file_describe(struct open_file *file, char *text, size_t size)
{
    if (!file->entry) {
        if (pipe_is_end(file))
            pipe_describe(file, text, size);
        else
            string_copy(text, "anon_inode:[file]", size);
        return;
    }
    if (vfs_path(vfs_kernel_context(), file->entry, text, size) != STATUS_OK)
        vfs_node_path(file->node, text, size);
}

struct page_source *file_page_source(struct open_file *file)
{
    struct node *node = file->node;
    bool mappable = node && node->source.ops && !(atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_PATH);
    return mappable ? &node->source : nullptr;
}
