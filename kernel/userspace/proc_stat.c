// SPDX-License-Identifier: MIT
// proc_stat.c: /proc/PID/stat, statm, status and comm, in Linux's formats.
#include <abi/linux/time.h>

#include <helix/process_view.h>
#include <helix/user.h>

#include "proc_figures.h"

enum { NAME_SHOWN = 15, EXIT_SIGNAL_THREAD = -1 };
enum : uint64_t { TICK_NS = NS_PER_S / LINUX_CLOCK_TICKS };

void proc_write_stat(struct text_writer *out, const struct process_figures *f)
{
    text_write(out, "%lu (%.*s) %c %lu %lu %lu %lu %ld 0 ", f->id, NAME_SHOWN, f->name, f->state, f->parent, f->group, f->session,
               f->terminal, f->terminal_group);
    text_write(out, "%lu 0 0 0 %lu %lu %lu %lu ", f->faults_minor, f->user_ns / TICK_NS, (f->cpu_ns - MIN(f->user_ns, f->cpu_ns)) / TICK_NS,
               f->reaped_user_ns / TICK_NS, (f->reaped_cpu_ns - MIN(f->reaped_user_ns, f->reaped_cpu_ns)) / TICK_NS);
    text_write(out, "%d %d %u 0 %lu %lu %lu %lu ", f->priority, f->nice, f->threads, f->created_ns / TICK_NS, f->mapped,
               f->resident / PAGE_SIZE, UINT64_MAX);
    // Where code, stack and registers are is not told; Linux shows 0 to those who may not know either.
    text_write(out, "0 0 0 0 0 %lu %lu %lu %lu 0 0 0 %d %u %d %d 0 0 0 ", f->pending & INT32_MAX, f->blocked & INT32_MAX,
               f->ignored & INT32_MAX, f->caught & INT32_MAX, f->exit_signal, f->cpu, f->realtime, f->realtime ? 1 : 0);
    text_write(out, "0 0 %lu %lu %lu %lu %lu %d\n", f->heap_start, f->argument_start, f->argument_end, f->environment_start,
               f->environment_end, f->exit_code);
}

static void show_stat(struct text_writer *out, struct process *process)
{
    struct process_figures figures;
    process_figures(process, nullptr, &figures);
    proc_write_stat(out, &figures);
}

static void show_thread_stat(struct text_writer *out, struct process *process, struct thread *thread)
{
    struct process_figures figures;
    process_figures(process, thread, &figures);
    proc_write_stat(out, &figures);
}

static void show_statm(struct text_writer *out, struct process *process)
{
    struct process_figures f;
    process_figures(process, nullptr, &f);
    text_write(out, "%lu %lu %lu %lu 0 %lu 0\n", f.mapped / PAGE_SIZE, f.resident / PAGE_SIZE, MIN(f.shared, f.resident) / PAGE_SIZE,
               f.text / PAGE_SIZE, (f.data + f.stack) / PAGE_SIZE);
}

const char *proc_state_word(char letter)
{
    switch (letter) {
    case 'R':
        return "R (running)";
    case 'D':
        return "D (disk sleep)";
    case 'T':
        return "T (stopped)";
    case 'Z':
        return "Z (zombie)";
    case 'X':
        return "X (dead)";
    default:
        return "S (sleeping)";
    }
}

// A name may hold any byte; one line stays one line.
static void write_name(struct text_writer *out, const char *name)
{
    text_write(out, "Name:\t");
    for (int i = 0; name[i] && i < NAME_SHOWN; i++) {
        if (name[i] == '\n')
            text_write(out, "\\n");
        else if (name[i] == '\\')
            text_write(out, "\\\\");
        else
            text_write_bytes(out, &name[i], 1);
    }
    text_write(out, "\n");
}

static void write_status(struct text_writer *out, struct process *process, const struct process_figures *f)
{
    const uint32_t *user = f->user_ids, *group = f->group_ids;
    write_name(out, f->name);
    text_write(out, "Umask:\t%04o\nState:\t%s\nTgid:\t%lu\nNgid:\t0\nPid:\t%lu\nPPid:\t%lu\nTracerPid:\t0\n", f->umask,
               proc_state_word(f->state), f->leader, f->id, f->parent);
    text_write(out, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", user[0], user[1], user[2], user[3], group[0], group[1], group[2],
               group[3]);
    text_write(out, "FDSize:\t%u\nGroups:\t\n", process_view_file_slots(process));
    if (f->mapped)
        text_write(
            out,
            "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t%8llu kB\nVmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\nVmData:\t%8llu kB\nVmStk:\t%8llu kB\nVmExe:\t%8llu kB\n",
            f->mapped_peak / KIB, f->mapped / KIB, f->locked / KIB, f->resident_peak / KIB, f->resident / KIB, f->data / KIB,
            f->stack / KIB, f->text / KIB);
    text_write(out, "Threads:\t%u\n", f->threads);
    text_write(out, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", f->pending, f->pending_process,
               f->blocked, f->ignored, f->caught);
    text_write(out, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n", f->switches_voluntary, f->switches_involuntary);
}

static void show_status(struct text_writer *out, struct process *process)
{
    struct process_figures figures;
    process_figures(process, nullptr, &figures);
    write_status(out, process, &figures);
}

static void show_thread_status(struct text_writer *out, struct process *process, struct thread *thread)
{
    struct process_figures figures;
    process_figures(process, thread, &figures);
    write_status(out, process, &figures);
}

static void show_comm(struct text_writer *out, struct process *process)
{
    struct process_figures figures;
    process_figures(process, nullptr, &figures);
    text_write(out, "%.*s\n", NAME_SHOWN, figures.name);
}

static void show_thread_comm(struct text_writer *out, struct process *process, struct thread *thread)
{
    text_write(out, "%.*s\n", NAME_SHOWN, thread->name);
}

// Rows with a view of single threads.
#define PROC_THREAD_FILE(name_, file_, show_, show_thread_)                     \
    TABLE_ROW(helix_proc_process_files)                                         \
    static const struct proc_process_file proc_process_file_##name_ = {         \
        .name = file_, .mode = 0444, .show = show_, .show_thread = show_thread_ \
    }

PROC_THREAD_FILE(stat, "stat", show_stat, show_thread_stat);
PROC_THREAD_FILE(status, "status", show_status, show_thread_status);
PROC_THREAD_FILE(comm, "comm", show_comm, show_thread_comm);
PROC_PROCESS_FILE(statm, "statm", show_statm);
