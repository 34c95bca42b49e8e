// SPDX-License-Identifier: MIT
#include <lib/string.h>

#include <helix/test.h>

#include "local.h"

static struct shell shell;
static char output[4096];
static size_t output_length;

static void capture(void *context, const char *text, size_t length)
{
    for (size_t i = 0; i < length && output_length < sizeof output - 1; i++)
        output[output_length++] = text[i];
    output[output_length] = '\0';
}

// Without a terminal the shell starts no program, not even a missing one.
static void terminal_take(void)
{
    shell.tty = tty_console();
    if (!shell.tty)
        return;
    tty_get_attributes(shell.tty, &shell.cooked);
    shell.attributes = shell.cooked;
}

static int execute(const char *line)
{
    output_length = 0;
    output[0] = '\0';
    shell.write = capture;
    terminal_take();
    return shell_execute(&shell, line);
}

static bool prints(const char *line, const char *expected)
{
    (void)execute(line);
    return string_equal(output, expected);
}

KERNEL_TEST(shell, runs_one_command_after_the_other_as_the_connectors_say)
{
    environment_init(&shell.environment);
    CHECK(prints("echo a; echo b", "a\nb\n"));
    CHECK(prints("echo a && echo b || echo c", "a\nb\n"));
    CHECK(prints("unset || echo c && echo d", "usage: unset NAME…\nc\nd\n"));
    CHECK(prints("unset && echo c; echo $?", "usage: unset NAME…\n2\n"));
    CHECK(prints("X=5; echo $X", "5\n"));
    CHECK(prints("echo -n x", "x"));
    environment_clear(&shell.environment);
}

KERNEL_TEST(shell, says_what_is_wrong_and_goes_on)
{
    environment_init(&shell.environment);
    CHECK_EQUAL(execute("no_such_command"), EXIT_NOT_FOUND);
    CHECK(string_starts(output, "Error: Unknown command: no_such_command."));
    CHECK_EQUAL(execute("run /no/such/file"), EXIT_NOT_FOUND);
    CHECK(string_starts(output, "Error: /no/such/file:"));
    CHECK_EQUAL(execute("run /"), EXIT_NOT_EXECUTABLE);
    CHECK_EQUAL(execute("echo 'open"), EXIT_USAGE);
    CHECK_EQUAL(execute("run"), EXIT_USAGE);
    CHECK_EQUAL(execute("cat /no/such/file"), 1);
    CHECK_EQUAL(execute("kill 0"), 1);
    CHECK_EQUAL(execute("kill -NOPE 1"), EXIT_USAGE);
    CHECK_EQUAL(execute("uname -z"), EXIT_USAGE);
    CHECK_EQUAL(execute("help no_such_command"), 1);
    CHECK_EQUAL(execute("bench no_such_category"), 1);
    environment_clear(&shell.environment);
}

KERNEL_TEST(shell, shows_live_figures_with_every_command)
{
    environment_init(&shell.environment);
    CHECK_EQUAL(execute("help"), 0);
    CHECK_EQUAL(execute("ps"), 0);
    CHECK_EQUAL(execute("mem"), 0);
    CHECK_EQUAL(execute("stats"), 0);
    CHECK_EQUAL(execute("uptime"), 0);
    CHECK_EQUAL(execute("version"), 0);
    CHECK_EQUAL(execute("uname -a"), 0);
    CHECK(string_starts(output, "Helix 0.1.0-alpha "));
    environment_clear(&shell.environment);
}

KERNEL_TEST(shell, ends_with_the_code_that_exit_is_given)
{
    environment_init(&shell.environment);
    CHECK_EQUAL(execute("exit 7; echo never"), 7);
    CHECK(shell.ending && output_length == 0);
    shell.ending = false;
    CHECK_EQUAL(execute("exit what"), EXIT_USAGE);
    CHECK(!shell.ending);
    environment_clear(&shell.environment);
}

KERNEL_TEST(shell, encodes_ends_of_programs_as_shells_do)
{
    CHECK_EQUAL(program_exit_status(3 << 8), 3);
    CHECK_EQUAL(program_exit_status(11), 139);
    CHECK_EQUAL(program_exit_status(11 | 0x80), 139);
    CHECK(string_equal(program_signal_text(11), "Segmentation fault"));
    CHECK(program_signal_text(63) != nullptr && program_signal_text(-1) != nullptr);
}
