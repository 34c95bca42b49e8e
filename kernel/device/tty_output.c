// SPDX-License-Identifier: MIT
// tty_output.c: what becomes of bytes on their way to the device: programs' output, and the echo of what is typed.
//
// The column is kept for tabs only. Writers and the echo may both move it at once; then a tab is a few cells off.
#include "tty_local.h"

#include <lib/string.h>

#include <helix/thread.h>

enum { OUTPUT_CHUNK = 512 };

static bool is_cell(const struct tty *tty, uint8_t byte)
{
    return byte >= ' ' && byte != 0x7f && !((tty->attributes.input & LINUX_IUTF8) && (byte & 0xc0) == 0x80);
}

static size_t output_newline(struct tty *tty, char *to)
{
    if (tty->attributes.output & LINUX_ONLCR) {
        tty->column = 0;
        to[0] = '\r';
        to[1] = '\n';
        return 2;
    }
    if (tty->attributes.output & LINUX_ONLRET)
        tty->column = 0;
    to[0] = '\n';
    return 1;
}

static size_t output_return(struct tty *tty, char *to)
{
    uint32_t flags = tty->attributes.output;
    if ((flags & LINUX_ONOCR) && tty->column == 0)
        return 0;
    bool stays = (flags & LINUX_OCRNL) && !(flags & LINUX_ONLRET);
    if (!stays)
        tty->column = 0;
    to[0] = flags & LINUX_OCRNL ? '\n' : '\r';
    return 1;
}

static size_t output_tab(struct tty *tty, char *to)
{
    uint32_t cells = TTY_TAB - (tty->column & TTY_TAB_MASK);
    tty->column += cells;
    if ((tty->attributes.output & LINUX_TABDLY) != LINUX_XTABS) {
        to[0] = '\t';
        return 1;
    }
    memset(to, ' ', cells);
    return cells;
}

size_t tty_output_byte(struct tty *tty, uint8_t byte, char *to)
{
    uint32_t flags = tty->attributes.output;
    if (flags & LINUX_OPOST) {
        if (byte == '\n')
            return output_newline(tty, to);
        if (byte == '\r')
            return output_return(tty, to);
        if (byte == '\t')
            return output_tab(tty, to);
        if (byte == '\b' && tty->column > 0)
            tty->column--;
        tty->column += is_cell(tty, byte);
        if ((flags & LINUX_OLCUC) && byte >= 'a' && byte <= 'z')
            byte ^= 0x20;
    }
    to[0] = (char)byte;
    return 1;
}

// ---- echo: the lock is held ----

void tty_echo_flush(struct tty *tty, struct tty_effects *effects)
{
    if (effects->length)
        tty->device->write(effects->echo, effects->length);
    effects->length = 0;
}

void tty_echo_raw(struct tty *tty, struct tty_effects *effects, uint8_t byte)
{
    if (effects->silent)
        return;
    if (effects->length > TTY_ECHO_SIZE - TTY_TAB)
        tty_echo_flush(tty, effects);
    effects->length += tty_output_byte(tty, byte, effects->echo + effects->length);
}

void tty_echo(struct tty *tty, struct tty_effects *effects, uint8_t byte)
{
    bool control = byte < ' ' || byte == 0x7f;
    if (control && byte != '\t' && tty_local(tty, LINUX_ECHOCTL)) {
        tty_echo_raw(tty, effects, '^');
        byte ^= 0x40;
    }
    tty_echo_raw(tty, effects, byte);
}

void tty_stop(struct tty *tty)
{
    atomic_store(&tty->stopped, true);
}

void tty_go(struct tty *tty, struct tty_effects *effects)
{
    if (atomic_exchange(&tty->stopped, false))
        effects->writable = true;
}

// ---- programs' output ----

static enum status output_wait(struct tty *tty, bool nonblocking)
{
    enum status status = STATUS_OK;
    struct waiter waiter;
    if (LIKELY(!atomic_load(&tty->stopped)))
        return STATUS_OK;
    if (nonblocking)
        return STATUS_WOULD_BLOCK;
    waiter_init(&waiter);
    for (;;) {
        wait_begin(&tty->writable, &waiter);
        if (!atomic_load(&tty->stopped) || status != STATUS_OK)
            break;
        status = thread_block(BLOCK_IO, UINT64_MAX);
    }
    wait_end(&waiter);
    return status == STATUS_OK ? STATUS_OK : STATUS_RESTART;
}

// Bytes from `from` on that nothing has to be done to.
static size_t plain_run(const char *from, size_t size)
{
    size_t length = 0;
    while (length < size && (uint8_t)from[length] >= ' ' && (uint8_t)from[length] < 0x7f)
        length++;
    return length;
}

static void output_cooked(struct tty *tty, const char *bytes, size_t size)
{
    char cooked[OUTPUT_CHUNK];
    size_t length = 0, at = 0;
    bool folded = tty->attributes.output & LINUX_OLCUC;
    while (at < size) {
        size_t run = folded ? 0 : MIN(plain_run(bytes + at, size - at), OUTPUT_CHUNK - length);
        memcpy(cooked + length, bytes + at, run);
        tty->column += (uint32_t)run;
        length += run;
        at += run;
        if (length > OUTPUT_CHUNK - TTY_TAB) {
            tty->device->write(cooked, length);
            length = 0;
        }
        if (at < size)
            length += tty_output_byte(tty, (uint8_t)bytes[at++], cooked + length);
    }
    if (length)
        tty->device->write(cooked, length);
}

static enum status output_chunk(struct tty *tty, struct io_vector *from, size_t *done)
{
    char bytes[OUTPUT_CHUNK];
    size_t size = MIN(from->left, sizeof bytes);
    TRY(io_copy_in(from, bytes, size));
    mutex_acquire(&tty->output);
    if (tty->attributes.output & LINUX_OPOST)
        output_cooked(tty, bytes, size);
    else
        tty->device->write(bytes, size);
    mutex_release(&tty->output);
    *done += size;
    return STATUS_OK;
}

enum status tty_write_vector(struct tty *tty, struct io_vector *from, bool nonblocking, size_t *done)
{
    enum status status = STATUS_OK;
    while (from->left > 0 && status == STATUS_OK) {
        if (*done > 0 && thread_interrupted())
            break;
        status = output_wait(tty, nonblocking);
        if (status == STATUS_OK)
            status = output_chunk(tty, from, done);
    }
    return *done > 0 ? STATUS_OK : status;
}

void tty_write(struct tty *tty, const char *text, size_t length)
{
    size_t done = 0;
    struct io_vector from = { .address = virt_of(text).raw, .left = length, .position = -1 };
    while (from.left > 0 && tty_write_vector(tty, &from, false, &done) == STATUS_OK)
        ;
}
