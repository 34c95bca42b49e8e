// SPDX-License-Identifier: MIT
// log.c: the kernel log: a ring of lines, and the console they appear on.
//
// Purpose     Say rarely and readably what the kernel did. Everything from LOG_DEBUG on is kept in the ring; lines at or above the
//             console level also go to the console, coloured by level when a person sits there.
// How         A line is formatted on the caller's stack, then put into the ring and handed to the writers under one lock.
//             Before the first writer, the port's early console takes the text.
// Invariants  A line in the ring is whole. Control characters never reach the console from a line: they may come from a program.
// Locks       RANK_LOG, interrupts off: any context may log. In a panic no lock is taken, for its owner may be what died.
// Cost        One formatting, some 300 bytes of stack; the console polls its device, which is why lines are rare.
// Not here    Events for machines (the trace); the panic report (panic.c).
#include <stdatomic.h>

#include <lib/string.h>

#include <arch/machine.h>
#include <arch/time.h>
#include <generated/profile.h>
#include <helix/boot_info.h>
#include <helix/log.h>
#include <helix/panic.h>
#include <helix/spinlock.h>

#include "core.h"
#include "log_ring.h"

enum { RING_SIZE = 64 * 1024, LINE_SIZE = 320 };

static struct spinlock lock = SPINLOCK(RANK_LOG);
static char ring_bytes[RING_SIZE];
static struct log_ring ring GUARDED_BY(lock) = { .bytes = ring_bytes, .size = RING_SIZE };
static const struct console_writer *writers[LOG_WRITERS]; // filled in order, never emptied
static _Atomic uint32_t writer_count;
static _Atomic uint8_t console_level = PROFILE_LOG_LEVEL;
static bool colours; // a person reads this console
static char exec_token[64] = "-";

BOOT_OPTION(loglevel, "loglevel",
            "lines below this level stay off the console: 0 trace, 1 debug, 2 info, 3 warn, 4 error, 5 fatal, 6 none");
BOOT_OPTION(quiet, "quiet", "only warnings and errors on the console");
BOOT_OPTION(debug, "debug", "everything on the console");

static const char *const level_colours[] = { "\033[90m", "\033[36m", "\033[32m", "\033[33m", "\033[31m", "\033[35m" };

static void console_put(const char *text, size_t length)
{
    uint32_t count = atomic_load_explicit(&writer_count, memory_order_acquire);
    if (count == 0)
        arch_early_console_write(text, length);
    for (uint32_t i = 0; i < count; i++)
        writers[i]->write(text, length);
}

// In a panic the lock is not to be trusted; the analysis cannot follow a lock that is taken on a condition.
NO_LOCK_ANALYSIS static bool log_lock(bool *on)
{
    if (panic_active())
        return false;
    *on = spinlock_acquire_irq(&lock);
    return true;
}

NO_LOCK_ANALYSIS static void log_unlock(bool locked, bool on)
{
    if (locked)
        spinlock_release_irq(&lock, on);
}

static void line_clean(char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((uint8_t)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    }
}

// `[    0.001234] ` is 15 bytes; the colour goes round what follows it.
static void console_put_line(enum log_level level, const char *line, size_t length)
{
    enum { STAMP = 15 };
    bool coloured = colours && level != LOG_INFO && level < ARRAY_LENGTH(level_colours) && length > STAMP;
    if (coloured) {
        console_put(line, STAMP);
        console_put(level_colours[level], 5);
        console_put(line + STAMP, length - STAMP);
        console_put("\033[0m", 4);
    } else {
        console_put(line, length);
    }
    console_put("\n", 1);
}

NO_LOCK_ANALYSIS static void log_put(enum log_level level, const char *line, size_t length) // log_lock's condition
{
    bool on = false;
    bool locked = log_lock(&on);
    log_ring_put(&ring, level, line, length);
    if (level >= atomic_load_explicit(&console_level, memory_order_relaxed))
        console_put_line(level, line, length);
    log_unlock(locked, on);
}

