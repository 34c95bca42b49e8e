// SPDX-License-Identifier: MIT
// log.h: the kernel log, for people: rare lines that say what the kernel did. Machines read the trace.
//
// Every line goes into a ring (dmesg, /proc/kmsg-like views) and, at or above the console level, to the console.
// Debug builds add file:line. log_debug is compiled out of release builds.
#pragma once

#include <abi/status.h>
#include <lib/format.h>

enum log_level : uint8_t { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_FATAL, LOG_OFF };

// Any context, any lock held. `subsystem` is a literal.
PRINTF_LIKE(5, 6) void log_write(enum log_level level, const char *subsystem, const char *file, int line, const char *format, ...);

#define log_info(subsystem_, ...)  log_write(LOG_INFO, subsystem_, __FILE_NAME__, __LINE__, __VA_ARGS__)
#define log_warn(subsystem_, ...)  log_write(LOG_WARN, subsystem_, __FILE_NAME__, __LINE__, __VA_ARGS__)
#define log_error(subsystem_, ...) log_write(LOG_ERROR, subsystem_, __FILE_NAME__, __LINE__, __VA_ARGS__)
#ifdef HELIX_DEBUG
#define log_debug(subsystem_, ...) log_write(LOG_DEBUG, subsystem_, __FILE_NAME__, __LINE__, __VA_ARGS__)
#else
#define log_debug(subsystem_, ...) ((void)0)
#endif

// Lines below `level` stay off the console; they are kept in the ring all the same (from LOG_DEBUG on).
void log_set_console_level(enum log_level level);
enum log_level log_console_level(void);

// Reads the boot options that govern the console (loglevel, quiet, debug, exec.token). Once, when the command line is there.
void log_configure(void);

// Where console lines go. Before the first call: the port's early console. Writers are called with the log lock held.
struct console_writer {
    const char *name;
    void (*write)(const char *text, size_t length); // any context, also in a panic
    void (*flush)(void);
};
enum { LOG_WRITERS = 4 };
enum status log_add_writer(const struct console_writer *writer); // replaces the early console

// Reads the ring as text from sequence *position on: whole lines; returns bytes written, advances *position.
// Lines already overwritten are skipped; *lost counts them.
size_t log_read(uint64_t *position, char *to, size_t size, uint64_t *lost);

// One line and its level, without the newline and cut to `size`. 0: there is none yet.
size_t log_read_one(uint64_t *position, enum log_level *level, char *to, size_t size, uint64_t *lost);

// Text straight to the console, no prefix, not kept: banners and panics.
PRINTF_LIKE(1, 2) void console_print(const char *format, ...);
void console_write(const char *text, size_t length);
