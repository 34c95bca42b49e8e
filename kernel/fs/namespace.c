// SPDX-License-Identifier: MIT
// namespace.c: making, linking, removing and renaming of names.
//
// Locks: the directory's lock round each change; a removed or linked node's own lock inside it, for its link count. A rename takes the
// rename lock, then both directories, an ancestor before what lies below it, others by address.
#include "fs.h"

#include <abi/linux/fcntl.h>
#include <lib/string.h>

#include <helix/heap.h>

struct mutex vfs_rename_lock = MUTEX(vfs_rename_lock, RANK_RENAME);

// What is to be made, so that mkdir, mknod, symlink and link share their way to the name.
struct new_name {
    uint32_t mode; // type and permissions
    uint64_t device;
    const char *target;  // symlink
    struct node *linked; // link
};

static enum status make_node(struct node *directory, const struct walk *walk, const struct new_name *wanted, struct node **made)
{
    const struct node_ops *ops = directory->ops;
    if (wanted->linked) {
        if (!ops->link)
            return STATUS_NOT_PERMITTED;
        mutex_acquire_nested(&wanted->linked->lock);
        enum status status = wanted->linked->links == 0 ? STATUS_NOT_FOUND : ops->link(directory, walk->name, walk->length, wanted->linked);
        mutex_release(&wanted->linked->lock);
        *made = nullptr;
        return status;
    }
    if (wanted->target)
        return ops->symlink ? ops->symlink(directory, walk->name, walk->length, wanted->target, made) : STATUS_NOT_PERMITTED;
    return ops->create ? ops->create(directory, walk->name, walk->length, wanted->mode, wanted->device, made) : STATUS_NOT_PERMITTED;
}

static enum status make_locked(struct walk *walk, const struct new_name *wanted)
{
    struct node *directory = walk->at->node;
    struct entry *existing;
    enum status status = entry_child_locked(walk->at, walk->name, walk->length, &existing);
    if (status == STATUS_OK) {
        entry_release(existing);
        return STATUS_EXISTS;
    }
    if (status != STATUS_NOT_FOUND)
        return status;
    if (walk->trailing && !(wanted->mode && (wanted->mode & LINUX_S_IFMT) == LINUX_S_IFDIR))
        return STATUS_NOT_FOUND;
    TRY(node_permission(directory, NODE_MAY_WRITE | NODE_MAY_EXECUTE));
    if (wanted->linked && wanted->linked->file_system != directory->file_system)
        return STATUS_CROSS_DEVICE;
    struct node *made;
    TRY(make_node(directory, walk, wanted, &made));
    node_touch(directory);
    if (wanted->linked)
        wanted->linked->changed_ns = directory->changed_ns;
    if (made) {
        node_set_owner_of_new(directory, made);
        node_release(made);
    }
    return STATUS_OK;
}

static enum status make_name(struct vfs_context *context, struct entry *base, const char *path, const struct new_name *wanted)
{
    struct walk walk;
    TRY(walk_to_last(&walk, context, base, path));
    enum status status = STATUS_EXISTS;
    if (walk.kind == LAST_NAME) {
        mutex_acquire(&walk.at->node->lock);
        status = make_locked(&walk, wanted);
        mutex_release(&walk.at->node->lock);
    }
    walk_end(&walk);
    return status;
}

enum status vfs_make_directory(struct vfs_context *context, struct entry *base, const char *path, uint32_t mode)
{
    struct new_name wanted = { .mode = LINUX_S_IFDIR | (mode & 01777 & ~context->umask) };
    return make_name(context, base, path, &wanted);
}

enum status vfs_make_node(struct vfs_context *context, struct entry *base, const char *path, uint32_t mode, uint64_t device)
{
    uint32_t type = mode & LINUX_S_IFMT;
    if (type == 0)
        type = LINUX_S_IFREG;
    if (type == LINUX_S_IFDIR)
        return STATUS_NOT_PERMITTED;
    if (type != LINUX_S_IFREG && type != LINUX_S_IFCHR && type != LINUX_S_IFBLK && type != LINUX_S_IFIFO && type != LINUX_S_IFSOCK)
        return STATUS_BAD_ARGUMENT;
    bool is_device = type == LINUX_S_IFCHR || type == LINUX_S_IFBLK;
    struct new_name wanted = { .mode = type | (mode & 07777 & ~context->umask), .device = is_device ? device : 0 };
    return make_name(context, base, path, &wanted);
}

enum status vfs_symlink(struct vfs_context *context, const char *target, struct entry *base, const char *path)
{
    if (target[0] == '\0')
        return STATUS_NOT_FOUND;
    struct new_name wanted = { .mode = LINUX_S_IFLNK | 0777, .target = target };
    return make_name(context, base, path, &wanted);
}

