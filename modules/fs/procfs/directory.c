// SPDX-License-Identifier: MIT
// directory.c: the part of /proc that rows make: directories are what paths of rows have in common.
#include "procfs.h"

#include <abi/linux/stat.h>
#include <lib/format.h>
#include <lib/string.h>

TABLE_DECLARE(struct proc_file, helix_proc_files);

// Positions in the listing of the root: rows first, then the fixed links, then processes by id.
enum : uint64_t { POSITION_LINKS = 1 << 20, POSITION_PROCESSES = 1 << 21 };
enum { IDS_AT_ONCE = 64 };

static const struct {
    const char *name;
    enum status (*link)(const struct proc_node *node, char *target, size_t size);
} root_links[] = { { "self", proc_link_self }, { "thread-self", proc_link_thread_self } };

// What of the row's path stands behind the directory's; nullptr: it is not below it.
static const char *path_below(const struct proc_node *directory, const struct proc_file *row)
{
    bool below = strlen(row->path) > directory->path_length && memcmp(row->path, directory->path, directory->path_length) == 0;
    return below ? row->path + directory->path_length : nullptr;
}

static size_t component_length(const char *path)
{
    const char *slash = strchr(path, '/');
    return slash ? (size_t)(slash - path) : strlen(path);
}

// A row's own mode, or that of a directory on the way to it.
static uint32_t row_mode(const struct proc_file *row, bool leads_on)
{
    return leads_on ? LINUX_S_IFDIR | 0555 : row->store ? LINUX_S_IFREG | 0644 : LINUX_S_IFREG | 0444;
}

static enum status row_node(struct node *directory, const struct proc_file *row, const char *name, size_t length, struct node **found)
{
    bool leads_on = name[length] == '/';
    uint64_t index = (uint64_t)(row - __start_helix_proc_files) + 1;
    // A directory's number is the first row's below it and its depth.
    if (leads_on)
        index = index << 8 | (uint64_t)(name - row->path + (ptrdiff_t)length);
    struct proc_node *made;
    TRY(proc_node_create(directory, leads_on ? PROC_ROW_DIRECTORY : PROC_ROW, index, row_mode(row, leads_on), &made));
    made->file = row;
    made->path = row->path;
    made->path_length = leads_on ? (size_t)(name - row->path) + length + 1 : 0;
    *found = &made->node;
    return STATUS_OK;
}

static bool is_root(const struct proc_node *directory)
{
    return directory->path_length == 0;
}

static enum status lookup_root_name(struct node *root, const char *name, size_t length, struct node **found)
{
    uint64_t id;
    if (proc_name_number(name, length, &id))
        return proc_process_lookup(root, id, found);
    for (size_t i = 0; i < ARRAY_LENGTH(root_links); i++) {
        if (proc_name_is(name, length, root_links[i].name))
            return proc_link_create(root, i + 1, root_links[i].link, found);
    }
    return STATUS_NOT_FOUND;
}

static enum status directory_lookup(struct node *node, const char *name, size_t length, struct node **found)
{
    struct proc_node *directory = proc_node(node);
    if (is_root(directory)) {
        enum status status = lookup_root_name(node, name, length, found);
        if (status != STATUS_NOT_FOUND)
            return status;
    }
    TABLE_EACH(struct proc_file, row, helix_proc_files) {
        const char *rest = path_below(directory, row);
        if (rest && component_length(rest) == length && memcmp(rest, name, length) == 0)
            return row_node(node, row, rest, length, found);
    }
    return STATUS_NOT_FOUND;
}

// Whether an earlier row has the same name in this directory, or a link takes its place.
static bool is_repeated(const struct proc_node *directory, const struct proc_file *row, const char *name, size_t length)
{
    for (size_t i = 0; is_root(directory) && i < ARRAY_LENGTH(root_links); i++) {
        if (proc_name_is(name, length, root_links[i].name))
            return true;
    }
    TABLE_EACH(struct proc_file, earlier, helix_proc_files) {
        if (earlier == row)
            return false;
        const char *rest = path_below(directory, earlier);
        if (rest && component_length(rest) == length && memcmp(rest, name, length) == 0)
            return true;
    }
    return false;
}

static bool list_rows(const struct proc_node *directory, uint64_t *position, proc_add *add, void *context)
{
    uint64_t count = (uint64_t)(__stop_helix_proc_files - __start_helix_proc_files);
    for (; *position < count; ++*position) {
        const struct proc_file *row = &__start_helix_proc_files[*position];
        const char *name = path_below(directory, row);
        size_t length = name ? component_length(name) : 0;
        if (!name || is_repeated(directory, row, name, length))
            continue;
        bool leads_on = name[length] == '/';
        uint64_t index = leads_on ? (*position + 1) << 8 | (uint64_t)(name - row->path + (ptrdiff_t)length) : *position + 1;
        uint64_t number = proc_node_number(leads_on ? PROC_ROW_DIRECTORY : PROC_ROW, 0, index);
        if (!add(context, name, length, number, row_mode(row, leads_on), *position + 1))
            return false;
    }
    return true;
}

static bool list_links(uint64_t *position, proc_add *add, void *context)
{
    *position = MAX(*position, POSITION_LINKS);
    for (; *position < POSITION_LINKS + ARRAY_LENGTH(root_links); ++*position) {
        uint64_t i = *position - POSITION_LINKS;
        const char *name = root_links[i].name;
        if (!add(context, name, strlen(name), proc_node_number(PROC_LINK, 0, i + 1), LINUX_S_IFLNK | 0777, *position + 1))
            return false;
    }
    return true;
}

struct id_search {
    uint64_t from, ids[IDS_AT_ONCE];
    size_t count;
};

static void id_collect(void *context, struct process *process)
{
    struct id_search *search = context;
    if (process->id >= search->from && search->count < IDS_AT_ONCE)
        search->ids[search->count++] = process->id;
}

static bool list_processes(uint64_t *position, proc_add *add, void *context)
{
    *position = MAX(*position, POSITION_PROCESSES);
    for (;;) {
        struct id_search search = { .from = *position - POSITION_PROCESSES };
        process_each(id_collect, &search);
        for (size_t i = 0; i < search.count; i++) {
            char name[24];
            size_t length = format_text(name, sizeof name, "%llu", (unsigned long long)search.ids[i]);
            uint64_t next = POSITION_PROCESSES + search.ids[i] + 1;
            if (!add(context, name, length, proc_node_number(PROC_PROCESS, search.ids[i], 0), LINUX_S_IFDIR | 0555, next))
                return false;
            *position = next;
        }
        if (search.count < IDS_AT_ONCE)
            return true;
    }
}

static enum status directory_read(struct node *node, uint64_t *position, proc_add *add, void *context)
{
    const struct proc_node *directory = proc_node(node);
    if (*position < POSITION_LINKS && !list_rows(directory, position, add, context))
        return STATUS_OK;
    if (!is_root(directory))
        return STATUS_OK;
    if (*position < POSITION_PROCESSES && !list_links(position, add, context))
        return STATUS_OK;
    (void)list_processes(position, add, context);
    return STATUS_OK;
}

static enum status refuse_create(struct node *directory, const char *name, size_t length, uint32_t mode, uint64_t device,
                                 struct node **made)
{
    return STATUS_NOT_FOUND;
}

const struct node_ops proc_row_directory_ops = {
    .lookup = directory_lookup,
    .create = refuse_create,
    .read_directory = directory_read,
    .release = proc_node_release,
    .volatile_entries = true,
};
