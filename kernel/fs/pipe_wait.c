// SPDX-License-Identifier: MIT
// pipe_wait.c: waiting at a pipe, and bytes that go from a writer to a reader that waits without being kept in the ring.
//
// The first thread that waits for bytes stands in pipe->reader, others in the queue `readable`, with whoever polls. It stands there only
// while the pipe is empty; who wakes it takes it out, under the lock, so that its record is not touched after it has gone on.
#include "pipe.h"

#include <arch/keys.h>

#include <helix/preempt.h>
#include <helix/process.h>
#include <helix/space.h>
#include <helix/thread.h>

enum : size_t { GIVEN_MIN = 2 * PAGE_SIZE }; // shorter ones are not worth looking pages up

enum status pipe_sleep(struct pipe *pipe, struct wait_queue *queue)
{
    struct waiter waiter;
    waiter_init(&waiter);
    wait_begin(queue, &waiter);
    mutex_release(&pipe->lock);
    enum status status = thread_block(BLOCK_IPC, UINT64_MAX);
    wait_end(&waiter);
    mutex_acquire(&pipe->lock);
    return status;
}

// The first to wait.
static enum status pipe_sleep_first(struct pipe *pipe, struct pipe_reader *reader) MUST_HOLD(pipe->lock)
{
    pipe->reader = reader;
    atomic_store_explicit(&reader->thread->wake_pending, false, memory_order_relaxed); // wakers take the lock first
    mutex_release(&pipe->lock);
    enum status status = thread_block(BLOCK_IPC, UINT64_MAX);
    mutex_acquire(&pipe->lock);
    if (pipe->reader == reader)
        pipe->reader = nullptr;
    return status;
}

enum status pipe_await_bytes(struct pipe *pipe, const struct io_vector *to, bool nonblocking, size_t *done)
{
    struct pipe_reader reader = { .thread = thread_current(), .to = to };
    enum status status = STATUS_OK;
    if (to->user && to->left >= GIVEN_MIN && !nonblocking && arch_keys_plain()) {
        reader.space = reader.thread->process->space;
        space_retain(reader.space);
    }
    while (status == STATUS_OK && pipe_used(pipe) == 0 && pipe->writers > 0 && reader.done == 0) {
        if (nonblocking)
            status = STATUS_WOULD_BLOCK;
        else
            status = LIKELY(!pipe->reader) ? pipe_sleep_first(pipe, &reader) : pipe_sleep(pipe, &pipe->readable);
    }
    if (reader.space)
        space_release(reader.space);
    *done = reader.done;
    return status;
}

void pipe_wake_reader(struct pipe *pipe)
{
    struct thread *thread = pipe->reader->thread;
    pipe->reader = nullptr;
    (void)arch_interrupts_disable();
    thread_wake_soon_off(thread); // who writes will as a rule wait for an answer, or has nothing more to do
    arch_interrupts_enable();
}

bool pipe_give(struct pipe *pipe, struct io_vector *from, size_t *done)
{
    struct pipe_reader *reader = pipe->reader;
    if (!reader || !reader->space || !from->user || from->left < GIVEN_MIN || !arch_keys_plain())
        return false;
    size_t given = space_transfer(thread_current()->process->space, from->address, reader->space, reader->to->address,
                                  MIN(from->left, reader->to->left));
    if (given == 0)
        return false;
    from->address += given;
    from->left -= given;
    *done += given;
    reader->done = given;
    pipe_wake_reader(pipe);
    return true;
}
