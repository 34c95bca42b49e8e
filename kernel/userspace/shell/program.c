// SPDX-License-Identifier: MIT
// program.c: finds a program, runs it in the foreground or background, and says how it ended.
#include <abi/linux/fcntl.h>
#include <lib/format.h>
#include <lib/string.h>

#include <arch/machine.h>
#include <helix/log.h>
#include <helix/process.h>
#include <helix/user.h>
#include <helix/vfs.h>

#include "local.h"

enum { PATH_BYTES = 512 };

static const char *const signal_texts[] = {
    [LINUX_SIGHUP] = "Hangup",
    [LINUX_SIGQUIT] = "Quit",
    [LINUX_SIGILL] = "Illegal instruction",
    [LINUX_SIGTRAP] = "Trace/breakpoint trap",
    [LINUX_SIGABRT] = "Aborted",
    [LINUX_SIGBUS] = "Bus error",
    [LINUX_SIGFPE] = "Floating point exception",
    [LINUX_SIGKILL] = "Killed",
    [LINUX_SIGUSR1] = "User defined signal 1",
    [LINUX_SIGSEGV] = "Segmentation fault",
    [LINUX_SIGUSR2] = "User defined signal 2",
    [LINUX_SIGPIPE] = "Broken pipe",
    [LINUX_SIGALRM] = "Alarm clock",
    [LINUX_SIGTERM] = "Terminated",
    [LINUX_SIGSYS] = "Bad system call",
    [LINUX_SIGINT] = "Interrupt",
    [LINUX_SIGXCPU] = "CPU time limit exceeded",
    [LINUX_SIGXFSZ] = "File size limit exceeded",
};

const char *program_signal_text(int signal)
{
    const char *text = signal > 0 && (size_t)signal < ARRAY_LENGTH(signal_texts) ? signal_texts[signal] : nullptr;
    return text ? text : "Killed by a signal";
}

int program_exit_status(int wait_status)
{
    int signal = wait_status & 0x7f;
    return signal ? EXIT_SIGNALLED + signal : wait_status >> 8 & 0xff;
}

// ---- finding ----

static bool is_kind(const char *path, uint32_t kind)
{
    struct entry *entry;
    if (vfs_lookup(vfs_kernel_context(), nullptr, path, true, &entry) != STATUS_OK)
        return false;
    bool same = (entry_node(entry)->mode & LINUX_S_IFMT) == kind;
    entry_release(entry);
    return same;
}

// The file that `name` means: itself when it has a slash, else the first along PATH.
static enum status program_find(struct shell *shell, const char *name, char *path, size_t size)
{
    if (strchr(name, '/'))
        return string_copy(path, name, size) ? STATUS_OK : STATUS_TOO_LONG;
    const char *folders = environment_get(&shell->environment, "PATH");
    while (folders && *folders) {
        const char *end = strchr(folders, ':');
        size_t length = end ? (size_t)(end - folders) : strlen(folders);
        size_t needed = format_text(path, size, "%.*s/%s", (int)length, folders, name);
        if (needed < size && is_kind(path, LINUX_S_IFREG))
            return STATUS_OK;
        folders = end ? end + 1 : nullptr;
    }
    return STATUS_NOT_FOUND;
}

// ---- why not ----

