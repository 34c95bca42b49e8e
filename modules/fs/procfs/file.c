// SPDX-License-Identifier: MIT
// file.c: reading the text files of /proc.
//
// The text is made outside the file's lock, because its owner may take any lock, and then put in place.
#include "procfs.h"

#include <abi/linux/fcntl.h>

#include <helix/heap.h>
#include <helix/text_writer.h>

static void text_make(const struct proc_node *node, struct text_writer *text)
{
    if (node->kind == PROC_ROW)
        node->file->show(text);
    else if (node->thread)
        node->process_file->show_thread(text, node->process, node->thread);
    else
        node->process_file->show(text, node->process);
}

// Replaces what the file holds. On failure nothing is changed.
static enum status text_renew(struct open_file *file)
{
    struct text_writer *fresh = heap_alloc_zeroed(1, sizeof(*fresh));
    if (!fresh)
        return STATUS_NO_MEMORY;
    text_make(proc_node(file->node), fresh);
    if (fresh->failed) {
        text_writer_release(fresh);
        heap_free(fresh);
        return STATUS_NO_MEMORY;
    }
    mutex_acquire(&file->lock);
    struct text_writer *old = file->data;
    file->data = fresh;
    mutex_release(&file->lock);
    if (old)
        text_writer_release(old);
    heap_free(old);
    return STATUS_OK;
}

static enum status text_copy(const struct text_writer *text, uint64_t offset, struct io_vector *to, size_t *done)
{
    if (!text || offset >= text->length)
        return STATUS_OK;
    size_t size = MIN(to->left, text->length - (size_t)offset);
    TRY(io_copy_out(to, text->bytes + offset, size));
    *done = size;
    return STATUS_OK;
}

static enum status text_read(struct open_file *file, struct io_vector *to, size_t *done)
{
    uint64_t offset = to->position >= 0 ? (uint64_t)to->position : file->offset;
    if (offset == 0 || !file->data)
        TRY(text_renew(file));
    mutex_acquire(&file->lock);
    if (to->position < 0)
        offset = file->offset;
    enum status status = text_copy(file->data, offset, to, done);
    if (to->position < 0)
        file->offset += *done;
    mutex_release(&file->lock);
    return status;
}

static enum status text_seek(struct open_file *file, int64_t offset, int whence, uint64_t *position)
{
    if (whence != LINUX_SEEK_SET && whence != LINUX_SEEK_CUR)
        return STATUS_BAD_ARGUMENT;
    mutex_acquire(&file->lock);
    int64_t from = whence == LINUX_SEEK_CUR ? (int64_t)file->offset : 0, at;
    bool fits = !__builtin_add_overflow(from, offset, &at) && at >= 0;
    if (fits)
        *position = file->offset = (uint64_t)at;
    mutex_release(&file->lock);
    return fits ? STATUS_OK : STATUS_BAD_ARGUMENT;
}

static void text_close(struct open_file *file)
{
    struct text_writer *text = file->data;
    if (text)
        text_writer_release(text);
    heap_free(text);
}

static enum status text_store_to(const struct proc_node *node, const char *text)
{
    if (node->kind == PROC_ROW && node->file->store)
        return node->file->store(text);
    if (node->kind == PROC_PROCESS_ROW && !node->thread && node->process_file->store)
        return node->process_file->store(node->process, text);
    return STATUS_BAD_ARGUMENT;
}

// One write says all; what is read next is made anew.
static enum status text_store(struct open_file *file, struct io_vector *from, size_t *done)
{
    enum { STORE_MOST = 64 };
    const struct proc_node *node = proc_node(file->node);
    char text[STORE_MOST];
    size_t length = from->left;
    if (!length || length >= sizeof text)
        return STATUS_BAD_ARGUMENT;
    TRY(io_copy_in(from, text, length));
    text[length] = '\0';
    if (text[length - 1] == '\n')
        text[length - 1] = '\0';
    TRY(text_store_to(node, text));
    *done = length;
    return STATUS_OK;
}

const struct file_ops proc_text_ops = { .read = text_read, .write = text_store, .seek = text_seek, .close = text_close };
const struct node_ops proc_file_ops = { .release = proc_node_release };
