// SPDX-License-Identifier: MIT
// pipe.h: what the files about pipes share and nobody else sees.
#pragma once

#include "fs.h"

#include <helix/wait.h>

enum : uint64_t { PIPE_DEFAULT_SLOTS = 16, PIPE_ATOMIC = 4096, PIPE_BYTES_MAX = 1ull << 20 };

// A thread that waits in read(2) for the first byte; on its stack.
struct pipe_reader {
    struct thread *thread;
    const struct io_vector *to;
    struct space *space; // what `to` lies in, with a reference; nullptr: too short a read to be served without the ring
    size_t done;         // bytes a writer has put there
};

struct pipe {
    struct mutex lock;                    // RANK_PIPE
    struct wait_queue readable, writable; // also changes of who has it open
    struct pipe_reader *reader;           // waits for bytes, of which there are none: the first to come, before those in `readable`
    uint64_t read_at, write_at;           // 0 <= write_at - read_at <= slots * PAGE_SIZE
    uint64_t slots;                       // a power of two
    void **pages;                         // `slots` of them; nullptr: none yet
    void *spare;
    uint32_t readers, writers; // open ends
    _Atomic uint32_t files;    // that lead here; who closes the last one frees the pipe
    uint64_t readers_ever, writers_ever;
    uint64_t number;
    void *own_pages[PIPE_DEFAULT_SLOTS];
};

extern const struct file_ops pipe_file_ops;

static inline uint64_t pipe_used(const struct pipe *pipe)
{
    return pipe->write_at - pipe->read_at;
}

static inline uint64_t pipe_room(const struct pipe *pipe)
{
    return pipe->slots * PAGE_SIZE - pipe_used(pipe);
}

static inline void **pipe_slot(const struct pipe *pipe, uint64_t position)
{
    return &pipe->pages[(position >> PAGE_SHIFT) & (pipe->slots - 1)];
}

void pipe_page_free(void *page); // nullptr is fine

// ---- pipe_wait.c ----

// Waits on `queue`, entered under the lock, which is given up meanwhile.
enum status pipe_sleep(struct pipe *pipe, struct wait_queue *queue) MUST_HOLD(pipe->lock);

// Waits until there are bytes, no writer is left (then there are none), or a writer has put some straight into the reader's buffer:
// *done of them, and the call is over. STATUS_WOULD_BLOCK; STATUS_INTERRUPTED.
enum status pipe_await_bytes(struct pipe *pipe, const struct io_vector *to, bool nonblocking, size_t *done) MUST_HOLD(pipe->lock);

// Wakes the reader that waits, and forgets it. The caller looks whether it is to give way (preempt_check) when it holds nothing.
void pipe_wake_reader(struct pipe *pipe) MUST_HOLD(pipe->lock);

// The pipe is empty: serves a long write of a program to the reader that waits, as far as both buffers are in memory; returns whether it did.
bool pipe_give(struct pipe *pipe, struct io_vector *from, size_t *done) MUST_HOLD(pipe->lock);
