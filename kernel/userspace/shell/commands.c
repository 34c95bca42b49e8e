// SPDX-License-Identifier: MIT
// commands.c: the shell's commands about itself: help, echo, variables, files, programs, the end.
#include <abi/linux/fcntl.h>
#include <abi/linux/signal.h>
#include <lib/string.h>

#include <arch/machine.h>
#include <helix/boot_info.h>
#include <helix/log.h>
#include <helix/orchestrator.h>
#include <helix/user.h>
#include <helix/vfs.h>

#include "local.h"

TABLE_DECLARE(struct shell_command, helix_shell_commands);
TABLE_DECLARE(struct boot_option_row, helix_boot_options);

enum { FILE_CHUNK = 1024, PATH_BYTES = 512, HELP_WIDTH = 27, KILL_ROUNDS = 20 };
enum : uint64_t { KILL_PAUSE_NS = 10 * NS_PER_MS };

static int usage(struct shell *shell, const char *name)
{
    const struct shell_command *row = shell_command_find(name);
    shell_print(shell, "usage: %s %s\n", row->name, row->arguments);
    return EXIT_USAGE;
}

// ---- help ----

// The row whose name follows `after` in the alphabet; nullptr: none.
static const struct shell_command *next_by_name(const char *after)
{
    const struct shell_command *best = nullptr;
    TABLE_EACH(struct shell_command, row, helix_shell_commands) {
        bool behind = !after || strcmp(row->name, after) > 0;
        if (behind && (!best || strcmp(row->name, best->name) < 0))
            best = row;
    }
    return best;
}

// Characters, of which the terminal shows one a cell: bytes that continue a UTF-8 sequence do not count.
static int text_columns(const char *text)
{
    int columns = 0;
    for (; *text; text++)
        columns += ((uint8_t)*text & 0xc0) != 0x80;
    return columns;
}

static void help_row(struct shell *shell, const struct shell_command *row)
{
    char left[64];
    format_text(left, sizeof left, "%s %s", row->name, row->arguments);
    shell_print(shell, "  %s%s%s%*s%s\n", shell_colour(shell, "\033[36m"), left, shell_colour(shell, "\033[0m"),
                MAX(HELP_WIDTH - text_columns(left), 1), "", row->help);
}

static void help_boot_options(struct shell *shell)
{
    shell_print(shell, "Boot options:\n");
    TABLE_EACH(struct boot_option_row, row, helix_boot_options)
        shell_print(shell, "  %-14s %s\n", row->key, row->help);
}

static int help_one(struct shell *shell, const char *name)
{
    if (string_equal(name, "boot")) {
        help_boot_options(shell);
        return 0;
    }
    const struct shell_command *row = shell_command_find(name);
    if (!row) {
        shell_error(shell, "Unknown command: %s", name);
        return 1;
    }
    shell_print(shell, "%s%s%s\n    %s\n", row->name, row->arguments[0] ? " " : "", row->arguments, row->help);
    return 0;
}

static int run_help(struct shell *shell, int count, char **words)
{
    if (count > 1)
        return help_one(shell, words[1]);
    shell_print(shell, "Helix Shell Commands:\n");
    for (const struct shell_command *row = next_by_name(nullptr); row; row = next_by_name(row->name))
        help_row(shell, row);
    shell_print(shell, "Other names are looked for along PATH. Lines take ; && || & '…' \"$VAR\" and # comments.\n"
                       "'help COMMAND' explains one; 'help boot' lists the boot options.\n");
    return 0;
}
SHELL_COMMAND(help, "[COMMAND|boot]", "List all commands", run_help);

// ---- small ones ----

static int run_exit(struct shell *shell, int count, char **words)
{
    uint64_t code = 0;
    if (count > 2 || (count == 2 && !string_number(words[1], &code)))
        return usage(shell, "exit");
    shell->ending = true;
    return (int)(code & 0xff);
}
SHELL_COMMAND(exit, "[CODE]", "Exit the shell and power the machine off", run_exit);

static int run_echo(struct shell *shell, int count, char **words)
{
    bool newline = !(count > 1 && string_equal(words[1], "-n"));
    for (int i = newline ? 1 : 2; i < count; i++)
        shell_print(shell, "%s%s", words[i], i + 1 < count ? " " : "");
    if (newline)
        shell_print(shell, "\n");
    return 0;
}
SHELL_COMMAND(echo, "[-n] TEXT…", "Print text", run_echo);

static int run_clear(struct shell *shell, int count, char **words)
{
    shell_print(shell, "\033[2J\033[H");
    return 0;
}
SHELL_COMMAND(clear, "", "Clear the screen", run_clear);

static int run_history(struct shell *shell, int count, char **words)
{
    for (uint32_t back = shell->history.count; back > 0; back--)
        shell_print(shell, "  %4llu  %s\n", (unsigned long long)(shell->history.total - back + 1), history_get(&shell->history, back));
    return 0;
}
SHELL_COMMAND(history, "", "Show the lines typed", run_history);

// ---- variables ----

