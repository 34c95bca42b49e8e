// SPDX-License-Identifier: MIT
// regular.c: the open-file operations of regular files and directories, over what their file system offers.
#include "fs.h"

#include <abi/linux/fcntl.h>
#include <lib/string.h>

#include <helix/heap.h>
#include <helix/timer.h>

// O_PATH: nothing but a name. Everything is refused by the callers.
const struct file_ops path_file_ops = {};

// ---- moving bytes between a node and a vector ----

// For file systems that move bytes in kernel memory only: by way of a page.
static enum status node_read_bounced(struct node *node, uint64_t offset, struct io_vector *to, size_t *done)
{
    char *page = heap_alloc(PAGE_SIZE);
    if (!page)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    while (to->left > 0) {
        size_t part = 0;
        status = node->ops->read(node, offset + *done, page, MIN(to->left, PAGE_SIZE), &part);
        if (status != STATUS_OK || part == 0)
            break;
        status = io_copy_out(to, page, part);
        if (status != STATUS_OK)
            break;
        *done += part;
    }
    heap_free(page);
    return *done > 0 ? STATUS_OK : status;
}

static enum status node_read(struct node *node, uint64_t offset, struct io_vector *to, size_t *done)
{
    if (node->ops->read_vector)
        return node->ops->read_vector(node, offset, to, done);
    return node->ops->read ? node_read_bounced(node, offset, to, done) : STATUS_BAD_ARGUMENT;
}

static enum status node_write_bounced(struct node *node, uint64_t offset, struct io_vector *from, size_t *done)
{
    char *page = heap_alloc(PAGE_SIZE);
    if (!page)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    while (from->left > 0) {
        size_t want = MIN(from->left, PAGE_SIZE), part = 0;
        status = io_copy_in(from, page, want);
        if (status == STATUS_OK)
            status = node->ops->write(node, offset + *done, page, want, &part);
        if (status != STATUS_OK)
            break;
        *done += part;
        if (part < want)
            break;
    }
    heap_free(page);
    return *done > 0 ? STATUS_OK : status;
}

static enum status node_write(struct node *node, uint64_t offset, struct io_vector *from, size_t *done) MUST_HOLD(node->lock)
{
    enum status status = STATUS_BAD_ARGUMENT;
    if (node->ops->write_vector)
        status = node->ops->write_vector(node, offset, from, done);
    else if (node->ops->write)
        status = node_write_bounced(node, offset, from, done);
    if (status == STATUS_OK && *done > 0) {
        node_touch(node);
        node->mode &= ~(LINUX_S_ISUID | ((node->mode & 010) ? LINUX_S_ISGID : 0));
    }
    return status;
}

// ---- regular files ----

// Linux's relatime: the access time moves once after each change.
static void regular_note_access(const struct open_file *file)
{
    struct node *node = file->node;
    bool wanted = node->accessed_ns <= node->modified_ns && !(atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_NOATIME);
    if (UNLIKELY(wanted) && !node->file_system->read_only)
        node->accessed_ns = time_wall_ns();
}

static enum status regular_read(struct open_file *file, struct io_vector *to, size_t *done)
{
    enum status status;
    if (to->position >= 0) {
        status = node_read(file->node, (uint64_t)to->position, to, done);
    } else {
        mutex_acquire(&file->lock);
        status = node_read(file->node, file->offset, to, done);
        file->offset += *done;
        mutex_release(&file->lock);
    }
    if (*done > 0)
        regular_note_access(file);
    return status;
}

// Not analysed: the offset's lock is taken only when the offset is used.
NO_LOCK_ANALYSIS static enum status regular_write(struct open_file *file, struct io_vector *from, size_t *done)
{
    struct node *node = file->node;
    bool append = atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_APPEND;
    bool own_offset = from->position < 0;
    if (node->file_system->read_only && !node_is(node, LINUX_S_IFCHR))
        return STATUS_READ_ONLY;
    if (own_offset)
        mutex_acquire(&file->lock);
    mutex_acquire(&node->lock);
    uint64_t offset = append ? node->size : own_offset ? file->offset : (uint64_t)from->position;
    enum status status = offset + from->left > INT64_MAX ? STATUS_FILE_TOO_BIG : node_write(node, offset, from, done);
    mutex_release(&node->lock);
    if (own_offset) {
        if (status == STATUS_OK)
            file->offset = offset + *done;
        mutex_release(&file->lock);
    }
    return status;
}

