// SPDX-License-Identifier: MIT
// entry_tree.c: up and across: the directory above, what covers a directory, and the path of an entry.
#include "entry.h"

#include <lib/format.h>
#include <lib/string.h>

#include "look.h"

struct entry *entry_cross(struct entry *entry)
{
    while (UNLIKELY(atomic_load_explicit(&entry->mounted, memory_order_acquire) != nullptr)) {
        spinlock_acquire(&entry_lock);
        struct mount_point *mount = atomic_load_explicit(&entry->mounted, memory_order_relaxed);
        struct entry *root = mount ? mount->root : entry;
        entry_retain(root);
        spinlock_release(&entry_lock);
        entry_release(entry);
        if (!mount)
            return root;
        entry = root;
    }
    return entry;
}

struct entry *entry_parent(struct entry *entry, const struct entry *root)
{
    spinlock_acquire(&entry_lock);
    struct entry *at = entry;
    while (at != root && !at->parent && at->node->file_system->covered)
        at = at->node->file_system->covered;
    if (at != root && at->parent)
        at = at->parent;
    entry_retain(at);
    spinlock_release(&entry_lock);
    return entry_cross(at);
}

struct entry *entry_load(struct entry *const *place)
{
    spinlock_acquire(&entry_lock);
    struct entry *entry = *place;
    entry_retain(entry);
    spinlock_release(&entry_lock);
    return entry;
}

void entry_store(struct entry **place, struct entry *entry)
{
    spinlock_acquire(&entry_lock);
    struct entry *old = *place;
    *place = entry;
    spinlock_release(&entry_lock);
    entry_release(old);
}

void entry_cover(struct entry *covered, struct mount_point *mount)
{
    spinlock_acquire(&entry_lock);
    atomic_store_explicit(&covered->mounted, mount, memory_order_release);
    atomic_store_explicit(&covered->turns, mount != nullptr, memory_order_release); // a directory: no link
    spinlock_release(&entry_lock);
}

// With no reference left the root refuses looks; those that wait for the lock find it uncovered.
enum status entry_uncover(struct entry *covered, struct entry *root)
{
    uint32_t only_the_mounts = 1;
    spinlock_acquire(&entry_lock);
    bool idle = atomic_compare_exchange_strong_explicit(&root->references, &only_the_mounts, 0, memory_order_acq_rel, memory_order_relaxed);
    if (idle) {
        atomic_store_explicit(&covered->mounted, nullptr, memory_order_release);
        atomic_store_explicit(&covered->turns, false, memory_order_release);
    }
    spinlock_release(&entry_lock);
    if (!idle)
        return STATUS_BUSY;
    looks_settle();
    atomic_fetch_add_explicit(&root->references, 1, memory_order_relaxed);
    return STATUS_OK;
}

bool entry_is_ancestor(const struct entry *ancestor, const struct entry *entry)
{
    spinlock_acquire(&entry_lock);
    while (entry && entry != ancestor)
        entry = entry->parent;
    spinlock_release(&entry_lock);
    return entry != nullptr;
}

// Writes the path backwards from the end of `path`; *start is where it begins. What was removed has none, unless `removed`: what it was.
static enum status entry_write_path(const struct entry *root, const struct entry *entry, bool removed, char *path, size_t size,
                                    size_t *start)
{
    size_t at = size - 1;
    path[at] = '\0';
    while (entry != root) {
        if (!entry->parent) {
            const struct mount_point *mount = entry->node->file_system;
            if (!mount->covered)
                break;
            entry = mount->covered;
            continue;
        }
        if (entry->removed && !removed)
            return STATUS_NOT_FOUND;
        const struct entry_name *name = entry->name;
        if (at < (size_t)name->length + 1)
            return STATUS_OUT_OF_RANGE;
        at -= name->length;
        memcpy(path + at, name->text, name->length);
        path[--at] = '/';
        entry = entry->parent;
    }
    if (at == size - 1) {
        if (at == 0)
            return STATUS_OUT_OF_RANGE;
        path[--at] = '/';
    }
    *start = at;
    return STATUS_OK;
}

enum status vfs_path(struct vfs_context *context, struct entry *entry, char *path, size_t size)
{
    if (size == 0)
        return STATUS_OUT_OF_RANGE;
    size_t start;
    struct entry *root = entry_load(&context->root);
    spinlock_acquire(&entry_lock);
    enum status status = entry_write_path(root, entry, false, path, size, &start);
    spinlock_release(&entry_lock);
    entry_release(root);
    if (status == STATUS_OK)
        memmove(path, path + start, size - start);
    return status;
}

void vfs_node_path(struct node *node, char *text, size_t size)
{
    size_t start;
    enum status status = STATUS_NOT_FOUND;
    static const char gone[] = " (deleted)";
    bool deleted = node->links == 0;
    size_t room = size - (deleted ? sizeof gone - 1 : 0);
    spinlock_acquire(&entry_lock);
    if (node->name)
        status = entry_write_path(nullptr, node->name, deleted, text, room, &start);
    spinlock_release(&entry_lock);
    if (status == STATUS_OK)
        memmove(text, text + start, room - start);
    else
        format_text(text, room, "%s:[%llu]", node->file_system->ops->name, (unsigned long long)node->number);
    if (deleted)
        memcpy(text + strlen(text), gone, sizeof gone);
}
