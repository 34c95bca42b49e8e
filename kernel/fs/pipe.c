// SPDX-License-Identifier: MIT
// pipe.c: pipes and named fifos: a ring of pages between processes.
//
// Positions count bytes for ever; byte p lies in slot (p / PAGE_SIZE) % slots. Pages come when first written and go when read out,
// one kept aside, so an idle pipe costs little and a busy one allocates nothing. A slot can hold the end of what is being
// read and the beginning of what was just written: that is the ring closing. Wake-ups happen on edges only: readers when the pipe
// stops being empty, writers when PIPE_BUF bytes become free; whoever waits entered its queue under the lock, so none is lost.
// The first reader that waits stands outside the queue, and may get its bytes past the ring (pipe_wait.c).
#include "pipe.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/ioctl.h>
#include <abi/linux/poll.h>
#include <lib/format.h>
#include <lib/string.h>

#include <arch/user.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/preempt.h>
#include <helix/thread.h>

static _Atomic uint64_t next_pipe_number = 1;

static struct pipe *pipe_new(void)
{
    struct pipe *pipe = heap_alloc_zeroed(1, sizeof(*pipe));
    if (!pipe)
        return nullptr;
    mutex_init(&pipe->lock, RANK_PIPE);
    wait_queue_init(&pipe->readable);
    wait_queue_init(&pipe->writable);
    pipe->slots = PIPE_DEFAULT_SLOTS;
    pipe->pages = pipe->own_pages;
    pipe->number = atomic_fetch_add_explicit(&next_pipe_number, 1, memory_order_relaxed);
    return pipe;
}

void pipe_page_free(void *page)
{
    if (page)
        frame_free(direct_map_phys(page), 1);
}

static void pipe_free(struct pipe *pipe)
{
    for (uint64_t i = 0; i < pipe->slots; i++)
        pipe_page_free(pipe->pages[i]);
    pipe_page_free(pipe->spare);
    if (pipe->pages != pipe->own_pages)
        heap_free(pipe->pages);
    heap_free(pipe);
}

// The page of a position about to be written; nullptr: no memory.
static void *pipe_page(struct pipe *pipe, uint64_t position)
{
    void **slot = pipe_slot(pipe, position);
    if (*slot)
        return *slot;
    *slot = pipe->spare;
    pipe->spare = nullptr;
    phys_t frame;
    if (!*slot && frame_alloc(1, 0, &frame) == STATUS_OK)
        *slot = direct_map(frame);
    return *slot;
}

// The page before read_at is read out: it goes unless newer bytes stand at its beginning.
static void pipe_drop_page(struct pipe *pipe)
{
    uint64_t page_start = pipe->read_at - PAGE_SIZE;
    if (pipe->write_at > page_start + pipe->slots * PAGE_SIZE)
        return;
    void **slot = pipe_slot(pipe, page_start);
    if (pipe->spare)
        pipe_page_free(*slot);
    else
        pipe->spare = *slot;
    *slot = nullptr;
}

// Moves what is there; a fault half-way keeps what was moved.
static enum status pipe_take(struct pipe *pipe, struct io_vector *to, size_t *done) MUST_HOLD(pipe->lock)
{
    while (to->left > 0 && pipe_used(pipe) > 0) {
        uint64_t inside = pipe->read_at & PAGE_MASK;
        size_t part = (size_t)MIN(MIN(PAGE_SIZE - inside, pipe_used(pipe)), to->left);
        TRY(io_copy_out(to, (char *)*pipe_slot(pipe, pipe->read_at) + inside, part));
        pipe->read_at += part;
        *done += part;
        if ((pipe->read_at & PAGE_MASK) == 0)
            pipe_drop_page(pipe);
    }
    return STATUS_OK;
}

static enum status pipe_put(struct pipe *pipe, struct io_vector *from, size_t *done) MUST_HOLD(pipe->lock)
{
    while (from->left > 0 && pipe_room(pipe) > 0) {
        uint64_t inside = pipe->write_at & PAGE_MASK;
        size_t part = (size_t)MIN(MIN(PAGE_SIZE - inside, pipe_room(pipe)), from->left);
        char *page = pipe_page(pipe, pipe->write_at);
        if (!page)
            return STATUS_NO_MEMORY;
        TRY(io_copy_in(from, page + inside, part));
        pipe->write_at += part;
        *done += part;
    }
    return STATUS_OK;
}

