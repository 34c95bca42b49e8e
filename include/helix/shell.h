// SPDX-License-Identifier: MIT
// shell.h: the kernel's own shell on the console.
#pragma once

#include <abi/status.h>
#include <lib/attributes.h>
#include <lib/types.h>

struct shell;

// Commands are rows; add one with SHELL_COMMAND beside what it shows. Returns the exit status of the line.
struct shell_command {
    const char *name, *arguments, *help;
    int (*run)(struct shell *shell, int count, char **words);
};
#define SHELL_COMMAND(name_, arguments_, help_, run_) \
    TABLE_ROW(helix_shell_commands) static const struct shell_command shell_command_##name_ = { #name_, arguments_, help_, run_ }

// To wherever the shell writes: the console's terminal.
[[gnu::format(printf, 2, 3)]] void shell_print(struct shell *shell, const char *format, ...);

// Runs on the calling kernel thread: the interactive loop, or, when the boot has lines to execute (--exec), those
// and then the power-off.
[[noreturn]] void shell_main(void *unused);