static int report_failure(struct shell *shell, const char *path, enum status status)
{
    char why[128];
    if (status == STATUS_NO_MEMORY) // a matter of the moment, not of the file
        string_copy(why, status_text(status), sizeof why);
    else
        exec_explain(vfs_kernel_context(), path, why, sizeof why);
    shell_error(shell, "%s: %s", path, why);
    return status == STATUS_NOT_FOUND ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

// ---- running ----

static int report_end(struct shell *shell, const char *name, int wait_status)
{
    int signal = wait_status & 0x7f;
    if (signal && !shell->interactive)
        log_info("shell", "%s: %s", name, program_signal_text(signal));
    else if (signal == LINUX_SIGINT)
        shell_print(shell, "\n");
    else if (signal)
        shell_print(shell, "%s\n", program_signal_text(signal));
    return program_exit_status(wait_status);
}

// The terminal is the shell's again, whatever the program did to it.
static void terminal_take_back(struct shell *shell)
{
    tty_set_foreground(shell->tty, 0, 0);
    tty_set_attributes(shell->tty, &shell->attributes);
}

// Slot of a free place in the background, BACKGROUND_MAX when there is none.
static size_t background_slot(struct shell *shell)
{
    size_t slot = 0;
    while (slot < BACKGROUND_MAX && shell->background[slot])
        slot++;
    return slot;
}

// Only a person at the prompt can let a stopped program go on, so only then a stop ends the wait.
static int program_wait(struct shell *shell, const char *name, struct process *process)
{
    enum { SIGNAL_BASE = 128 };
    int wait_status = 0;
    size_t slot = background_slot(shell);
    bool ended = user_wait(process, shell->interactive && slot < BACKGROUND_MAX, &wait_status);
    terminal_take_back(shell);
    if (ended)
        return report_end(shell, name, wait_status);
    shell->background[slot] = process;
    shell_print(shell, "\n[%zu] stopped  %s  (fg %zu lets it go on)\n", slot + 1, process->name, slot + 1);
    return SIGNAL_BASE + (wait_status >> 8);
}

void program_reap(struct shell *shell)
{
    for (size_t i = 0; i < BACKGROUND_MAX; i++) {
        struct process *process = shell->background[i];
        if (!process || atomic_load(&process->state) != PROCESS_ZOMBIE)
            continue;
        char name[sizeof process->name];
        (void)string_copy(name, process->name, sizeof name);
        int wait_status = 0;
        shell->background[i] = nullptr;
        (void)user_wait(process, false, &wait_status);
        if (shell->interactive)
            shell_print(shell, "[%zu] %s ended with status %d\n", i + 1, name, program_exit_status(wait_status));
    }
}

static int background_add(struct shell *shell, const char *name, struct process *process)
{
    program_reap(shell);
    size_t slot = background_slot(shell);
    if (slot == BACKGROUND_MAX) {
        shell_print(shell, "%s: %d programs run in the background already; waiting for this one\n", name, BACKGROUND_MAX);
        return program_wait(shell, name, process);
    }
    shell->background[slot] = process;
    if (shell->interactive)
        shell_print(shell, "[%zu] %llu\n", slot + 1, (unsigned long long)process->id);
    return 0;
}

int program_continue(struct shell *shell, size_t slot, bool foreground)
{
    struct process *process = slot < BACKGROUND_MAX ? shell->background[slot] : nullptr;
    if (!process) {
        shell_error(shell, "no such job");
        return 1;
    }
    shell_print(shell, "%s\n", process->name);
    if (foreground) {
        shell->background[slot] = nullptr;
        tty_set_attributes(shell->tty, &shell->cooked);
    }
    user_continue(process, foreground);
    return foreground ? program_wait(shell, process->name, process) : 0;
}

int program_run(struct shell *shell, char **words, bool background, bool quiet_if_missing)
{
    char path[PATH_BYTES];
    enum status status = program_find(shell, words[0], path, sizeof path);
    if (status == STATUS_NOT_FOUND && quiet_if_missing)
        return EXIT_NOT_FOUND;
    if (status != STATUS_OK)
        return report_failure(shell, words[0], status);

    struct spawn_request request = {
        .path = path,
        .arguments = { .argv = words, .envp = shell->environment.entries },
        .foreground = !background,
    };
    struct process *process;
    if (!shell->tty) {
        shell_error(shell, "%s: this machine has no terminal for programs", path);
        return EXIT_NOT_EXECUTABLE;
    }
    if (!background)
        tty_set_attributes(shell->tty, &shell->cooked);
    status = user_spawn(&request, &process);
    if (status != STATUS_OK) {
        tty_set_attributes(shell->tty, &shell->attributes);
        return report_failure(shell, path, status);
    }
    shell->programs++;
    return background ? background_add(shell, words[0], process) : program_wait(shell, words[0], process);
}
