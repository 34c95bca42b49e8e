// SPDX-License-Identifier: MIT
// shell.c: the kernel's own shell.
//
// Purpose     Show the live kernel and start programs before there is any program: its own commands, and whatever else a
//             SHELL_COMMAND row adds beside the code it shows.
// How         One kernel thread reads lines from the console's terminal in raw mode (line.c), parses them command by command
//             (parse.c, so that $? is what it is by then), and runs a row or a program (program.c). With lines handed over by the
//             host (execute.c) it runs those instead and ends the machine.
// Invariants  Programs start with the terminal's attributes as they were at boot; the shell has its raw ones back after each.
// Locks       None held while a command runs. The thread is real-time: it answers while programs hog the CPU.
// Cost        Everything a prompt needs is static, so it works when memory has run out.
// Not here    Pipes and redirections: the programs' shells have those.
#include <abi/linux/signal.h>
#include <lib/format.h>
#include <lib/string.h>

#include <arch/machine.h>
#include <helix/frames.h>
#include <helix/log.h>
#include <helix/orchestrator.h>
#include <helix/panic.h>
#include <helix/scheduler.h>

#include "local.h"

enum : uint32_t {
    TERMIOS_CANONICAL = 2,
    TERMIOS_ECHO = 8,
    TERMIOS_SIGNALS = 1,
    TERMIOS_EXTENDED = 0x8000,
    TERMIOS_CR_TO_NL = 0x100,
    TERMIOS_FLOW = 0x400
};
enum { TERMIOS_TIME = 5, TERMIOS_MINIMUM = 6 };
enum { SHELL_PRIORITY = PRIORITY_REALTIME_THRESHOLD - 1, COLUMNS_DEFAULT = 80 };

TABLE_DECLARE(struct shell_command, helix_shell_commands);

static struct shell the_shell;

// ---- output ----

static void shell_sink(void *context, const char *text, size_t length)
{
    struct shell *shell = context;
    shell->write(shell->write_context, text, length);
}

void shell_print(struct shell *shell, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_to_list(shell_sink, shell, format, arguments);
    va_end(arguments);
}

const char *shell_colour(const struct shell *shell, const char *sequence)
{
    return shell->interactive ? sequence : "";
}

void shell_error(struct shell *shell, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    shell_print(shell, "%sError: ", shell_colour(shell, "\033[31m"));
    format_to_list(shell_sink, shell, format, arguments);
    shell_print(shell, "%s\n", shell_colour(shell, "\033[0m"));
    va_end(arguments);
}

static void write_console(void *context, const char *text, size_t length)
{
    struct tty *tty = context;
    if (tty)
        tty_write(tty, text, length);
    else
        console_write(text, length);
}

// ---- executing ----

const struct shell_command *shell_command_find(const char *name)
{
    TABLE_EACH(struct shell_command, row, helix_shell_commands) {
        if (string_equal(row->name, name))
            return row;
    }
    return nullptr;
}

static const char *lookup(void *context, const char *name)
{
    static char status[12];
    struct shell *shell = context;
    if (!string_equal(name, "?"))
        return environment_get(&shell->environment, name);
    format_text(status, sizeof status, "%d", shell->status);
    return status;
}

// NAME=value as the only word sets a variable, as in any shell.
static bool is_assignment(const char *word)
{
    const char *equals = strchr(word, '=');
    return equals && equals != word && !strchr(word, '/');
}

static int run_assignment(struct shell *shell, char *word)
{
    char *equals = strchr(word, '=');
    *equals = '\0';
    enum status status = environment_set(&shell->environment, word, equals + 1);
    if (status != STATUS_OK)
        shell_error(shell, "%s: %s", word, status_text(status));
    return status == STATUS_OK ? 0 : 1;
}

static int run_command(struct shell *shell, struct command *command)
{
    char **words = command->words;
    bool background = command->next == CONNECT_BACKGROUND;
    const struct shell_command *row = shell_command_find(words[0]);

    shell->commands++;
    if (background && row && string_equal(row->name, "run") && command->count > 1)
        return program_run(shell, words + 1, true, false);
    if (row)
        return row->run(shell, command->count, words);
    if (command->count == 1 && is_assignment(words[0]))
        return run_assignment(shell, words[0]);
    int status = program_run(shell, words, background, true);
    if (status == EXIT_NOT_FOUND && !strchr(words[0], '/'))
        shell_error(shell, "Unknown command: %s. Type 'help' for available commands.", words[0]);
    return status;
}

int shell_execute(struct shell *shell, const char *line)
{
    const struct parse_scope scope = { .lookup = lookup, .context = shell };
    const char *error = parse_check(line, &shell->command);
    enum connector before = CONNECT_THEN;

    do {
        if (!error)
            error = parse_command(&line, &scope, &shell->command);
        if (error) {
            shell_error(shell, "%s", error);
            return shell->status = EXIT_USAGE;
        }
        bool wanted = before == CONNECT_AND ? shell->status == 0 : before == CONNECT_OR ? shell->status != 0 : true;
        before = shell->command.next;
        if (wanted && shell->command.count)
            shell->status = run_command(shell, &shell->command);
    } while (before != CONNECT_END && !shell->ending);
    return shell->status;
}

