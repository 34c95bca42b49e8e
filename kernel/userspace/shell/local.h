// SPDX-License-Identifier: MIT
// local.h: what the files of the kernel shell share.
#pragma once

#include <lib/types.h>

#include <helix/shell.h>
#include <helix/tty.h>

#include "line.h"
#include "parse.h"

struct process;

enum { ENVIRONMENT_MAX = 64, BACKGROUND_MAX = 8 };

// Exit statuses that shells agree on.
enum { EXIT_USAGE = 2, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNALLED = 128 };

// "NAME=value" texts on the heap, nullptr-terminated: what programs get as envp.
struct environment {
    char *entries[ENVIRONMENT_MAX + 1];
    size_t count;
};

// The defaults; some may be missing without memory.
void environment_init(struct environment *environment);
const char *environment_get(const struct environment *environment, const char *name); // nullptr: unset
// STATUS_BAD_ARGUMENT: no name; STATUS_NO_SPACE; STATUS_NO_MEMORY.
enum status environment_set(struct environment *environment, const char *name, const char *value);
bool environment_unset(struct environment *environment, const char *name);
void environment_clear(struct environment *environment);

// All of it is allocated before the first prompt: the shell must answer when memory has run out.
struct shell {
    void (*write)(void *context, const char *text, size_t length);
    void *write_context;
    struct tty *tty;  // nullptr: output only
    bool interactive; // a person sits there: colours, prompt, messages about signals
    bool ending;      // `exit` was said
    int status;       // of the last command
    uint64_t commands, programs;
    struct environment environment;
    struct history history;
    struct linux_termios cooked;                // the terminal as programs find it
    struct linux_termios attributes;            // the terminal as the shell wants it
    struct process *background[BACKGROUND_MAX]; // a reference each
    struct line_editor editor;
    struct command command;
};

// Runs every command of the line. Returns the status of the last one.
int shell_execute(struct shell *shell, const char *line);

// "Error: …" in red, or plain when nobody looks.
[[gnu::format(printf, 2, 3)]] void shell_error(struct shell *shell, const char *format, ...);

// An escape sequence if colours are wanted, else "".
const char *shell_colour(const struct shell *shell, const char *sequence);

// Built-in command of that name, nullptr.
const struct shell_command *shell_command_find(const char *name);

// ---- program.c ----

// Runs words[0], found along PATH, and waits unless `background`. Its status; EXIT_NOT_FOUND without a message when
// `quiet_if_missing` and there is no such program.
int program_run(struct shell *shell, char **words, bool background, bool quiet_if_missing);

// Lets the program in slot `slot` of the background go on; in the foreground it is waited for. Its status.
int program_continue(struct shell *shell, size_t slot, bool foreground);

// Reaps background programs that have ended, telling the person.
void program_reap(struct shell *shell);

// Exit status a shell shows for what wait4 reports.
int program_exit_status(int wait_status);
const char *program_signal_text(int signal);

// ---- complete.c ----
void shell_complete(void *context, const char *line, size_t cursor, struct completion *completion);

// ---- execute.c: lines handed over by the host ----

// Whether this boot has lines to run; then runs them and ends the machine.
void shell_run_handed_lines(struct shell *shell);
