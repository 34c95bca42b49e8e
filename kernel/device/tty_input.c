// SPDX-License-Identifier: MIT
// tty_input.c: what becomes of a byte that was typed: line editing, signals, flow control.
#include "tty_local.h"

#include <abi/linux/signal.h>

static uint8_t input_at(const struct tty *tty, uint32_t position)
{
    return (uint8_t)tty->input[position % TTY_INPUT_SIZE];
}

static uint32_t input_used(const struct tty *tty)
{
    return tty->write_at - tty->read_at;
}

static void line_end_set(struct tty *tty, uint32_t position, bool is_end)
{
    uint64_t *word = &tty->line_ends[position % TTY_INPUT_SIZE / 64], bit = 1ull << position % 64;
    *word = is_end ? *word | bit : *word & ~bit;
}

uint32_t tty_available(const struct tty *tty)
{
    return (tty_line_mode(tty) ? tty->line_at : tty->write_at) - tty->read_at;
}

void tty_flush_input(struct tty *tty)
{
    tty->read_at = tty->line_at = tty->write_at;
    tty->backlog_length = 0;
    tty->literal = false;
}

static bool is_character(const struct tty *tty, int index, uint8_t byte)
{
    return byte == tty->attributes.characters[index] && byte != 0;
}

static bool is_continuation(const struct tty *tty, uint8_t byte)
{
    return (tty->attributes.input & LINUX_IUTF8) && (byte & 0xc0) == 0x80;
}

static bool is_control(uint8_t byte)
{
    return byte < ' ' || byte == 0x7f;
}

static bool is_word(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || byte == '_' || byte >= 0x80;
}

// ---- adding ----

// The last place of the buffer is kept for the end of a line.
static void input_put(struct tty *tty, uint8_t byte, struct tty_effects *effects)
{
    if (input_used(tty) >= TTY_INPUT_SIZE - 1) {
        if (tty->attributes.input & LINUX_IMAXBEL)
            tty_echo_raw(tty, effects, '\a');
        return;
    }
    line_end_set(tty, tty->write_at, false);
    tty->input[tty->write_at++ % TTY_INPUT_SIZE] = (char)byte;
    if (!tty_line_mode(tty))
        effects->readable = true;
}

static void line_finish(struct tty *tty, uint8_t byte, struct tty_effects *effects)
{
    if (input_used(tty) == TTY_INPUT_SIZE)
        return;
    line_end_set(tty, tty->write_at, true);
    tty->input[tty->write_at++ % TTY_INPUT_SIZE] = (char)byte;
    tty->line_at = tty->write_at;
    effects->readable = true;
}

static void echo_typed(struct tty *tty, uint8_t byte, struct tty_effects *effects)
{
    if (tty->line_at == tty->write_at)
        tty->line_column = tty->column;
    tty_echo(tty, effects, byte);
}

static void receive_plain(struct tty *tty, uint8_t byte, struct tty_effects *effects)
{
    if (tty_local(tty, LINUX_ECHO)) {
        if (byte == '\n')
            tty_echo_raw(tty, effects, '\n');
        else
            echo_typed(tty, byte, effects);
    }
    if (byte == 0xff && (tty->attributes.input & LINUX_PARMRK))
        input_put(tty, byte, effects);
    input_put(tty, byte, effects);
}

// ---- taking back ----

// Cells a tab at `position` takes: what stands before it on its row decides.
static uint32_t tab_width(const struct tty *tty, uint32_t position)
{
    uint32_t cells = 0, at = position;
    while (at != tty->line_at) {
        uint8_t byte = input_at(tty, --at);
        if (byte == '\t')
            return TTY_TAB - (cells & TTY_TAB_MASK);
        if (is_control(byte))
            cells += tty_local(tty, LINUX_ECHOCTL) ? 2 : 0;
        else
            cells += !is_continuation(tty, byte);
    }
    return TTY_TAB - ((cells + tty->line_column) & TTY_TAB_MASK);
}

static void erase_cells(struct tty *tty, uint32_t count, struct tty_effects *effects)
{
    while (count--) {
        tty_echo_raw(tty, effects, '\b');
        tty_echo_raw(tty, effects, ' ');
        tty_echo_raw(tty, effects, '\b');
    }
}

static void erase_echo(struct tty *tty, uint8_t byte, struct tty_effects *effects)
{
    if (byte == '\t') {
        for (uint32_t left = tab_width(tty, tty->write_at); left > 0; left--)
            tty_echo_raw(tty, effects, '\b');
        return;
    }
    bool shown_as_two = is_control(byte) && tty_local(tty, LINUX_ECHOCTL);
    erase_cells(tty, shown_as_two ? 2 : !is_control(byte), effects);
}

