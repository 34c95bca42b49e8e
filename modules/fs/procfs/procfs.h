// SPDX-License-Identifier: MIT
// procfs.h: what the files of procfs share.
#pragma once

#include <lib/types.h>

#include <helix/process.h>
#include <helix/thread.h>
#include <helix/vfs.h>

enum proc_kind : uint8_t {
    PROC_ROW_DIRECTORY, // the root, and directories that paths of rows lead through
    PROC_ROW,           // a row's text
    PROC_LINK,          // `target`, or what `link` computes
    PROC_PROCESS,       // /proc/PID
    PROC_DESCRIPTORS,   // /proc/PID/fd
    PROC_TASKS,         // /proc/PID/task
    PROC_TASK,          // /proc/PID/task/TID
    PROC_PROCESS_ROW,   // a text about a process or one of its threads
    PROC_KINDS,
};

// Nodes are made by lookup and go with their last user. They hold the process and the thread they are about.
struct proc_node {
    struct node node;
    enum proc_kind kind;
    const char *path; // PROC_ROW_DIRECTORY: what its rows' paths begin with, not terminated
    size_t path_length;
    const struct proc_file *file;
    const struct proc_process_file *process_file;
    struct process *process;
    struct thread *thread;
    int descriptor; // PROC_LINK of fd/
    enum status (*link)(const struct proc_node *node, char *target, size_t size);
};

static inline struct proc_node *proc_node(struct node *node)
{
    return container_of(node, struct proc_node, node);
}

typedef bool proc_add(void *context, const char *name, size_t length, uint64_t number, uint32_t mode, uint64_t next);

// ---- procfs.c ----
// A node of that kind with one reference, about the same process and thread as `parent`. `index` tells it from others of its kind and
// process: the inode number is made of the three. STATUS_NO_MEMORY.
enum status proc_node_create(struct node *parent, enum proc_kind kind, uint64_t index, uint32_t mode, struct proc_node **made);
uint64_t proc_node_number(enum proc_kind kind, uint64_t process, uint64_t index);
void proc_node_release(struct node *node);
bool proc_name_is(const char *name, size_t length, const char *wanted);
// A decimal number without sign and leading zeros. False: it is none.
bool proc_name_number(const char *name, size_t length, uint64_t *number);

// ---- directory.c ----
extern const struct node_ops proc_row_directory_ops;

// ---- process.c ----
extern const struct node_ops proc_process_ops, proc_descriptors_ops, proc_tasks_ops, proc_task_ops, proc_link_ops;
enum status proc_process_lookup(struct node *root, uint64_t id, struct node **found);
enum status proc_link_create(struct node *parent, uint64_t index,
                             enum status (*link)(const struct proc_node *node, char *target, size_t size), struct node **found);
enum status proc_link_self(const struct proc_node *node, char *target, size_t size);
enum status proc_link_thread_self(const struct proc_node *node, char *target, size_t size);

// ---- file.c ----
extern const struct node_ops proc_file_ops;
extern const struct file_ops proc_text_ops;