static bool file_nonblocking(const struct open_file *file)
{
    return atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_NONBLOCK;
}

// The usual read: bytes of one page, which is not read out by it. A fault moves nothing.
static inline enum status pipe_take_some(struct pipe *pipe, struct io_vector *to, size_t *done) MUST_HOLD(pipe->lock)
{
    uint64_t inside = pipe->read_at & PAGE_MASK;
    size_t part = (size_t)MIN(pipe_used(pipe), (uint64_t)to->left);
    if (UNLIKELY(inside + part >= PAGE_SIZE))
        return pipe_take(pipe, to, done);
    TRY(io_copy_out(to, (char *)*pipe_slot(pipe, pipe->read_at) + inside, part));
    pipe->read_at += part;
    *done = part;
    return STATUS_OK;
}

static enum status pipe_read(struct open_file *file, struct io_vector *to, size_t *done)
{
    struct pipe *pipe = file->data;
    enum status status = STATUS_OK;
    bool room_again = false;
    if (to->left == 0)
        return STATUS_OK;
    mutex_acquire(&pipe->lock);
    if (pipe_used(pipe) == 0)
        status = pipe_await_bytes(pipe, to, file_nonblocking(file), done);
    if (LIKELY(pipe_used(pipe) > 0) && LIKELY(*done == 0)) {
        bool full = pipe_room(pipe) < PIPE_ATOMIC;
        status = pipe_take_some(pipe, to, done);
        room_again = full && pipe_room(pipe) >= PIPE_ATOMIC;
    }
    mutex_release(&pipe->lock);
    if (room_again)
        wait_wake_all(&pipe->writable);
    return *done > 0 ? STATUS_OK : status;
}

// One attempt: all of a short write or nothing, whatever fits of a long one. *give_way: a reader has got bytes past the ring.
static enum status pipe_write_some(struct pipe *pipe, uint64_t needed, struct io_vector *from, size_t *done, bool *give_way)
    MUST_HOLD(pipe->lock)
{
    if (pipe->readers == 0)
        return STATUS_BROKEN_PIPE;
    if (pipe_room(pipe) < needed)
        return STATUS_OK;
    if (pipe_give(pipe, from, done))
        *give_way = true;
    bool empty = pipe_used(pipe) == 0;
    enum status status = pipe_put(pipe, from, done);
    if (!empty || pipe_used(pipe) == 0)
        return status;
    if (pipe->reader)
        pipe_wake_reader(pipe);
    wait_wake_all(&pipe->readable); // this write may go on and wait for those readers
    return status;
}

// More than fits into the page that is being written. *give_way: it took a reader.
[[gnu::noinline]] static enum status pipe_write_long(struct pipe *pipe, bool nonblocking, struct io_vector *from, size_t *done,
                                                     bool *give_way) MUST_HOLD(pipe->lock)
{
    uint64_t needed = from->left <= PIPE_ATOMIC ? from->left : 1;
    enum status status = pipe_write_some(pipe, needed, from, done, give_way);
    while (status == STATUS_OK && from->left > 0) {
        status = nonblocking ? STATUS_WOULD_BLOCK : pipe_sleep(pipe, &pipe->writable);
        *give_way = true;
        if (status == STATUS_OK)
            status = pipe_write_some(pipe, needed, from, done, give_way);
    }
    return status;
}

// What fits. A fault moves nothing.
static inline enum status pipe_write_short(struct pipe *pipe, char *to, struct io_vector *from, size_t *done) MUST_HOLD(pipe->lock)
{
    size_t size = from->left;
    TRY(io_copy_in(from, to, size));
    if (pipe->reader) // and no bytes
        pipe_wake_reader(pipe);
    pipe->write_at += size;
    *done = size;
    return STATUS_OK;
}