static int set_one(struct shell *shell, char *word)
{
    char *equals = strchr(word, '=');
    if (equals) {
        *equals = '\0';
        enum status status = environment_set(&shell->environment, word, equals + 1);
        if (status != STATUS_OK)
            shell_error(shell, "%s: %s", word, status_text(status));
        return status == STATUS_OK ? 0 : 1;
    }
    const char *value = environment_get(&shell->environment, word);
    if (!value) {
        shell_error(shell, "Variable not found: %s", word);
        return 1;
    }
    shell_print(shell, "%s=%s\n", word, value);
    return 0;
}

static int run_set(struct shell *shell, int count, char **words)
{
    int status = 0;
    for (int i = 1; i < count; i++)
        status |= set_one(shell, words[i]);
    for (size_t i = 0; count == 1 && i < shell->environment.count; i++)
        shell_print(shell, "%s\n", shell->environment.entries[i]);
    return status;
}
SHELL_COMMAND(set, "[NAME[=VALUE]]…", "Show or set variables; programs inherit them", run_set);

static int run_unset(struct shell *shell, int count, char **words)
{
    if (count < 2)
        return usage(shell, "unset");
    for (int i = 1; i < count; i++)
        environment_unset(&shell->environment, words[i]);
    return 0;
}
SHELL_COMMAND(unset, "NAME…", "Forget variables", run_unset);

// ---- files ----

static enum status copy_file(struct shell *shell, struct open_file *file)
{
    char chunk[FILE_CHUNK];
    for (;;) {
        size_t done = 0;
        TRY(file_read(file, chunk, sizeof chunk, &done));
        if (done == 0)
            return STATUS_OK;
        shell->write(shell->write_context, chunk, done);
    }
}

static int cat_one(struct shell *shell, const char *path)
{
    struct open_file *file;
    enum status status = vfs_open(vfs_kernel_context(), nullptr, path, LINUX_O_RDONLY, 0, &file);
    if (status == STATUS_OK) {
        status = copy_file(shell, file);
        file_release(file);
    }
    if (status != STATUS_OK)
        shell_error(shell, "cat: %s: %s", path, status_text(status));
    return status == STATUS_OK ? 0 : 1;
}

static int run_cat(struct shell *shell, int count, char **words)
{
    int status = 0;
    if (count < 2)
        return usage(shell, "cat");
    for (int i = 1; i < count; i++)
        status |= cat_one(shell, words[i]);
    return status;
}
SHELL_COMMAND(cat, "FILE…", "Print file contents", run_cat);

static int run_cd(struct shell *shell, int count, char **words)
{
    char path[PATH_BYTES];
    const char *target = count > 1 ? words[1] : environment_get(&shell->environment, "HOME");
    struct entry *entry;
    if (!target)
        return usage(shell, "cd");
    enum status status = vfs_lookup(vfs_kernel_context(), nullptr, target, true, &entry);
    if (status == STATUS_OK) {
        status = vfs_context_set_current(vfs_kernel_context(), entry);
        if (status == STATUS_OK && vfs_path(vfs_kernel_context(), entry, path, sizeof path) == STATUS_OK)
            status = environment_set(&shell->environment, "PWD", path);
        entry_release(entry);
    }
    if (status != STATUS_OK)
        shell_error(shell, "cd: %s: %s", target, status_text(status));
    return status == STATUS_OK ? 0 : 1;
}
SHELL_COMMAND(cd, "[FOLDER]", "Change the folder that programs start in", run_cd);

// ---- programs ----

static int run_run(struct shell *shell, int count, char **words)
{
    if (count < 2)
        return usage(shell, "run");
    return program_run(shell, words + 1, false, false);
}
SHELL_COMMAND(run, "PROGRAM [ARGUMENT…]", "Execute an ELF binary; & at the end: in the background", run_run);

static int jobs_run(struct shell *shell, int count, char **words)
{
    program_reap(shell);
    for (size_t i = 0; i < BACKGROUND_MAX; i++) {
        const struct process *process = shell->background[i];
        if (process)
            shell_print(shell, "[%zu] %5llu %-8s %s\n", i + 1, (unsigned long long)process->id,
                        process_state_name((enum process_state)process->state), process->name);
    }
    return 0;
}
SHELL_COMMAND(jobs, "", "List programs in the background and stopped ones", jobs_run);

// The job that a word names, by default the last one.
static size_t job_slot(const struct shell *shell, int count, char **words)
{
    uint64_t number = 0;
    if (count > 1)
        return string_number(words[1], &number) && number ? number - 1 : BACKGROUND_MAX;
    size_t slot = BACKGROUND_MAX;
    while (slot && !shell->background[slot - 1])
        slot--;
    return slot ? slot - 1 : BACKGROUND_MAX;
}

static int fg_run(struct shell *shell, int count, char **words)
{
    program_reap(shell);
    return program_continue(shell, job_slot(shell, count, words), true);
}
SHELL_COMMAND(fg, "[JOB]", "Continue a job in the foreground", fg_run);

