// SPDX-License-Identifier: MIT
// proc_figures.h: one consistent look at a process or thread, for the files of /proc/PID.
#pragma once

#include <lib/types.h>

struct process;
struct thread;
struct text_writer;

struct process_figures {
    uint64_t id, leader; // the thread's (or process's) and the process's
    uint64_t parent, group, session;
    char name[32];
    char state;             // Linux's letter
    uint64_t terminal;      // device number, 0: none
    int64_t terminal_group; // −1: no terminal
    uint64_t cpu_ns, user_ns;
    uint64_t reaped_cpu_ns, reaped_user_ns;
    uint64_t created_ns;
    uint64_t switches_voluntary, switches_involuntary;
    uint32_t threads;
    int priority, nice, realtime; // as /proc/PID/stat has them
    uint32_t cpu;
    int exit_code, exit_signal;
    uint32_t user_ids[4], group_ids[4]; // real, effective, saved, file system
    uint32_t umask;
    uint64_t pending, pending_process, blocked, ignored, caught; // signal masks
    // Of the space; 0 without one.
    uint64_t mapped, mapped_peak, locked, resident, resident_peak, shared, text, data, stack, faults_minor;
    uint64_t heap_start, argument_start, argument_end, environment_start, environment_end;
};

// `thread` nullptr: the process as a whole.
void process_figures(struct process *process, struct thread *thread, struct process_figures *figures);

// The line of stat, for its test.
void proc_write_stat(struct text_writer *out, const struct process_figures *figures);
// "R (running)" and so on.
const char *proc_state_word(char letter);
