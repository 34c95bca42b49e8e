// SPDX-License-Identifier: MIT
// path.c: from a path to an entry.
//
// A walk goes component by component to the directory that holds the last one, and stops there: whoever opens, makes, removes or
// renames decides what the last name means. A symbolic link replaces the rest of the path by its target and that rest, in a buffer
// of the walk's own, so that depth costs no stack; at most SYMLINK_DEPTH_MAX are followed. Each directory walked through must be
// searchable by the running process.
#include "fs.h"

#include <lib/string.h>

#include <helix/heap.h>

void walk_end(struct walk *walk)
{
    if (walk->at)
        entry_release(walk->at);
    heap_free(walk->text);
    walk->at = nullptr;
    walk->text = nullptr;
    entries_drop_surplus(); // nothing is locked here
}

static void walk_move(struct walk *walk, struct entry *entry)
{
    entry_release(walk->at);
    walk->at = entry;
}

static enum status walk_check_directory(const struct walk *walk)
{
    if (!node_is(walk->at->node, LINUX_S_IFDIR))
        return STATUS_NOT_DIRECTORY;
    return node_permission(walk->at->node, NODE_MAY_EXECUTE);
}

// Puts the link's target before the rest of the path. `walk->at` is the directory the link stands in.
static enum status walk_push_link(struct walk *walk, struct entry *link)
{
    if (++walk->links > SYMLINK_DEPTH_MAX)
        return STATUS_TOO_MANY_LINKS;
    if (!link->node->ops->read_link)
        return STATUS_IO_ERROR;
    char *text = heap_alloc(PATH_MAX_BYTES);
    if (!text)
        return STATUS_NO_MEMORY;
    enum status status = link->node->ops->read_link(link->node, text, PATH_MAX_BYTES);
    size_t target = status == STATUS_OK ? strlen(text) : 0, rest = strlen(walk->rest);
    if (status == STATUS_OK && target == 0)
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK && target + rest + 1 >= PATH_MAX_BYTES)
        status = STATUS_TOO_LONG;
    if (status != STATUS_OK) {
        heap_free(text);
        return status;
    }
    memcpy(text + target, walk->rest, rest + 1); // the rest is empty or begins with a slash
    if (text[0] == '/')
        walk_move(walk, entry_cross(entry_load(&walk->context->root)));
    heap_free(walk->text);
    walk->text = text;
    walk->rest = text;
    return STATUS_OK;
}

static enum last_kind component_kind(const char *name, size_t length)
{
    if (length == 1 && name[0] == '.')
        return LAST_DOT;
    return length == 2 && name[0] == '.' && name[1] == '.' ? LAST_DOT_DOT : LAST_NAME;
}

static void walk_up(struct walk *walk)
{
    struct entry *root = entry_load(&walk->context->root);
    walk_move(walk, entry_parent(walk->at, root));
    entry_release(root);
}

// Into a component that is not the last.
static enum status walk_step(struct walk *walk, const char *name, size_t length)
{
    TRY(walk_check_directory(walk));
    switch (component_kind(name, length)) {
    case LAST_DOT:
        return STATUS_OK;
    case LAST_DOT_DOT:
        walk_up(walk);
        return STATUS_OK;
    default:
        break;
    }
    struct entry *child;
    TRY(entry_child(walk->at, name, length, &child));
    child = entry_cross(child);
    if (!node_is(child->node, LINUX_S_IFLNK)) {
        walk_move(walk, child);
        return STATUS_OK;
    }
    enum status status = walk_push_link(walk, child);
    entry_release(child);
    return status;
}

// Walks until only the last component is left.
static enum status walk_run(struct walk *walk)
{
    for (;;) {
        const char *name = walk->rest;
        while (*name == '/')
            name++;
        const char *end = name;
        while (*end && *end != '/')
            end++;
        size_t length = (size_t)(end - name);
        if (length > NAME_MAX_BYTES)
            return STATUS_TOO_LONG;
        const char *next = end;
        while (*next == '/')
            next++;
        if (*next) {
            walk->rest = end;
            TRY(walk_step(walk, name, length));
            continue;
        }
        walk->name = name;
        walk->length = length;
        walk->trailing = *end == '/';
        walk->kind = length == 0 ? LAST_ROOT : component_kind(name, length);
        walk->rest = end;
        return walk->kind == LAST_ROOT ? STATUS_OK : walk_check_directory(walk);
    }
}

static enum status walk_finish(struct walk *walk, enum status status)
{
    if (status != STATUS_OK)
        walk_end(walk);
    return status;
}

enum status walk_to_last(struct walk *walk, struct vfs_context *context, struct entry *base, const char *path)
{
    walk->context = context;
    walk->text = nullptr;
    walk->links = 0;
    walk->kind = LAST_NAME;
    walk->at = entry_walk_to_last(context, base, path, walk);
    if (LIKELY(walk->at != nullptr))
        return STATUS_OK;
    walk->rest = path;
    if (path[0] == '\0')
        return STATUS_NOT_FOUND;
    if (string_length_bounded(path, PATH_MAX_BYTES) == PATH_MAX_BYTES)
        return STATUS_TOO_LONG;
    if (path[0] == '/') {
        walk->at = entry_cross(entry_load(&context->root));
    } else if (base) {
        entry_retain(base);
        walk->at = base;
    } else {
        walk->at = entry_load(&context->current);
    }
    return walk_finish(walk, walk_run(walk));
}

enum status walk_follow(struct walk *walk, struct entry *link)
{
    // Where the slash behind the link was the last thing, it asks for a directory behind the target too.
    walk->rest = walk->trailing ? "/" : "";
    enum status status = walk_push_link(walk, link);
    return status == STATUS_OK ? walk_run(walk) : status;
}

// The last component without following it. *entry has a reference.
static enum status walk_last_once(struct walk *walk, struct entry **entry)
{
    switch (walk->kind) {
    case LAST_DOT_DOT:
        walk_up(walk);
        [[fallthrough]];
    case LAST_DOT:
    case LAST_ROOT:
        entry_retain(walk->at);
        *entry = walk->at;
        return STATUS_OK;
    default:
        TRY(entry_child(walk->at, walk->name, walk->length, entry));
        *entry = entry_cross(*entry);
        return STATUS_OK;
    }
}

enum status walk_last(struct walk *walk, bool follow, struct entry **entry)
{
    for (;;) {
        TRY(walk_last_once(walk, entry));
        bool link = node_is((*entry)->node, LINUX_S_IFLNK);
        if (!link || (!follow && !walk->trailing))
            break;
        enum status status = walk_follow(walk, *entry);
        entry_release(*entry);
        TRY(status);
    }
    if (!walk->trailing || node_is((*entry)->node, LINUX_S_IFDIR))
        return STATUS_OK;
    entry_release(*entry);
    return STATUS_NOT_DIRECTORY;
}

enum status vfs_lookup(struct vfs_context *context, struct entry *base, const char *path, bool follow, struct entry **entry)
{
    struct walk walk __attribute__((uninitialized));
    *entry = entry_walk(context, base, path);
    if (LIKELY(*entry != nullptr))
        return STATUS_OK;
    TRY(walk_to_last(&walk, context, base, path));
    enum status status = walk_last(&walk, follow, entry);
    walk_end(&walk);
    return status;
}