static int bg_run(struct shell *shell, int count, char **words)
{
    program_reap(shell);
    return program_continue(shell, job_slot(shell, count, words), false);
}
SHELL_COMMAND(bg, "[JOB]", "Continue a stopped job in the background", bg_run);

static const struct {
    const char *name;
    int number;
} signal_names[] = {
    { "HUP", LINUX_SIGHUP },   { "INT", LINUX_SIGINT },   { "QUIT", LINUX_SIGQUIT }, { "ABRT", LINUX_SIGABRT }, { "KILL", LINUX_SIGKILL },
    { "USR1", LINUX_SIGUSR1 }, { "SEGV", LINUX_SIGSEGV }, { "USR2", LINUX_SIGUSR2 }, { "PIPE", LINUX_SIGPIPE }, { "ALRM", LINUX_SIGALRM },
    { "TERM", LINUX_SIGTERM }, { "CHLD", LINUX_SIGCHLD }, { "CONT", LINUX_SIGCONT }, { "STOP", LINUX_SIGSTOP }, { "TSTP", LINUX_SIGTSTP },
};

static bool signal_number(const char *text, int *number)
{
    uint64_t value = 0;
    if (string_number(text, &value) && value >= 1 && value <= SIGNALS) {
        *number = (int)value;
        return true;
    }
    if (string_starts(text, "SIG"))
        text += 3;
    for (size_t i = 0; i < ARRAY_LENGTH(signal_names); i++) {
        if (string_equal(text, signal_names[i].name)) {
            *number = signal_names[i].number;
            return true;
        }
    }
    return false;
}

struct massacre {
    int signal;
    uint32_t count;
};

// process_each holds the registry, which the analysis cannot see through the callback.
NO_LOCK_ANALYSIS static void kill_one(void *context, struct process *process)
{
    struct massacre *massacre = context;
    const struct linux_siginfo info = { .number = massacre->signal, .code = LINUX_SI_KERNEL };
    if (!process->user || atomic_load(&process->state) == PROCESS_ZOMBIE)
        return;
    signal_send_process_locked(process, &info);
    massacre->count++;
}

// Each round in one hold of the registry, so that nothing forks meanwhile; children being made come with the next round.
static int kill_all(struct shell *shell, int signal)
{
    uint32_t killed = 0;
    for (int round = 0; round < KILL_ROUNDS; round++) {
        struct massacre massacre = { .signal = signal };
        process_each(kill_one, &massacre);
        killed = MAX(killed, massacre.count);
        if (massacre.count == 0 || signal != LINUX_SIGKILL)
            break;
        (void)thread_sleep_until(time_ns() + KILL_PAUSE_NS);
    }
    shell_print(shell, "sent signal %d to %u processes\n", signal, killed);
    return 0;
}

static int kill_number(struct shell *shell, const char *word, int signal)
{
    uint64_t id = 0;
    if (!string_number(word, &id))
        return usage(shell, "kill");
    enum status status = id ? user_kill(id, signal) : STATUS_NO_PROCESS; // 0 is the kernel
    if (status != STATUS_OK)
        shell_error(shell, "kill: %s: %s", word, status_text(status));
    return status == STATUS_OK ? 0 : 1;
}

static int run_kill(struct shell *shell, int count, char **words)
{
    int signal = LINUX_SIGKILL, first = 1, status = 0;
    if (count > 1 && words[1][0] == '-') {
        if (!signal_number(words[1] + 1, &signal))
            return usage(shell, "kill");
        first = 2;
    }
    if (first >= count)
        return usage(shell, "kill");
    for (int i = first; i < count; i++)
        status |= string_equal(words[i], "all") ? kill_all(shell, signal) : kill_number(shell, words[i], signal);
    return status;
}
SHELL_COMMAND(kill, "[-SIGNAL] PID…|all", "End processes (SIGKILL unless a signal is named)", run_kill);

// ---- log and power ----

static int run_dmesg(struct shell *shell, int count, char **words)
{
    static char chunk[FILE_CHUNK];
    uint64_t position = 0, lost = 0;
    for (;;) {
        size_t done = log_read(&position, chunk, sizeof chunk, &lost);
        if (done == 0)
            break;
        shell->write(shell->write_context, chunk, done);
    }
    if (lost)
        shell_print(shell, "(%llu older lines were overwritten)\n", (unsigned long long)lost);
    return 0;
}
SHELL_COMMAND(dmesg, "", "Show the kernel log", run_dmesg);

static int run_reboot(struct shell *shell, int count, char **words)
{
    shell_print(shell, "Restarting.\n");
    lifecycle_shutdown(SHUTDOWN_REBOOT);
}
SHELL_COMMAND(reboot, "", "Restart the machine", run_reboot);

static int run_poweroff(struct shell *shell, int count, char **words)
{
    shell_print(shell, "Powering off.\n");
    lifecycle_shutdown(SHUTDOWN_ADMIN_COMMAND);
}
SHELL_COMMAND(poweroff, "", "Power the machine off", run_poweroff);