// Takes the last character of the line back, all of its bytes; returns its first.
static uint8_t line_shorten(struct tty *tty)
{
    uint8_t byte;
    do
        byte = input_at(tty, --tty->write_at);
    while (is_continuation(tty, byte) && tty->write_at != tty->line_at);
    return byte;
}

static void receive_erase(struct tty *tty, uint8_t typed, struct tty_effects *effects)
{
    if (tty->write_at == tty->line_at)
        return;
    uint8_t byte = line_shorten(tty);
    if (!tty_local(tty, LINUX_ECHO))
        return;
    if (tty_local(tty, LINUX_ECHOE))
        erase_echo(tty, byte, effects);
    else
        tty_echo(tty, effects, typed);
}

static void receive_word_erase(struct tty *tty, struct tty_effects *effects)
{
    bool in_word = false;
    while (tty->write_at != tty->line_at) {
        bool word = is_word(input_at(tty, tty->write_at - 1));
        if (in_word && !word)
            break;
        in_word |= word;
        uint8_t byte = line_shorten(tty);
        if (tty_local(tty, LINUX_ECHO))
            erase_echo(tty, byte, effects);
    }
}

static void receive_kill(struct tty *tty, uint8_t typed, struct tty_effects *effects)
{
    if (tty->write_at == tty->line_at)
        return;
    bool visibly = tty_local(tty, LINUX_ECHOK) && tty_local(tty, LINUX_ECHOKE) && tty_local(tty, LINUX_ECHOE);
    while (tty_local(tty, LINUX_ECHO) && visibly && tty->write_at != tty->line_at)
        erase_echo(tty, line_shorten(tty), effects);
    tty->write_at = tty->line_at;
    if (!tty_local(tty, LINUX_ECHO) || visibly)
        return;
    tty_echo(tty, effects, typed);
    if (tty_local(tty, LINUX_ECHOK))
        tty_echo_raw(tty, effects, '\n');
}

static void receive_reprint(struct tty *tty, uint8_t typed, struct tty_effects *effects)
{
    tty_echo(tty, effects, typed);
    tty_echo_raw(tty, effects, '\n');
    tty->line_column = tty->column;
    for (uint32_t at = tty->line_at; at != tty->write_at; at++)
        tty_echo(tty, effects, input_at(tty, at));
}

// ---- characters with a meaning ----

static int signal_of(const struct tty *tty, uint8_t byte)
{
    if (!tty_local(tty, LINUX_ISIG))
        return 0;
    if (is_character(tty, LINUX_VINTR, byte))
        return LINUX_SIGINT;
    if (is_character(tty, LINUX_VQUIT, byte))
        return LINUX_SIGQUIT;
    return is_character(tty, LINUX_VSUSP, byte) ? LINUX_SIGTSTP : 0;
}

static void receive_signal(struct tty *tty, int signal, uint8_t byte, struct tty_effects *effects)
{
    if (!tty_local(tty, LINUX_NOFLSH))
        tty_flush_input(tty);
    if (tty->attributes.input & LINUX_IXON)
        tty_go(tty, effects);
    if (tty_local(tty, LINUX_ECHO))
        tty_echo(tty, effects, byte);
    effects->signals |= 1ull << signal;
}

static bool receive_flow(struct tty *tty, uint8_t byte, struct tty_effects *effects)
{
    if (!(tty->attributes.input & LINUX_IXON))
        return false;
    if (is_character(tty, LINUX_VSTART, byte)) {
        tty_go(tty, effects);
        return true;
    }
    if (!is_character(tty, LINUX_VSTOP, byte))
        return false;
    tty_stop(tty);
    return true;
}

// A character that edits the line. False: it has no such meaning.
static bool receive_editing(struct tty *tty, uint8_t byte, struct tty_effects *effects)
{
    bool extended = tty_local(tty, LINUX_IEXTEN);
    if (is_character(tty, LINUX_VERASE, byte)) {
        receive_erase(tty, byte, effects);
    } else if (is_character(tty, LINUX_VKILL, byte)) {
        receive_kill(tty, byte, effects);
    } else if (extended && is_character(tty, LINUX_VWERASE, byte)) {
        receive_word_erase(tty, effects);
    } else if (extended && is_character(tty, LINUX_VLNEXT, byte)) {
        tty->literal = true;
        if (tty_local(tty, LINUX_ECHO) && tty_local(tty, LINUX_ECHOCTL)) {
            tty_echo_raw(tty, effects, '^');
            tty_echo_raw(tty, effects, '\b');
        }
    } else if (extended && tty_local(tty, LINUX_ECHO) && is_character(tty, LINUX_VREPRINT, byte)) {
        receive_reprint(tty, byte, effects);
    } else {
        return false;
    }
    return true;
}

