// SPDX-License-Identifier: MIT
// poll.c: waiting for the first of several files.
//
// The first look enters the wait queue of every file. Entering one queue forgets wake-ups of those entered before, so with more
// than one a second look follows before the thread sleeps; from then on a wake-up between look and sleep ends the sleep at once.
#include "fs.h"

#include <abi/linux/poll.h>

#include <helix/heap.h>
#include <helix/thread.h>
#include <helix/timer.h>
#include <helix/wait.h>

enum { POLL_WAITERS_MORE = 32 };

struct poll_more {
    struct poll_more *next;
    struct waiter waiters[POLL_WAITERS_MORE];
};

struct poll_request {
    size_t count;
    bool failed;            // no memory for a waiter
    struct poll_more *more; // newest first
    struct waiter waiters[POLL_WAITERS_INLINE];
};

static struct waiter *poll_next_waiter(struct poll_request *request)
{
    if (request->count < POLL_WAITERS_INLINE)
        return &request->waiters[request->count];
    size_t index = (request->count - POLL_WAITERS_INLINE) % POLL_WAITERS_MORE;
    if (index == 0) {
        struct poll_more *more = heap_alloc(sizeof(*more));
        if (!more)
            return nullptr;
        more->next = request->more;
        request->more = more;
    }
    return &request->more->waiters[index];
}

void poll_wait(struct poll_request *request, struct wait_queue *queue)
{
    if (!request || request->failed)
        return;
    struct waiter *waiter = poll_next_waiter(request);
    if (!waiter) {
        request->failed = true;
        return;
    }
    request->count++;
    waiter_init(waiter);
    wait_begin(queue, waiter);
}

static void poll_leave(struct poll_request *request)
{
    for (size_t i = 0; i < MIN(request->count, (size_t)POLL_WAITERS_INLINE); i++)
        wait_end(&request->waiters[i]);
    size_t left = request->count > POLL_WAITERS_INLINE ? (request->count - POLL_WAITERS_INLINE - 1) % POLL_WAITERS_MORE + 1 : 0;
    while (request->more) {
        struct poll_more *more = request->more;
        for (size_t i = 0; i < left; i++)
            wait_end(&more->waiters[i]);
        left = POLL_WAITERS_MORE;
        request->more = more->next;
        heap_free(more);
    }
}

// How many are ready. Once one is, the rest need no waiters.
static size_t poll_look(struct poll_item *items, size_t count, struct poll_request *request)
{
    size_t ready = 0;
    for (size_t i = 0; i < count; i++) {
        if (UNLIKELY(!items[i].file)) {
            ready += items[i].ready != 0;
            request = ready ? nullptr : request;
            continue;
        }
        uint32_t seen = file_poll(items[i].file, request);
        items[i].ready = seen & (items[i].wanted | LINUX_POLLERR | LINUX_POLLHUP);
        if (items[i].ready) {
            ready++;
            request = nullptr;
        }
    }
    return ready;
}

enum status poll_files(struct poll_item *items, size_t count, uint64_t deadline_ns, size_t *ready)
{
    struct poll_request request __attribute__((uninitialized));
    request.count = 0;
    request.failed = false;
    request.more = nullptr;
    enum status status = STATUS_OK;
    *ready = poll_look(items, count, deadline_ns ? &request : nullptr);
    if (request.failed)
        status = STATUS_NO_MEMORY;
    if (*ready == 0 && request.count > 1)
        *ready = poll_look(items, count, nullptr);
    while (*ready == 0 && status == STATUS_OK && deadline_ns) {
        status = thread_block(BLOCK_IO, deadline_ns);
        if (status != STATUS_NO_MEMORY)
            *ready = poll_look(items, count, nullptr);
    }
    poll_leave(&request);
    if (*ready > 0 || status == STATUS_TIMEOUT)
        return STATUS_OK;
    return status;
}
