// SPDX-License-Identifier: MIT
// process.c: /proc/PID and what is below it.
#include "procfs.h"

#include <abi/linux/stat.h>
#include <lib/format.h>
#include <lib/string.h>

#include <helix/heap.h>
#include <helix/process_view.h>

TABLE_DECLARE(struct proc_process_file, helix_proc_process_files);

enum : uint64_t { POSITION_FIXED = 1 << 20 };
enum { TASKS_AT_ONCE = 64 };

void proc_node_release(struct node *node)
{
    struct proc_node *own = proc_node(node);
    if (own->thread)
        thread_release(own->thread);
    if (own->process)
        process_release(own->process);
    heap_free(own);
}

// ---- links ----

static enum status proc_read_link(struct node *node, char *target, size_t size)
{
    const struct proc_node *own = proc_node(node);
    return own->link(own, target, size);
}

const struct node_ops proc_link_ops = { .read_link = proc_read_link, .release = proc_node_release };

enum status proc_link_create(struct node *parent, uint64_t index,
                             enum status (*link)(const struct proc_node *node, char *target, size_t size), struct node **found)
{
    struct proc_node *made;
    TRY(proc_node_create(parent, PROC_LINK, index, LINUX_S_IFLNK | 0777, &made));
    made->link = link;
    *found = &made->node;
    return STATUS_OK;
}

