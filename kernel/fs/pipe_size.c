// SPDX-License-Identifier: MIT
// pipe_size.c: pipes of another size (F_SETPIPE_SZ).
#include "pipe.h"

#include <lib/string.h>

#include <helix/frames.h>
#include <helix/heap.h>

enum status pipe_get_size(struct open_file *file, uint64_t *bytes)
{
    if (!pipe_is_end(file))
        return STATUS_BAD_HANDLE;
    *bytes = ((struct pipe *)file->data)->slots * PAGE_SIZE;
    return STATUS_OK;
}

static void pages_free_all(void **pages, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        pipe_page_free(pages[i]);
}

// Moves the contents into `pages`, which become the pipe's with position 0 at the first byte. Nothing changes on failure.
static enum status pipe_move_to(struct pipe *pipe, void **pages, uint64_t slots) MUST_HOLD(pipe->lock)
{
    uint64_t used = pipe_used(pipe), first = pipe->read_at;
    if (used > slots * PAGE_SIZE)
        return STATUS_BUSY;
    for (uint64_t at = 0; at < used;) {
        phys_t frame;
        void **page = &pages[at >> PAGE_SHIFT];
        if (!*page && frame_alloc(1, 0, &frame) == STATUS_OK)
            *page = direct_map(frame);
        if (!*page) {
            pages_free_all(pages, slots);
            return STATUS_NO_MEMORY;
        }
        uint64_t part = MIN(MIN(PAGE_SIZE - (at & PAGE_MASK), PAGE_SIZE - ((first + at) & PAGE_MASK)), used - at);
        memcpy((char *)*page + (at & PAGE_MASK), (char *)*pipe_slot(pipe, first + at) + ((first + at) & PAGE_MASK), part);
        at += part;
    }
    pages_free_all(pipe->pages, pipe->slots);
    if (pipe->pages != pipe->own_pages)
        heap_free(pipe->pages);
    pipe->pages = pages;
    pipe->slots = slots;
    pipe->read_at = 0;
    pipe->write_at = used;
    return STATUS_OK;
}

enum status pipe_set_size(struct open_file *file, uint64_t bytes, uint64_t *result)
{
    if (!pipe_is_end(file))
        return STATUS_BAD_HANDLE;
    if (bytes > PIPE_BYTES_MAX)
        return bytes > INT32_MAX ? STATUS_BAD_ARGUMENT : STATUS_NOT_PERMITTED;
    uint64_t slots = 1;
    while (slots * PAGE_SIZE < bytes)
        slots *= 2;
    void **pages = heap_alloc_zeroed(slots, sizeof(*pages));
    if (!pages)
        return STATUS_NO_MEMORY;
    struct pipe *pipe = file->data;
    mutex_acquire(&pipe->lock);
    enum status status = pipe_move_to(pipe, pages, slots);
    mutex_release(&pipe->lock);
    if (status != STATUS_OK) {
        heap_free(pages);
        return status;
    }
    wait_wake_all(&pipe->writable);
    *result = slots * PAGE_SIZE;
    return STATUS_OK;
}