// Where a seek leads; data fills the whole file, a hole follows it.
static enum status seek_target(const struct open_file *file, int64_t offset, int whence, uint64_t *target)
{
    int64_t base = 0;
    uint64_t size = file->node ? file->node->size : 0;
    switch (whence) {
    case LINUX_SEEK_CUR:
        base = (int64_t)file->offset;
        break;
    case LINUX_SEEK_END:
        base = (int64_t)size;
        break;
    case LINUX_SEEK_DATA:
    case LINUX_SEEK_HOLE:
        if (offset < 0 || (uint64_t)offset >= size)
            return STATUS_NO_SUCH_DEVICE;
        *target = whence == LINUX_SEEK_DATA ? (uint64_t)offset : size;
        return STATUS_OK;
    default:
        break;
    }
    int64_t sum;
    if (__builtin_add_overflow(base, offset, &sum))
        return STATUS_OVERFLOW;
    if (sum < 0)
        return STATUS_BAD_ARGUMENT;
    *target = (uint64_t)sum;
    return STATUS_OK;
}

static enum status regular_seek(struct open_file *file, int64_t offset, int whence, uint64_t *position)
{
    mutex_acquire(&file->lock);
    enum status status = seek_target(file, offset, whence, position);
    if (status == STATUS_OK)
        file->offset = *position;
    mutex_release(&file->lock);
    return status;
}

static enum status regular_truncate(struct open_file *file, uint64_t size)
{
    return node_truncate(file->node, size);
}

const struct file_ops regular_file_ops = {
    .read = regular_read,
    .write = regular_write,
    .seek = regular_seek,
    .truncate = regular_truncate,
};

// ---- directories ----

static enum status directory_seek(struct open_file *file, int64_t offset, int whence, uint64_t *position)
{
    if (whence > LINUX_SEEK_CUR)
        return STATUS_BAD_ARGUMENT;
    return regular_seek(file, offset, whence, position);
}

const struct file_ops directory_file_ops = {
    .seek = directory_seek,
};

// Offsets 0 and 1 are "." and ".."; the file system's positions follow, moved by 2.
enum { DIRECTORY_OWN_NAMES = 2 };

struct directory_adder {
    bool (*add)(void *context, const char *name, size_t length, uint64_t number, uint32_t mode, uint64_t next);
    void *context;
};

static bool directory_add_shifted(void *context, const char *name, size_t length, uint64_t number, uint32_t mode, uint64_t next)
{
    const struct directory_adder *adder = context;
    return adder->add(adder->context, name, length, number, mode, next + DIRECTORY_OWN_NAMES);
}

static uint64_t directory_parent_number(struct open_file *file)
{
    struct entry *parent = entry_parent(file->entry, nullptr);
    uint64_t number = parent->node->number;
    entry_release(parent);
    return number;
}

static enum status directory_read_locked(struct open_file *file, struct directory_adder *adder)
{
    struct node *node = file->node;
    if (file->offset == 0) {
        if (!adder->add(adder->context, ".", 1, node->number, LINUX_S_IFDIR, 1))
            return STATUS_OK;
        file->offset = 1;
    }
    if (file->offset == 1) {
        if (!adder->add(adder->context, "..", 2, directory_parent_number(file), LINUX_S_IFDIR, DIRECTORY_OWN_NAMES))
            return STATUS_OK;
        file->offset = DIRECTORY_OWN_NAMES;
    }
    if (node->links == 0)
        return STATUS_OK;
    uint64_t position = file->offset - DIRECTORY_OWN_NAMES;
    mutex_acquire(&node->lock);
    enum status status = node->ops->read_directory(node, &position, directory_add_shifted, adder);
    mutex_release(&node->lock);
    if (status == STATUS_OK)
        file->offset = position + DIRECTORY_OWN_NAMES;
    return status;
}

enum status file_read_directory(struct open_file *file,
                                bool (*add)(void *context, const char *name, size_t length, uint64_t number, uint32_t mode, uint64_t next),
                                void *context)
{
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_PATH)
        return STATUS_BAD_HANDLE;
    if (!file->node || !node_is(file->node, LINUX_S_IFDIR) || !file->node->ops->read_directory)
        return STATUS_NOT_DIRECTORY;
    struct directory_adder adder = { add, context };
    mutex_acquire(&file->lock);
    enum status status = directory_read_locked(file, &adder);
    mutex_release(&file->lock);
    return status;
}