enum status vfs_link(struct vfs_context *context, struct entry *old_base, const char *old_path, bool follow, struct entry *new_base,
                     const char *new_path)
{
    struct entry *old;
    if (old_path[0] == '\0' && old_base) {
        entry_retain(old_base); // AT_EMPTY_PATH
        old = old_base;
    } else {
        TRY(vfs_lookup(context, old_base, old_path, follow, &old));
    }
    enum status status = STATUS_NOT_PERMITTED;
    if (!node_is(old->node, LINUX_S_IFDIR)) {
        struct new_name wanted = { .linked = old->node };
        status = make_name(context, new_base, new_path, &wanted);
    }
    entry_release(old);
    return status;
}

// The last component when it cannot be removed at all.
static enum status unlink_special(const struct walk *walk, bool directory)
{
    if (!directory)
        return STATUS_IS_DIRECTORY;
    return walk->kind == LAST_DOT ? STATUS_BAD_ARGUMENT : walk->kind == LAST_DOT_DOT ? STATUS_NOT_EMPTY : STATUS_BUSY;
}

static enum status unlink_check(const struct walk *walk, struct entry *entry, bool directory)
{
    TRY(node_may_delete(walk->at->node, entry->node));
    bool is_directory = node_is(entry->node, LINUX_S_IFDIR);
    if (directory && !is_directory)
        return STATUS_NOT_DIRECTORY;
    if (!directory && is_directory)
        return STATUS_IS_DIRECTORY;
    if (!directory && walk->trailing)
        return STATUS_NOT_DIRECTORY;
    if (atomic_load_explicit(&entry->mounted, memory_order_relaxed))
        return STATUS_BUSY;
    return walk->at->node->ops->unlink ? STATUS_OK : STATUS_NOT_PERMITTED;
}

static enum status unlink_locked(struct walk *walk, bool directory, struct entry **removed)
{
    struct entry *entry;
    TRY(entry_child_locked(walk->at, walk->name, walk->length, &entry));
    struct node *parent = walk->at->node;
    enum status status = unlink_check(walk, entry, directory);
    if (status == STATUS_OK) {
        mutex_acquire_nested(&entry->node->lock);
        status = parent->ops->unlink(parent, walk->name, walk->length, entry->node);
        mutex_release(&entry->node->lock);
    }
    if (status != STATUS_OK) {
        entry_release(entry);
        return status;
    }
    entry_remove(entry);
    node_touch(parent);
    entry->node->changed_ns = parent->changed_ns;
    *removed = entry;
    return STATUS_OK;
}

enum status vfs_unlink(struct vfs_context *context, struct entry *base, const char *path, bool directory)
{
    struct walk walk;
    TRY(walk_to_last(&walk, context, base, path));
    struct entry *removed = nullptr;
    enum status status;
    if (walk.kind == LAST_NAME) {
        mutex_acquire(&walk.at->node->lock);
        status = unlink_locked(&walk, directory, &removed);
        mutex_release(&walk.at->node->lock);
    } else {
        status = unlink_special(&walk, directory);
    }
    entry_release(removed); // the file's memory goes here, outside the lock
    walk_end(&walk);
    return status;
}

// ---- rename ----

struct rename {
    struct walk from, to;
    struct entry *moved, *replaced; // references; replaced may be nullptr
    struct entry_name *name;        // the new one
    uint32_t flags;
};

// Whether two directories are one, the pair is locked or unlocked with one call each.
NO_LOCK_ANALYSIS static void rename_lock_directories(struct entry *a, struct entry *b)
{
    if (a->node == b->node) {
        mutex_acquire(&a->node->lock);
        return;
    }
    bool a_first = entry_is_ancestor(a, b) || (!entry_is_ancestor(b, a) && a->node < b->node);
    mutex_acquire(a_first ? &a->node->lock : &b->node->lock);
    mutex_acquire_nested(a_first ? &b->node->lock : &a->node->lock);
}

NO_LOCK_ANALYSIS static void rename_unlock_directories(struct entry *a, struct entry *b)
{
    mutex_release(&a->node->lock);
    if (a->node != b->node)
        mutex_release(&b->node->lock);
}

static enum status rename_find(struct rename *rename)
{
    TRY(entry_child_locked(rename->from.at, rename->from.name, rename->from.length, &rename->moved));
    enum status status = entry_child_locked(rename->to.at, rename->to.name, rename->to.length, &rename->replaced);
    if (status == STATUS_NOT_FOUND)
        rename->replaced = nullptr;
    else
        TRY(status);
    bool directory = node_is(rename->moved->node, LINUX_S_IFDIR);
    if ((rename->from.trailing || rename->to.trailing) && !directory)
        return STATUS_NOT_DIRECTORY;
    if (rename->replaced && (rename->flags & LINUX_RENAME_NOREPLACE))
        return STATUS_EXISTS;
    return STATUS_OK;
}

