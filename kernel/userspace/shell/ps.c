// SPDX-License-Identifier: MIT
// ps.c: the shell's ps: every thread and every process that has ended and waits for its parent.
#include <lib/format.h>
#include <lib/string.h>

#include <helix/heap.h>
#include <helix/process.h>
#include <helix/process_view.h>
#include <helix/space.h>
#include <helix/thread.h>

#include "local.h"

typedef unsigned long long number;

struct row {
    uint64_t id, process, parent, cpu_ns, resident;
    const char *state;
    int priority;
    bool idle, kernel;
    char name[32];
};

// Filled while the tables are locked, printed afterwards: printing may sleep.
struct rows {
    struct row *row;
    size_t count, capacity;
};

enum { SPARE_ROWS = 32 };

static void add_thread(void *context, struct thread *thread)
{
    struct rows *rows = context;
    if (rows->count == rows->capacity)
        return;
    struct row *row = &rows->row[rows->count++];
    const struct process *process = thread->process;
    row->id = thread->id;
    row->process = process->id;
    row->parent = process->parent_id;
    row->cpu_ns = thread_cpu_time(thread);
    row->state = thread_state_name((enum thread_state)atomic_load(&thread->state));
    row->priority = priority_effective(thread->priority);
    row->idle = atomic_load(&thread->flags) & THREAD_IDLE;
    row->kernel = !thread->user;
    (void)string_copy(row->name, thread->name, sizeof row->name);
}

// A zombie has no threads left, so the thread table does not show it.
static void add_zombie(void *context, struct process *process)
{
    struct rows *rows = context;
    if (atomic_load(&process->state) != PROCESS_ZOMBIE || rows->count == rows->capacity)
        return;
    struct row *row = &rows->row[rows->count++];
    *row = (struct row){
        .id = process->id,
        .process = process->id,
        .parent = process->parent_id,
        .cpu_ns = process->dead_cpu_ns,
        .state = process_state_name(PROCESS_ZOMBIE),
    };
    (void)string_copy(row->name, process->name, sizeof row->name);
}

// In pages; counted outside the tables' locks, since it waits for the space's own.
static uint64_t resident_of(uint64_t id)
{
    struct process *process = id ? process_find(id) : nullptr;
    struct space *space = process ? process_view_space(process) : nullptr;
    uint64_t pages = space ? space_resident(space) : 0;
    if (space)
        space_release(space);
    if (process)
        process_release(process);
    return pages;
}

static void print_row(struct shell *shell, const struct row *row)
{
    char priority[8];
    if (row->idle)
        (void)string_copy(priority, "idle", sizeof priority);
    else
        format_text(priority, sizeof priority, "%d", row->priority);
    shell_print(shell, "%6llu %6llu %6llu %-9s %4s %6llu.%03llu %9llu  %s%s%s\n", (number)row->id, (number)row->process,
                (number)row->parent, row->state, priority, (number)(row->cpu_ns / NS_PER_S), (number)(row->cpu_ns / NS_PER_MS % 1000),
                (number)(row->resident * (PAGE_SIZE / KIB)), row->kernel && !row->process ? "[" : "", row->name,
                row->kernel && !row->process ? "]" : "");
}

static int run_ps(struct shell *shell, int count, char **words)
{
    struct rows rows = { .capacity = thread_count() + process_count() + SPARE_ROWS };
    rows.row = heap_alloc_zeroed(rows.capacity, sizeof *rows.row);
    if (!rows.row) {
        shell_error(shell, "ps: %s", status_text(STATUS_NO_MEMORY));
        return 1;
    }
    thread_each(add_thread, &rows);
    process_each(add_zombie, &rows);
    shell_print(shell, "%6s %6s %6s %-9s %4s %10s %9s  %s\n", "TID", "PID", "PPID", "STATE", "PRI", "CPU s", "MEM KiB", "NAME");
    for (size_t i = 0; i < rows.count; i++) {
        rows.row[i].resident = resident_of(rows.row[i].process);
        print_row(shell, &rows.row[i]);
    }
    heap_free(rows.row);
    return 0;
}
SHELL_COMMAND(ps, "", "List running processes and threads", run_ps);