static enum status pipe_write(struct open_file *file, struct io_vector *from, size_t *done)
{
    struct pipe *pipe = file->data;
    enum status status;
    bool give_way = false;
    if (from->left == 0)
        return STATUS_OK;
    mutex_acquire(&pipe->lock);
    bool empty = pipe_used(pipe) == 0;
    uint64_t inside = pipe->write_at & PAGE_MASK;
    char *page = *pipe_slot(pipe, pipe->write_at);
    if (LIKELY(page != nullptr) && LIKELY(from->left <= MIN(PAGE_SIZE - inside, pipe_room(pipe))) && LIKELY(pipe->readers > 0))
        status = pipe_write_short(pipe, page + inside, from, done);
    else
        status = pipe_write_long(pipe, file_nonblocking(file), from, done, &give_way);
    mutex_release(&pipe->lock);
    if (empty && *done > 0)
        wait_wake_all(&pipe->readable);
    if (UNLIKELY(give_way))
        thread_yield(); // to the reader, who then waits for what is written next: that need not be kept in the ring
    else
        preempt_check();
    return *done > 0 ? STATUS_OK : status;
}

static bool file_reads(const struct open_file *file)
{
    return (atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_ACCMODE) != LINUX_O_WRONLY;
}

static bool file_writes(const struct open_file *file)
{
    return (atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_ACCMODE) != LINUX_O_RDONLY;
}

// What poll reports of each side; `used` bytes are in the pipe.
static inline uint32_t pipe_ready_to_read(struct pipe *pipe, uint64_t used)
{
    uint32_t ready = used > 0 ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
    if (__atomic_load_n(&pipe->writers, __ATOMIC_RELAXED) == 0 && __atomic_load_n(&pipe->writers_ever, __ATOMIC_RELAXED) > 0)
        ready |= LINUX_POLLHUP;
    return ready;
}

static inline uint32_t pipe_ready_to_write(struct pipe *pipe, uint64_t used)
{
    uint64_t capacity = __atomic_load_n(&pipe->slots, __ATOMIC_RELAXED) * PAGE_SIZE;
    uint32_t ready = used + PIPE_ATOMIC <= capacity ? LINUX_POLLOUT | LINUX_POLLWRNORM : 0;
    return __atomic_load_n(&pipe->readers, __ATOMIC_RELAXED) == 0 ? ready | LINUX_POLLERR : ready;
}

static inline uint32_t pipe_ready(struct pipe *pipe, uint32_t access)
{
    uint64_t used = __atomic_load_n(&pipe->write_at, __ATOMIC_ACQUIRE) - __atomic_load_n(&pipe->read_at, __ATOMIC_ACQUIRE);
    if (access == LINUX_O_RDONLY)
        return pipe_ready_to_read(pipe, used);
    uint32_t ready = pipe_ready_to_write(pipe, used);
    return access == LINUX_O_WRONLY ? ready : ready | pipe_ready_to_read(pipe, used);
}

[[gnu::noinline]] static uint32_t pipe_poll_enter(struct pipe *pipe, struct poll_request *request, uint32_t access)
{
    if (access != LINUX_O_WRONLY)
        poll_wait(request, &pipe->readable);
    if (access != LINUX_O_RDONLY)
        poll_wait(request, &pipe->writable);
    return pipe_ready(pipe, access);
}

// Takes no lock: a sleep in here would swallow the wake-up of another file of the same poll.
static uint32_t pipe_poll(struct open_file *file, struct poll_request *request)
{
    uint32_t access = atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_ACCMODE;
    return request ? pipe_poll_enter(file->data, request, access) : pipe_ready(file->data, access);
}

static enum status pipe_ioctl(struct open_file *file, uint64_t request, uint64_t argument, int64_t *result)
{
    struct pipe *pipe = file->data;
    if (request != LINUX_FIONREAD)
        return STATUS_NOT_TERMINAL;
    mutex_acquire(&pipe->lock);
    int32_t used = (int32_t)pipe_used(pipe);
    mutex_release(&pipe->lock);
    return arch_copy_to_user(argument, &used, sizeof(used));
}

// True: nobody else has the pipe any more. Of a fifo with its node's lock held, so that nobody opens it meanwhile. Those woken here may
// close their ends before this has gone on, so the file is counted out after the last look at the pipe.
static bool pipe_leave(struct pipe *pipe, bool reads, bool writes)
{
    mutex_acquire(&pipe->lock);
    pipe->readers -= reads;
    pipe->writers -= writes;
    bool no_writer = pipe->writers == 0, no_reader = pipe->readers == 0;
    if (no_writer && pipe->reader)
        pipe_wake_reader(pipe);
    mutex_release(&pipe->lock);
    if (no_writer)
        wait_wake_all(&pipe->readable);
    if (no_reader)
        wait_wake_all(&pipe->writable);
    return atomic_fetch_sub_explicit(&pipe->files, 1, memory_order_acq_rel) == 1;
}