void log_write(enum log_level level, const char *subsystem, const char *file, int line, const char *format, ...)
{
    if (level < LOG_DEBUG || level >= LOG_OFF)
        return;
    char bytes[LINE_SIZE];
    struct text text = { .bytes = bytes, .size = sizeof bytes };
    uint64_t us = arch_time_ns() / NS_PER_US;
    text_add(&text, "[%5llu.%06llu] %s: ", (unsigned long long)(us / 1'000'000), (unsigned long long)(us % 1'000'000), subsystem);
#ifdef HELIX_DEBUG
    text_add(&text, "%s:%d: ", file, line);
#endif
    size_t head = MIN(text.length, sizeof bytes - 1);
    va_list arguments;
    va_start(arguments, format);
    size_t length = head + format_text_list(bytes + head, sizeof bytes - head, format, arguments);
    va_end(arguments);
    length = MIN(length, sizeof bytes - 1);
    line_clean(bytes, length);
    log_put(level, bytes, length);
}

void log_set_console_level(enum log_level level)
{
    atomic_store_explicit(&console_level, level, memory_order_relaxed);
}

enum log_level log_console_level(void)
{
    return (enum log_level)atomic_load_explicit(&console_level, memory_order_relaxed);
}

NO_LOCK_ANALYSIS enum status log_add_writer(const struct console_writer *writer) // log_lock's condition
{
    bool on = false;
    bool locked = log_lock(&on);
    uint32_t count = atomic_load_explicit(&writer_count, memory_order_relaxed);
    bool fits = count < LOG_WRITERS;
    if (fits) {
        writers[count] = writer;
        atomic_store_explicit(&writer_count, count + 1, memory_order_release);
    }
    log_unlock(locked, on);
    return fits ? STATUS_OK : STATUS_NO_SPACE;
}

size_t log_read(uint64_t *position, char *to, size_t size, uint64_t *lost)
{
    bool on = spinlock_acquire_irq(&lock);
    size_t done = log_ring_read(&ring, position, to, size, lost);
    spinlock_release_irq(&lock, on);
    return done;
}

size_t log_read_one(uint64_t *position, enum log_level *level, char *to, size_t size, uint64_t *lost)
{
    uint8_t stored = LOG_INFO;
    bool on = spinlock_acquire_irq(&lock);
    size_t done = log_ring_read_one(&ring, position, &stored, to, size, lost);
    spinlock_release_irq(&lock, on);
    *level = (enum log_level)stored;
    return done;
}

void console_write(const char *text, size_t length)
{
    bool on = false;
    bool locked = log_lock(&on);
    console_put(text, length);
    log_unlock(locked, on);
}

static void console_sink(void *context, const char *text, size_t length)
{
    console_put(text, length);
}

void console_print(const char *format, ...)
{
    bool on = false;
    bool locked = log_lock(&on);
    va_list arguments;
    va_start(arguments, format);
    format_to_list(console_sink, nullptr, format, arguments);
    va_end(arguments);
    log_unlock(locked, on);
}

void log_configure(void)
{
    char value[8];
    uint64_t level = 0;

    if (boot_flag("quiet"))
        log_set_console_level(LOG_WARN);
    if (boot_flag("debug"))
        log_set_console_level(LOG_TRACE);
    if (boot_option("loglevel", value, sizeof value)) {
        if (string_number(value, &level) && level <= LOG_OFF)
            log_set_console_level((enum log_level)level);
        else
            log_warn("log", "loglevel=%s is no level (0 … %d); ignored", value, LOG_OFF);
    }
    bool exec = boot_option("exec.token", exec_token, sizeof exec_token) && exec_token[0];
    if (!exec)
        (void)string_copy(exec_token, "-", sizeof exec_token);
    colours = !exec;
}

const char *log_exec_token(void)
{
    return exec_token;
}
