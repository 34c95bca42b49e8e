// SPDX-License-Identifier: MIT
// tty_local.h: what the files of the terminal share and nobody else sees.
#pragma once

#include <stdatomic.h>

#include <helix/mutex.h>
#include <helix/spinlock.h>
#include <helix/tty.h>
#include <helix/wait.h>

enum {
    TTY_INPUT_SIZE = 4096,        // bytes that wait to be read; the longest line, its end included
    TTY_BACKLOG_SIZE = 16 * 1024, // bytes that arrived while those were full
    TTY_ECHO_SIZE = 256,
    TTY_TAB = 8,
    TTY_TAB_MASK = TTY_TAB - 1,
};

struct tty {
    const struct tty_device *device; // [const]
    uint64_t number;                 // [const]
    struct spinlock lock;            // RANK_DRIVER, interrupts off: everything down to the backlog
    struct linux_termios attributes;
    struct linux_winsize window;
    // Input, a ring of positions that count for ever: [read_at, line_at) is lines that are complete, [line_at, write_at) the one
    // being typed. Without ICANON line_at means nothing and all of it can be read.
    uint32_t read_at, line_at, write_at;
    uint64_t line_ends[TTY_INPUT_SIZE / 64]; // bit per byte; on a byte of 0: the end of the file
    char input[TTY_INPUT_SIZE];
    bool literal;                 // the next byte has no special meaning (VLNEXT)
    uint32_t column, line_column; // of the cursor; where the line being typed begins
    uint32_t backlog_at, backlog_length;
    char backlog[TTY_BACKLOG_SIZE];

    _Atomic bool stopped; // ^S: no output
    struct wait_queue readable, writable;
    struct mutex output;                  // RANK_TERMINAL: one writer at a time
    _Atomic uint64_t session, foreground; // process ids, 0: none
};

// What handling input leaves to do; echo goes out while the lock is held, the rest afterwards.
struct tty_effects {
    uint64_t signals; // bit per number
    bool readable, writable;
    bool silent; // no echo
    size_t length;
    char echo[TTY_ECHO_SIZE];
};

static inline bool tty_local(const struct tty *tty, uint32_t flag)
{
    return tty->attributes.local & flag;
}

static inline bool tty_line_mode(const struct tty *tty)
{
    return tty_local(tty, LINUX_ICANON);
}

// ---- tty.c ----
void tty_init(struct tty *tty, const struct tty_device *device, uint64_t number);
const struct tty_hooks *tty_hooks(void); // nullptr: not set yet
// Does what is left after the lock is released.
void tty_effects_finish(struct tty *tty, const struct tty_effects *effects);
// Whether the running process may do that now: STATUS_OK, or what tty_hooks.background_access says to a background one.
enum status tty_check_foreground(struct tty *tty, int signal);
void tty_set_window_full(struct tty *tty, const struct linux_winsize *window);

// ---- tty_input.c: the lock is held ----
void tty_receive(struct tty *tty, const char *bytes, size_t length, struct tty_effects *effects) MUST_HOLD(tty->lock);
void tty_receive_backlog(struct tty *tty, struct tty_effects *effects) MUST_HOLD(tty->lock); // as far as there is room
void tty_flush_input(struct tty *tty);
uint32_t tty_available(const struct tty *tty) MUST_HOLD(tty->lock); // bytes a read could take now
// ICANON was switched: what has not been read yet is seen with the new eyes.
void tty_change_mode(struct tty *tty, bool was_line_mode, bool was_echoed, struct tty_effects *effects) MUST_HOLD(tty->lock);

// ---- tty_output.c ----
// One byte by the rules of OPOST into `to`, which has room for TTY_TAB bytes; returns how many.
size_t tty_output_byte(struct tty *tty, uint8_t byte, char *to);
void tty_echo(struct tty *tty, struct tty_effects *effects, uint8_t byte);     // as typed: ECHOCTL's rules
void tty_echo_raw(struct tty *tty, struct tty_effects *effects, uint8_t byte); // a movement of the cursor
void tty_echo_flush(struct tty *tty, struct tty_effects *effects);
void tty_stop(struct tty *tty);
void tty_go(struct tty *tty, struct tty_effects *effects);
// Waits while output is stopped, unless `nonblocking`. Bytes moved in *done; STATUS_WOULD_BLOCK, STATUS_RESTART.
enum status tty_write_vector(struct tty *tty, struct io_vector *from, bool nonblocking, size_t *done);

// ---- tty_read.c ----
// By the rules of the mode it is in. `deadline_ns` UINT64_MAX: none. STATUS_TIMEOUT, STATUS_WOULD_BLOCK, STATUS_RESTART.
enum status tty_read_vector(struct tty *tty, struct io_vector *to, bool nonblocking, uint64_t deadline_ns, size_t *done);
bool tty_can_read(struct tty *tty); // without waiting, as poll sees it

// ---- tty_file.c ----
extern const struct file_ops tty_file_ops;
enum status tty_register_files(struct tty *tty);

// ---- tty_session.c ----
struct tty *tty_controlling(void);                 // of the running process; nullptr: none
void tty_adopt(struct tty *tty);                   // open() by a session leader without a terminal
enum status tty_take(struct tty *tty, bool steal); // TIOCSCTTY
enum status tty_give_up(struct tty *tty);          // TIOCNOTTY