// ---- the terminal ----

static int read_byte(void *context)
{
    struct shell *shell = context;
    char byte;
    size_t done = 0;
    for (;;) {
        enum status status = tty_read(shell->tty, &byte, 1, UINT64_MAX, &done);
        if (status == STATUS_OK && done == 1)
            return (uint8_t)byte;
        if (status != STATUS_INTERRUPTED)
            return -1;
    }
}

static void write_terminal(void *context, const char *text, size_t length)
{
    struct shell *shell = context;
    tty_write(shell->tty, text, length);
}

// The shell's own mode: every key arrives at once, nothing is echoed. Output processing stays on.
static void enter_raw_mode(struct shell *shell)
{
    shell->attributes = shell->cooked;
    shell->attributes.local &= ~(TERMIOS_CANONICAL | TERMIOS_ECHO | TERMIOS_SIGNALS | TERMIOS_EXTENDED);
    shell->attributes.input &= ~(TERMIOS_CR_TO_NL | TERMIOS_FLOW);
    shell->attributes.characters[TERMIOS_MINIMUM] = 1;
    shell->attributes.characters[TERMIOS_TIME] = 0;
    tty_set_attributes(shell->tty, &shell->attributes);
}

static enum line_outcome read_line(struct shell *shell)
{
    uint16_t rows = 0, columns = 0;
    tty_get_window(shell->tty, &rows, &columns);
    const struct terminal terminal = {
        .read = read_byte,
        .write = write_terminal,
        .complete = shell_complete,
        .context = shell,
        .columns = columns ? columns : COLUMNS_DEFAULT,
    };
    shell->editor.terminal = &terminal;
    shell->editor.history = &shell->history;
    shell->editor.prompt = "\033[1;32mhelix> \033[0m";
    shell->editor.prompt_width = strlen("helix> ");
    enum line_outcome outcome = line_read(&shell->editor);
    shell->editor.terminal = nullptr;
    return outcome;
}

static void print_banner(struct shell *shell)
{
    static const char art[] = "\n\033[1;36m"
                              "  _   _      _ _\n"
                              " | | | | ___| (_)_  __\n"
                              " | |_| |/ _ \\ | \\ \\/ /   the kernel you can take apart\n"
                              " |  _  |  __/ | |>  <\n"
                              " |_| |_|\\___|_|_/_/\\_\\\033[0m\n\n";
    struct frame_statistics memory;
    frames_statistics(&memory);
    shell->write(shell->write_context, art, sizeof art - 1);
    shell_print(shell, " Helix %u.%u.%u-%s on %s, %llu MiB of memory (%llu free), ready in %llu.%llu ms\n", kernel_version.major,
                kernel_version.minor, kernel_version.patch, kernel_version.suffix, arch_name(),
                (unsigned long long)(memory.total * PAGE_SIZE / MIB), (unsigned long long)(memory.free * PAGE_SIZE / MIB),
                (unsigned long long)(boot_duration_ns / NS_PER_MS), (unsigned long long)(boot_duration_ns / 100'000 % 10));
    shell_print(shell, " Type 'help' for the commands, 'run PROGRAM' for programs.\n\n");
}

static void prompt_once(struct shell *shell)
{
    program_reap(shell);
    switch (read_line(shell)) {
    case LINE_INTERRUPTED:
        shell->status = EXIT_SIGNALLED + LINUX_SIGINT;
        return;
    case LINE_END_OF_INPUT:
        shell_print(shell, "Type 'exit' to power the machine off.\n");
        return;
    case LINE_CLOSED:
        log_error("shell", "the console cannot be read; powering off");
        shell->ending = true;
        return;
    case LINE_DONE:
        break;
    }
    history_add(&shell->history, shell->editor.line);
    (void)shell_execute(shell, shell->editor.line);
}

void shell_main(void *unused)
{
    struct shell *shell = &the_shell;
    shell->tty = tty_console();
    shell->write = write_console;
    shell->write_context = shell->tty;
    environment_init(&shell->environment);
    if (scheduler_set_priority(thread_current(), (struct priority){ .base = SHELL_PRIORITY }) != STATUS_OK)
        log_warn("shell", "runs at normal priority: it may answer late");

    if (shell->tty)
        tty_get_attributes(shell->tty, &shell->cooked);
    shell->attributes = shell->cooked;
    shell_run_handed_lines(shell);
    if (!shell->tty)
        panic("no console to run the shell on");
    shell->interactive = true;
    enter_raw_mode(shell);
    print_banner(shell);
    while (!shell->ending)
        prompt_once(shell);
    shell_print(shell, "Powering off.\n");
    lifecycle_shutdown(SHUTDOWN_USER_REQUEST);
}