enum status proc_link_self(const struct proc_node *node, char *target, size_t size)
{
    uint64_t id = process_current()->id;
    format_text(target, size, "%llu", (unsigned long long)id);
    return id ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status proc_link_thread_self(const struct proc_node *node, char *target, size_t size)
{
    uint64_t id = process_current()->id;
    format_text(target, size, "%llu/task/%llu", (unsigned long long)id, (unsigned long long)thread_current()->id);
    return id ? STATUS_OK : STATUS_NOT_FOUND;
}

static enum status link_executable(const struct proc_node *node, char *target, size_t size)
{
    return process_view_path(node->process, PROCESS_EXECUTABLE, target, size);
}

static enum status link_current(const struct proc_node *node, char *target, size_t size)
{
    return process_view_path(node->process, PROCESS_CURRENT, target, size);
}

static enum status link_root(const struct proc_node *node, char *target, size_t size)
{
    return process_view_path(node->process, PROCESS_ROOT, target, size);
}

static enum status link_descriptor(const struct proc_node *node, char *target, size_t size)
{
    struct open_file *file;
    TRY(process_view_file(node->process, node->descriptor, &file));
    file_describe(file, target, size);
    file_release(file);
    return STATUS_OK;
}

// ---- /proc/PID and /proc/PID/task/TID ----

struct fixed {
    const char *name;
    enum proc_kind kind;
    uint32_t mode;
    enum status (*link)(const struct proc_node *node, char *target, size_t size);
};

static const struct fixed fixed_names[] = {
    { "exe", PROC_LINK, LINUX_S_IFLNK | 0777, link_executable }, { "cwd", PROC_LINK, LINUX_S_IFLNK | 0777, link_current },
    { "root", PROC_LINK, LINUX_S_IFLNK | 0777, link_root },      { "fd", PROC_DESCRIPTORS, LINUX_S_IFDIR | 0500, nullptr },
    { "task", PROC_TASKS, LINUX_S_IFDIR | 0555, nullptr },
};

static bool row_applies(const struct proc_node *directory, const struct proc_process_file *row)
{
    return !directory->thread || row->show_thread;
}

// Tasks have no tasks.
static size_t fixed_count(const struct proc_node *directory)
{
    return ARRAY_LENGTH(fixed_names) - (directory->thread != nullptr);
}

static enum status process_lookup(struct node *node, const char *name, size_t length, struct node **found)
{
    const struct proc_node *directory = proc_node(node);
    struct proc_node *made;
    uint64_t index = 0;
    TABLE_EACH(struct proc_process_file, row, helix_proc_process_files) {
        index++;
        if (!row_applies(directory, row) || !proc_name_is(name, length, row->name))
            continue;
        TRY(proc_node_create(node, PROC_PROCESS_ROW, index, LINUX_S_IFREG | row->mode, &made));
        made->process_file = row;
        *found = &made->node;
        return STATUS_OK;
    }
    for (size_t i = 0; i < fixed_count(directory); i++) {
        if (!proc_name_is(name, length, fixed_names[i].name))
            continue;
        TRY(proc_node_create(node, fixed_names[i].kind, i + 1, fixed_names[i].mode, &made));
        made->link = fixed_names[i].link;
        *found = &made->node;
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

static bool list_process_rows(const struct proc_node *directory, uint64_t id, uint64_t *position, proc_add *add, void *context)
{
    uint64_t count = (uint64_t)(__stop_helix_proc_process_files - __start_helix_proc_process_files);
    for (; *position < count; ++*position) {
        const struct proc_process_file *row = &__start_helix_proc_process_files[*position];
        if (!row_applies(directory, row))
            continue;
        uint64_t number = proc_node_number(PROC_PROCESS_ROW, id, *position + 1);
        if (!add(context, row->name, strlen(row->name), number, LINUX_S_IFREG | row->mode, *position + 1))
            return false;
    }
    return true;
}

static enum status process_read_directory(struct node *node, uint64_t *position, proc_add *add, void *context)
{
    const struct proc_node *directory = proc_node(node);
    uint64_t id = directory->thread ? directory->thread->id : directory->process->id;
    if (*position < POSITION_FIXED && !list_process_rows(directory, id, position, add, context))
        return STATUS_OK;
    *position = MAX(*position, POSITION_FIXED);
    for (; *position < POSITION_FIXED + fixed_count(directory); ++*position) {
        uint64_t i = *position - POSITION_FIXED;
        const struct fixed *fixed = &fixed_names[i];
        if (!add(context, fixed->name, strlen(fixed->name), proc_node_number(fixed->kind, id, i + 1), fixed->mode, *position + 1))
            return STATUS_OK;
    }
    return STATUS_OK;
}

const struct node_ops proc_process_ops = {
    .lookup = process_lookup,
    .read_directory = process_read_directory,
    .release = proc_node_release,
    .volatile_entries = true,
};
const struct node_ops proc_task_ops = {
    .lookup = process_lookup,
    .read_directory = process_read_directory,
    .release = proc_node_release,
    .volatile_entries = true,
};

enum status proc_process_lookup(struct node *root, uint64_t id, struct node **found)
{
    struct process *process = process_find(id);
    if (!process)
        return STATUS_NOT_FOUND;
    struct proc_node *made;
    enum status status = proc_node_create(root, PROC_PROCESS, 0, LINUX_S_IFDIR | 0555, &made);
    if (status != STATUS_OK) {
        process_release(process);
        return status;
    }
    made->process = process;
    made->node.number = proc_node_number(PROC_PROCESS, id, 0);
    process_view_owner(process, &made->node.user, &made->node.group);
    *found = &made->node;
    return STATUS_OK;
}

// ---- fd ----

static enum status descriptor_link_file(struct node *node, struct open_file **file)
{
    return process_view_file(proc_node(node)->process, proc_node(node)->descriptor, file);
}

static const struct node_ops descriptor_link_ops = {
    .read_link = proc_read_link,
    .link_file = descriptor_link_file,
    .release = proc_node_release,
};

static enum status descriptors_lookup(struct node *node, const char *name, size_t length, struct node **found)
{
    struct proc_node *directory = proc_node(node), *made;
    uint64_t number;
    struct open_file *file;
    if (!proc_name_number(name, length, &number) || number > INT32_MAX ||
        process_view_file(directory->process, (int)number, &file) != STATUS_OK)
        return STATUS_NOT_FOUND;
    file_release(file);
    TRY(proc_node_create(node, PROC_LINK, number << 4 | 0xf, LINUX_S_IFLNK | 0700, &made));
    made->node.ops = &descriptor_link_ops;
    made->link = link_descriptor;
    made->descriptor = (int)number;
    *found = &made->node;
    return STATUS_OK;
}

static enum status descriptors_read(struct node *node, uint64_t *position, proc_add *add, void *context)
{
    const struct proc_node *directory = proc_node(node);
    int number;
    while ((number = process_view_next_file(directory->process, (int)MIN(*position, (uint64_t)INT32_MAX))) >= 0) {
        char name[16];
        size_t length = format_text(name, sizeof name, "%d", number);
        uint64_t inode = proc_node_number(PROC_LINK, directory->process->id, (uint64_t)number << 4 | 0xf);
        *position = (uint64_t)number;
        if (!add(context, name, length, inode, LINUX_S_IFLNK | 0700, (uint64_t)number + 1))
            break;
        *position = (uint64_t)number + 1;
    }
    return STATUS_OK;
}

const struct node_ops proc_descriptors_ops = {
    .lookup = descriptors_lookup,
    .read_directory = descriptors_read,
    .release = proc_node_release,
    .volatile_entries = true,
};

// ---- task ----

static enum status tasks_lookup(struct node *node, const char *name, size_t length, struct node **found)
{
    struct proc_node *directory = proc_node(node), *made;
    uint64_t id;
    if (!proc_name_number(name, length, &id))
        return STATUS_NOT_FOUND;
    struct thread *thread = thread_find(id);
    if (!thread)
        return STATUS_NOT_FOUND;
    enum status status = STATUS_NOT_FOUND;
    if (thread->process == directory->process)
        status = proc_node_create(node, PROC_TASK, 0, LINUX_S_IFDIR | 0555, &made);
    if (status != STATUS_OK) {
        thread_release(thread);
        return status;
    }
    made->thread = thread;
    made->node.number = proc_node_number(PROC_TASK, id, 0);
    *found = &made->node;
    return STATUS_OK;
}

static enum status tasks_read(struct node *node, uint64_t *position, proc_add *add, void *context)
{
    const struct proc_node *directory = proc_node(node);
    for (;;) {
        uint64_t ids[TASKS_AT_ONCE];
        size_t count = process_view_threads(directory->process, *position, ids, TASKS_AT_ONCE);
        for (size_t i = 0; i < count; i++) {
            char name[24];
            size_t length = format_text(name, sizeof name, "%llu", (unsigned long long)ids[i]);
            *position = ids[i];
            if (!add(context, name, length, proc_node_number(PROC_TASK, ids[i], 0), LINUX_S_IFDIR | 0555, ids[i] + 1))
                return STATUS_OK;
            *position = ids[i] + 1;
        }
        if (count < TASKS_AT_ONCE)
            return STATUS_OK;
    }
}

const struct node_ops proc_tasks_ops = {
    .lookup = tasks_lookup,
    .read_directory = tasks_read,
    .release = proc_node_release,
    .volatile_entries = true,
};
