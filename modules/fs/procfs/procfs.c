// SPDX-License-Identifier: MIT
// procfs.c: /proc: the kernel's state as text, and a directory for every process.
//
// Purpose     Programs such as ps, top, free and mount, and people, read the kernel's state here, in Linux's formats.
// How         What the files say is written by their owners: rows of PROC_FILE and PROC_PROCESS_FILE beside the code. This module makes
//             the tree of them. Nothing is stored: lookup makes a node, the last user frees it. A file's text is made when it is read from
//             its beginning and kept until it is read from there again, so that one pass through it is consistent.
// Invariants  A node holds the process and the thread it is about, so they may end while it is read: their files are then empty and
//             their links lead nowhere. The number of a file is a function of what it is about, not of when it was looked up.
// Locks       None of its own. The registry is taken inside the lock of a directory of this file system, never the other way round.
// Not here    What the files say.
#include "procfs.h"

#include <abi/linux/stat.h>
#include <lib/string.h>

#include <helix/heap.h>
#include <helix/module.h>

enum { NUMBER_KIND_SHIFT = 56, NUMBER_PROCESS_SHIFT = 24, NUMBER_INDEX_MASK = (1 << NUMBER_PROCESS_SHIFT) - 1 };
enum : uint64_t { PROC_MAGIC = 0x9fa0 };

static const struct node_ops *const ops_of[PROC_KINDS] = {
    [PROC_ROW_DIRECTORY] = &proc_row_directory_ops,
    [PROC_ROW] = &proc_file_ops,
    [PROC_LINK] = &proc_link_ops,
    [PROC_PROCESS] = &proc_process_ops,
    [PROC_DESCRIPTORS] = &proc_descriptors_ops,
    [PROC_TASKS] = &proc_tasks_ops,
    [PROC_TASK] = &proc_task_ops,
    [PROC_PROCESS_ROW] = &proc_file_ops,
};

uint64_t proc_node_number(enum proc_kind kind, uint64_t process, uint64_t index)
{
    return (uint64_t)(kind + 1) << NUMBER_KIND_SHIFT | (process & UINT32_MAX) << NUMBER_PROCESS_SHIFT | (index & NUMBER_INDEX_MASK);
}

bool proc_name_is(const char *name, size_t length, const char *wanted)
{
    return strlen(wanted) == length && memcmp(name, wanted, length) == 0;
}

bool proc_name_number(const char *name, size_t length, uint64_t *number)
{
    enum { DIGITS_MAX = 18 };
    uint64_t value = 0;
    if (length == 0 || length > DIGITS_MAX || (length > 1 && name[0] == '0'))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(name[i] - '0');
    }
    *number = value;
    return true;
}

static enum status node_create(struct mount_point *mount, enum proc_kind kind, uint32_t mode, struct proc_node **made)
{
    struct proc_node *own = heap_alloc_zeroed(1, sizeof(*own));
    if (!own)
        return STATUS_NO_MEMORY;
    node_init(&own->node, mount, ops_of[kind], mode);
    own->kind = kind;
    if ((mode & LINUX_S_IFMT) == LINUX_S_IFREG)
        own->node.file_ops = &proc_text_ops;
    if ((mode & LINUX_S_IFMT) == LINUX_S_IFDIR)
        own->node.links = 2;
    *made = own;
    return STATUS_OK;
}

enum status proc_node_create(struct node *parent, enum proc_kind kind, uint64_t index, uint32_t mode, struct proc_node **made)
{
    const struct proc_node *above = proc_node(parent);
    TRY(node_create(parent->file_system, kind, mode, made));
    struct proc_node *own = *made;
    own->process = above->process;
    own->thread = above->thread;
    if (own->process)
        process_retain(own->process);
    if (own->thread)
        thread_retain(own->thread);
    own->node.user = parent->user;
    own->node.group = parent->group;
    own->node.number = proc_node_number(kind, own->thread ? own->thread->id : own->process ? own->process->id : 0, index);
    return STATUS_OK;
}

static enum status procfs_mount(const char *source, const char *options, struct mount_point *mount, struct node **root)
{
    struct proc_node *made;
    TRY(node_create(mount, PROC_ROW_DIRECTORY, LINUX_S_IFDIR | 0555, &made));
    made->path = "";
    made->node.number = 1;
    *root = &made->node;
    return STATUS_OK;
}

static void procfs_statistics(struct mount_point *mount, struct linux_statfs *statistics)
{
    statistics->type = PROC_MAGIC;
}

static const struct file_system_ops procfs_ops = { .name = "procfs", .mount = procfs_mount, .statistics = procfs_statistics };
static const struct file_system_ops proc_ops = { .name = "proc", .mount = procfs_mount, .statistics = procfs_statistics };

MODULE(procfs, .version = "0.1.0", .description = "Processes and the kernel's state as text", .provides = "file_system",
       .abi = FILE_SYSTEM_ABI, .ops = &procfs_ops);
MODULE(proc, .version = "0.1.0", .description = "procfs by the name Linux has for it", .provides = "file_system", .abi = FILE_SYSTEM_ABI,
       .ops = &proc_ops);
