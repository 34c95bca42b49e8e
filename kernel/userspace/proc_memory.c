// SPDX-License-Identifier: MIT
// proc_memory.c: /proc/PID/cmdline, environ, limits and mounts.
#include <lib/string.h>

#include <helix/heap.h>
#include <helix/process_view.h>
#include <helix/space.h>
#include <helix/user.h>

enum { CHUNK = 512 };
enum : uint64_t { ARGUMENTS_SHOWN = 2 * MIB };

// ---- arguments and environment ----

static void write_memory(struct text_writer *out, struct space *space, uint64_t start, uint64_t end)
{
    char bytes[CHUNK];
    end = MIN(end, start + ARGUMENTS_SHOWN);
    while (start < end) {
        size_t done = space_read(space, start, bytes, (size_t)MIN(end - start, sizeof bytes));
        if (done == 0)
            return;
        text_write_bytes(out, bytes, done);
        start += done;
    }
}

static void show_cmdline(struct text_writer *out, struct process *process)
{
    struct space *space = process_view_space(process);
    if (!space)
        return;
    write_memory(out, space, space->argument_start, space->argument_end);
    space_release(space);
}

static void show_environ(struct text_writer *out, struct process *process)
{
    struct space *space = process_view_space(process);
    if (!space)
        return;
    write_memory(out, space, space->environment_start, space->environment_end);
    space_release(space);
}

PROC_PROCESS_FILE(cmdline, "cmdline", show_cmdline);
TABLE_ROW(helix_proc_process_files)
static const struct proc_process_file proc_process_file_environ = { .name = "environ", .mode = 0400, .show = show_environ };

// ---- limits ----

static void write_limit(struct text_writer *out, uint64_t value)
{
    if (value == UINT64_MAX)
        text_write(out, "%-20s ", "unlimited");
    else
        text_write(out, "%-20lu ", value);
}

static void show_limits(struct text_writer *out, struct process *process)
{
    static const struct {
        const char *name, *unit;
    } rows[LINUX_RLIMITS] = {
        [LINUX_RLIMIT_CPU] = { "Max cpu time", "seconds" },         [LINUX_RLIMIT_FSIZE] = { "Max file size", "bytes" },
        [LINUX_RLIMIT_DATA] = { "Max data size", "bytes" },         [LINUX_RLIMIT_STACK] = { "Max stack size", "bytes" },
        [LINUX_RLIMIT_CORE] = { "Max core file size", "bytes" },    [LINUX_RLIMIT_RSS] = { "Max resident set", "bytes" },
        [LINUX_RLIMIT_NPROC] = { "Max processes", "processes" },    [LINUX_RLIMIT_NOFILE] = { "Max open files", "files" },
        [LINUX_RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },  [LINUX_RLIMIT_AS] = { "Max address space", "bytes" },
        [LINUX_RLIMIT_LOCKS] = { "Max file locks", "locks" },       [LINUX_RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
        [LINUX_RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" }, [LINUX_RLIMIT_NICE] = { "Max nice priority", "" },
        [LINUX_RLIMIT_RTPRIO] = { "Max realtime priority", "" },    [LINUX_RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
    };
    if (!process->user)
        return;
    text_write(out, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (size_t i = 0; i < LINUX_RLIMITS; i++) {
        text_write(out, "%-25s ", rows[i].name);
        write_limit(out, process->user->limits[i].current);
        write_limit(out, process->user->limits[i].maximum);
        text_write(out, "%-10s\n", rows[i].unit);
    }
}

PROC_PROCESS_FILE(limits, "limits", show_limits);

// ---- mounts: all processes see the same ones ----

TABLE_DECLARE(struct proc_file, helix_proc_files);

static void show_process_mounts(struct text_writer *out, struct process *process)
{
    TABLE_EACH(struct proc_file, row, helix_proc_files) {
        if (string_equal(row->path, "mounts"))
            row->show(out);
    }
}

PROC_PROCESS_FILE(process_mounts, "mounts", show_process_mounts);