// A character that ends the line. False: it does not.
static bool receive_line_end(struct tty *tty, uint8_t byte, struct tty_effects *effects)
{
    if (byte == '\n') {
        if (tty_local(tty, LINUX_ECHO | LINUX_ECHONL))
            tty_echo_raw(tty, effects, '\n');
        line_finish(tty, '\n', effects);
        return true;
    }
    if (is_character(tty, LINUX_VEOF, byte)) {
        line_finish(tty, 0, effects);
        return true;
    }
    bool ends = is_character(tty, LINUX_VEOL, byte) || (tty_local(tty, LINUX_IEXTEN) && is_character(tty, LINUX_VEOL2, byte));
    if (!ends)
        return false;
    if (tty_local(tty, LINUX_ECHO))
        echo_typed(tty, byte, effects);
    line_finish(tty, byte, effects);
    return true;
}

static void receive_byte(struct tty *tty, uint8_t byte, struct tty_effects *effects)
{
    uint32_t input = tty->attributes.input;
    if (input & LINUX_ISTRIP)
        byte &= 0x7f;
    if ((input & LINUX_IUCLC) && tty_local(tty, LINUX_IEXTEN) && byte >= 'A' && byte <= 'Z')
        byte |= 0x20;
    if (UNLIKELY(tty->literal)) {
        tty->literal = false;
        receive_plain(tty, byte, effects);
        return;
    }
    if (receive_flow(tty, byte, effects))
        return;
    int signal = signal_of(tty, byte);
    if (signal) {
        receive_signal(tty, signal, byte, effects);
        return;
    }
    if ((input & LINUX_IXON) && (input & LINUX_IXANY))
        tty_go(tty, effects);
    if (byte == '\r') {
        if (input & LINUX_IGNCR)
            return;
        byte = input & LINUX_ICRNL ? '\n' : '\r';
    } else if (byte == '\n' && (input & LINUX_INLCR)) {
        byte = '\r';
    }
    if (tty_line_mode(tty) && (receive_editing(tty, byte, effects) || receive_line_end(tty, byte, effects)))
        return;
    receive_plain(tty, byte, effects);
}

// ---- the backlog ----

// A line too long for the buffer is cut, so without a complete line there is always room to go on typing.
static bool has_room(const struct tty *tty)
{
    return input_used(tty) < TTY_INPUT_SIZE - 1 || (tty_line_mode(tty) && tty->line_at == tty->read_at);
}

static void backlog_put(struct tty *tty, uint8_t byte)
{
    if (tty->backlog_length < TTY_BACKLOG_SIZE)
        tty->backlog[(tty->backlog_at + tty->backlog_length++) % TTY_BACKLOG_SIZE] = (char)byte;
}

void tty_receive_backlog(struct tty *tty, struct tty_effects *effects)
{
    while (tty->backlog_length && has_room(tty)) {
        uint8_t byte = (uint8_t)tty->backlog[tty->backlog_at++ % TTY_BACKLOG_SIZE];
        tty->backlog_length--;
        receive_byte(tty, byte, effects);
    }
}

void tty_receive(struct tty *tty, const char *bytes, size_t length, struct tty_effects *effects)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)bytes[i];
        bool late = tty->backlog_length || !has_room(tty);
        if (LIKELY(!late))
            receive_byte(tty, byte, effects);
        else if (signal_of(tty, byte)) // whoever does not read can still be interrupted
            receive_signal(tty, signal_of(tty, byte), byte, effects);
        else
            backlog_put(tty, byte);
    }
    tty_receive_backlog(tty, effects);
}

// ---- ICANON on and off ----

void tty_change_mode(struct tty *tty, bool was_line_mode, bool was_echoed, struct tty_effects *effects)
{
    tty->literal = false;
    if (was_line_mode == tty_line_mode(tty))
        return;
    uint32_t unread = input_used(tty);
    if (!tty_line_mode(tty) || unread + tty->backlog_length > TTY_BACKLOG_SIZE) {
        tty->line_at = tty->write_at;
        return;
    }
    // Typed ahead while a program read byte by byte: now they are typed into a line, as if just arrived.
    for (uint32_t at = tty->write_at; at != tty->read_at; at--) {
        tty->backlog_at = (tty->backlog_at + TTY_BACKLOG_SIZE - 1) % TTY_BACKLOG_SIZE;
        tty->backlog[tty->backlog_at] = (char)input_at(tty, at - 1);
        tty->backlog_length++;
    }
    tty->line_at = tty->write_at = tty->read_at;
    effects->silent = was_echoed;
    tty_receive_backlog(tty, effects);
    effects->silent = false;
}