static enum status rename_check_replaced(const struct rename *rename, bool directory)
{
    if (!rename->replaced)
        return node_permission(rename->to.at->node, NODE_MAY_WRITE | NODE_MAY_EXECUTE);
    TRY(node_may_delete(rename->to.at->node, rename->replaced->node));
    bool over_directory = node_is(rename->replaced->node, LINUX_S_IFDIR);
    if (directory && !over_directory)
        return STATUS_NOT_DIRECTORY;
    if (!directory && over_directory)
        return STATUS_IS_DIRECTORY;
    return atomic_load_explicit(&rename->replaced->mounted, memory_order_relaxed) ? STATUS_BUSY : STATUS_OK;
}

static enum status rename_check(const struct rename *rename)
{
    struct node *moved = rename->moved->node;
    bool directory = node_is(moved, LINUX_S_IFDIR);
    if (directory && entry_is_ancestor(rename->moved, rename->to.at))
        return STATUS_BAD_ARGUMENT;
    if (rename->replaced && entry_is_ancestor(rename->replaced, rename->from.at))
        return STATUS_NOT_EMPTY;
    TRY(node_may_delete(rename->from.at->node, moved));
    TRY(rename_check_replaced(rename, directory));
    if (directory && rename->from.at->node != rename->to.at->node)
        TRY(node_permission(moved, NODE_MAY_WRITE));
    if (atomic_load_explicit(&rename->moved->mounted, memory_order_relaxed))
        return STATUS_BUSY;
    return rename->from.at->node->ops->rename ? STATUS_OK : STATUS_NOT_PERMITTED;
}

// Not analysed: the lock of what is replaced is taken only when there is something.
NO_LOCK_ANALYSIS static enum status rename_commit(struct rename *rename)
{
    struct node *from = rename->from.at->node, *to = rename->to.at->node;
    struct node *replaced = rename->replaced ? rename->replaced->node : nullptr;
    rename->name = entry_name_create(rename->to.name, rename->to.length);
    if (!rename->name)
        return STATUS_NO_MEMORY;
    if (replaced)
        mutex_acquire_nested(&replaced->lock);
    enum status status = from->ops->rename(from, rename->from.name, rename->from.length, to, rename->to.name, rename->to.length,
                                           rename->moved->node, replaced);
    if (replaced)
        mutex_release(&replaced->lock);
    TRY(status);
    if (rename->replaced)
        entry_remove(rename->replaced);
    entry_move(rename->moved, rename->to.at, rename->name);
    rename->name = nullptr;
    node_touch(from);
    node_touch(to);
    rename->moved->node->changed_ns = from->changed_ns;
    return STATUS_OK;
}

static enum status rename_locked(struct rename *rename)
{
    TRY(rename_find(rename));
    if (rename->replaced && rename->replaced->node == rename->moved->node)
        return STATUS_OK; // two names of one file: POSIX asks for nothing
    TRY(rename_check(rename));
    return rename_commit(rename);
}

static enum status rename_walked(struct rename *rename)
{
    if (rename->from.kind != LAST_NAME)
        return STATUS_BUSY;
    if (rename->to.kind != LAST_NAME)
        return (rename->flags & LINUX_RENAME_NOREPLACE) ? STATUS_EXISTS : STATUS_BUSY;
    if (rename->from.at->node->file_system != rename->to.at->node->file_system)
        return STATUS_CROSS_DEVICE;
    mutex_acquire(&vfs_rename_lock);
    rename_lock_directories(rename->from.at, rename->to.at);
    enum status status = rename_locked(rename);
    rename_unlock_directories(rename->from.at, rename->to.at);
    mutex_release(&vfs_rename_lock);
    return status;
}

enum status vfs_rename(struct vfs_context *context, struct entry *old_base, const char *old_path, struct entry *new_base,
                       const char *new_path, uint32_t flags)
{
    if (flags & ~LINUX_RENAME_NOREPLACE)
        return STATUS_BAD_ARGUMENT;
    struct rename rename = { .flags = flags };
    TRY(walk_to_last(&rename.from, context, old_base, old_path));
    enum status status = walk_to_last(&rename.to, context, new_base, new_path);
    if (status == STATUS_OK) {
        status = rename_walked(&rename);
        entry_release(rename.replaced);
        entry_release(rename.moved);
        heap_free(rename.name);
        walk_end(&rename.to);
    }
    walk_end(&rename.from);
    return status;
}
