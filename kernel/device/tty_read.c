// SPDX-License-Identifier: MIT
// tty_read.c: reading from a terminal: a line at a time, or by VMIN and VTIME.
//
// Bytes leave the ring under the lock in pieces of the caller's stack and go on to user memory without it.
#include "tty_local.h"

#include <abi/linux/signal.h>

#include <helix/thread.h>
#include <helix/timer.h>

enum { READ_CHUNK = 512 };
enum : uint64_t { VTIME_NS = 100 * NS_PER_MS };

static bool is_line_end(const struct tty *tty, uint32_t position)
{
    return tty->line_ends[position % TTY_INPUT_SIZE / 64] >> position % 64 & 1;
}

static bool is_end_of_file(const struct tty *tty, uint32_t position)
{
    return is_line_end(tty, position) && tty->input[position % TTY_INPUT_SIZE] == 0;
}

// Takes up to `size` bytes, in line mode up to the end of a line. *ended: that end was reached (and an end of file taken out).
static size_t take_line(struct tty *tty, char *to, size_t size, bool *ended)
{
    size_t length = 0;
    while (tty->read_at != tty->line_at && !*ended) {
        uint32_t at = tty->read_at;
        *ended = is_line_end(tty, at);
        bool end_of_file = is_end_of_file(tty, at);
        if (!end_of_file && length == size) {
            *ended = false;
            break;
        }
        tty->read_at++;
        if (!end_of_file)
            to[length++] = tty->input[at % TTY_INPUT_SIZE];
    }
    return length;
}

static size_t take_raw(struct tty *tty, char *to, size_t size)
{
    size_t length = 0;
    while (tty->read_at != tty->write_at && length < size)
        to[length++] = tty->input[tty->read_at++ % TTY_INPUT_SIZE];
    tty->line_at = tty->read_at;
    return length;
}

struct taking {
    bool line_mode, ended;
    bool any;              // something was there to take, be it an end of file alone
    uint8_t minimum, time; // VMIN, VTIME
};

// There is room again.
static void catch_up(struct tty *tty)
{
    struct tty_effects effects = {};
    bool on = spinlock_acquire_irq(&tty->lock);
    tty_receive_backlog(tty, &effects);
    tty_echo_flush(tty, &effects);
    spinlock_release_irq(&tty->lock, on);
    tty_effects_finish(tty, &effects);
}

// One piece from the ring to the caller. taking->any: something was there.
static enum status take_piece(struct tty *tty, struct io_vector *to, struct taking *taking, size_t *done)
{
    char bytes[READ_CHUNK];
    bool on = spinlock_acquire_irq(&tty->lock);
    taking->line_mode = tty_line_mode(tty);
    taking->minimum = tty->attributes.characters[LINUX_VMIN];
    taking->time = tty->attributes.characters[LINUX_VTIME];
    taking->any = tty_available(tty) > 0;
    size_t size = MIN(to->left, sizeof bytes), length = 0;
    if (taking->any)
        length = taking->line_mode ? take_line(tty, bytes, size, &taking->ended) : take_raw(tty, bytes, size);
    bool late = taking->any && tty->backlog_length;
    spinlock_release_irq(&tty->lock, on);
    if (UNLIKELY(late))
        catch_up(tty);
    TRY(io_copy_out(to, bytes, length));
    *done += length;
    return STATUS_OK;
}

// Takes what is there. *enough: the read is done.
static enum status take_available(struct tty *tty, struct io_vector *to, struct taking *taking, size_t *done, bool *enough)
{
    do
        TRY(take_piece(tty, to, taking, done));
    while (taking->any && !taking->ended && to->left > 0);
    if (taking->line_mode)
        *enough = taking->ended || *done > 0;
    else
        *enough = to->left == 0 || *done >= (taking->minimum ? taking->minimum : 1u) || (!taking->minimum && !taking->time);
    return STATUS_OK;
}

// When VTIME ends the wait; UINT64_MAX: never. `news`: bytes came since the last time.
static uint64_t time_limit(const struct taking *taking, uint64_t limit_ns, size_t done, bool news)
{
    if (taking->line_mode || !taking->time)
        return UINT64_MAX;
    bool between_bytes = taking->minimum > 0;
    if (between_bytes && done == 0)
        return UINT64_MAX;
    return news || limit_ns == UINT64_MAX ? time_ns() + taking->time * VTIME_NS : limit_ns;
}

enum status tty_read_vector(struct tty *tty, struct io_vector *to, bool nonblocking, uint64_t deadline_ns, size_t *done)
{
    enum status status = STATUS_OK;
    struct taking taking = {};
    uint64_t limit_ns = UINT64_MAX;
    struct waiter waiter;
    waiter_init(&waiter);
    while (to->left > 0) {
        bool enough = false;
        size_t before = *done;
        wait_begin(&tty->readable, &waiter);
        status = tty_check_foreground(tty, LINUX_SIGTTIN);
        if (status == STATUS_OK)
            status = take_available(tty, to, &taking, done, &enough);
        if (!enough && status == STATUS_OK && nonblocking)
            status = STATUS_WOULD_BLOCK;
        if (enough || status != STATUS_OK)
            break;
        limit_ns = time_limit(&taking, limit_ns, *done, *done != before);
        status = thread_block(BLOCK_IO, MIN(limit_ns, deadline_ns));
        if (status == STATUS_TIMEOUT && time_ns() >= limit_ns) { // VTIME: whatever came is the answer
            status = STATUS_OK;
            break;
        }
        if (status != STATUS_OK)
            break;
    }
    wait_end(&waiter);
    if (*done > 0)
        return STATUS_OK;
    return status == STATUS_INTERRUPTED ? STATUS_RESTART : status;
}

bool tty_can_read(struct tty *tty)
{
    bool on = spinlock_acquire_irq(&tty->lock);
    uint8_t minimum = tty->attributes.characters[LINUX_VMIN];
    bool by_count = !tty_line_mode(tty) && minimum && !tty->attributes.characters[LINUX_VTIME];
    bool can = tty_available(tty) >= (by_count ? minimum : 1u);
    spinlock_release_irq(&tty->lock, on);
    return can;
}

enum status tty_read(struct tty *tty, char *to, size_t size, uint64_t deadline_ns, size_t *done)
{
    struct io_vector vector = { .address = virt_of(to).raw, .left = size, .position = -1 };
    *done = 0;
    return tty_read_vector(tty, &vector, false, deadline_ns, done);
}