// Not analysed: only fifos have a node to lock.
NO_LOCK_ANALYSIS static void pipe_close(struct open_file *file)
{
    struct pipe *pipe = file->data;
    struct node *node = file->node;
    if (node)
        mutex_acquire(&node->lock);
    bool last = pipe_leave(pipe, file_reads(file), file_writes(file));
    if (node && last)
        node->pipe = nullptr;
    if (node)
        mutex_release(&node->lock);
    if (last)
        pipe_free(pipe);
}

const struct file_ops pipe_file_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .close = pipe_close,
};

enum status pipe_create(uint32_t flags, struct open_file **read_end, struct open_file **write_end)
{
    struct pipe *pipe = pipe_new();
    if (!pipe)
        return STATUS_NO_MEMORY;
    flags &= LINUX_O_NONBLOCK;
    enum status status = file_create(&pipe_file_ops, LINUX_O_RDONLY | flags, pipe, read_end);
    if (status != STATUS_OK) {
        pipe_free(pipe);
        return status;
    }
    pipe->readers = pipe->writers = 1;
    pipe->readers_ever = pipe->writers_ever = 1;
    atomic_store_explicit(&pipe->files, 2, memory_order_relaxed);
    status = file_create(&pipe_file_ops, LINUX_O_WRONLY | flags, pipe, write_end);
    if (status != STATUS_OK) {
        pipe->writers = 0;
        atomic_store_explicit(&pipe->files, 1, memory_order_relaxed);
        file_release(*read_end);
    }
    return status;
}

bool pipe_is_end(const struct open_file *file)
{
    return file->ops == &pipe_file_ops;
}

uint64_t pipe_number(const struct open_file *file)
{
    return ((const struct pipe *)file->data)->number;
}

void pipe_describe(const struct open_file *file, char *text, size_t size)
{
    format_text(text, size, "pipe:[%llu]", (unsigned long long)pipe_number(file));
}

// ---- fifos ----

// The fifo's pipe with the file counted in; the node's lock is held. *gone: how many of the other side had come and left again.
static enum status fifo_enter(struct node *node, bool reads, bool writes, bool nonblocking, struct pipe **entered, uint64_t *gone)
{
    if (writes && !reads && nonblocking && (!node->pipe || node->pipe->readers == 0))
        return STATUS_NO_SUCH_DEVICE;
    if (!node->pipe)
        node->pipe = pipe_new();
    struct pipe *pipe = node->pipe;
    if (!pipe)
        return STATUS_NO_MEMORY;
    atomic_fetch_add_explicit(&pipe->files, 1, memory_order_relaxed);
    mutex_acquire(&pipe->lock);
    pipe->readers += reads;
    pipe->readers_ever += reads;
    pipe->writers += writes;
    pipe->writers_ever += writes;
    *gone = reads ? pipe->writers_ever - pipe->writers : pipe->readers_ever - pipe->readers;
    mutex_release(&pipe->lock);
    *entered = pipe;
    return STATUS_OK;
}

// Waits until more of the other side have come than were `gone` when this side came: one is there, or has been meanwhile.
static enum status fifo_wait_for_peer(struct pipe *pipe, bool reads, uint64_t gone)
{
    enum status status = STATUS_OK;
    mutex_acquire(&pipe->lock);
    while (status == STATUS_OK && (reads ? pipe->writers_ever : pipe->readers_ever) == gone)
        status = pipe_sleep(pipe, reads ? &pipe->readable : &pipe->writable);
    mutex_release(&pipe->lock);
    return status;
}

enum status fifo_open(struct node *node, struct open_file *file)
{
    bool reads = file_reads(file), writes = file_writes(file), nonblocking = file_nonblocking(file);
    struct pipe *pipe;
    uint64_t gone;
    mutex_acquire(&node->lock);
    enum status status = fifo_enter(node, reads, writes, nonblocking, &pipe, &gone);
    mutex_release(&node->lock);
    TRY(status);
    if (reads)
        wait_wake_all(&pipe->writable);
    if (writes)
        wait_wake_all(&pipe->readable);
    file->ops = &pipe_file_ops;
    file->data = pipe;
    if (!nonblocking && reads != writes)
        status = fifo_wait_for_peer(pipe, reads, gone);
    if (status != STATUS_OK)
        pipe_close(file);
    return status;
}
