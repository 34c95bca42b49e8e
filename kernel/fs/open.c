// SPDX-License-Identifier: MIT
// open.c: opening by path: what the flags ask of the last component, and the making of files that are not there.
#include "fs.h"

#include <arch/linux.h>

#include <helix/heap.h>

static uint32_t open_permissions(uint32_t flags)
{
    uint32_t access = flags & LINUX_O_ACCMODE;
    uint32_t mask = access == LINUX_O_WRONLY ? 0 : NODE_MAY_READ;
    if (access != LINUX_O_RDONLY || (flags & LINUX_O_TRUNC))
        mask |= NODE_MAY_WRITE;
    return mask;
}

// Flags that ask for more than reading what is there.
enum : uint32_t {
    OPEN_MORE = LINUX_O_ACCMODE | LINUX_O_TRUNC | LINUX_O_DIRECTORY | LINUX_O_PATH | LINUX_O_CREAT | LINUX_O_NOATIME,
};

static bool open_reads_only(const struct node *node, uint32_t flags)
{
    return !(flags & OPEN_MORE) && !node_is(node, LINUX_S_IFLNK) && !node_is(node, LINUX_S_IFSOCK);
}

// All that can refuse, for a node that was there before.
static enum status open_check(struct node *node, uint32_t flags)
{
    bool directory = node_is(node, LINUX_S_IFDIR);
    if ((flags & LINUX_O_DIRECTORY) && !directory)
        return STATUS_NOT_DIRECTORY;
    if (flags & LINUX_O_PATH)
        return STATUS_OK;
    if (node_is(node, LINUX_S_IFLNK))
        return STATUS_TOO_MANY_LINKS;
    uint32_t mask = open_permissions(flags);
    if (directory && ((mask & NODE_MAY_WRITE) || (flags & LINUX_O_CREAT)))
        return STATUS_IS_DIRECTORY;
    if (node_is(node, LINUX_S_IFSOCK))
        return STATUS_NO_SUCH_DEVICE;
    if ((flags & LINUX_O_NOATIME) && !node_owned(node))
        return STATUS_NOT_PERMITTED;
    return node_permission(node, mask);
}

// Takes the caller's reference over, on failure too.
static enum status open_existing(struct entry *entry, uint32_t flags, struct open_file **file)
{
    enum status status = open_check(entry->node, flags);
    if (status == STATUS_OK)
        status = file_open_entry(entry, flags, file);
    if (status != STATUS_OK) {
        entry_release(entry);
        return status;
    }
    if (!(flags & LINUX_O_TRUNC) || (flags & LINUX_O_PATH) || !node_is(entry->node, LINUX_S_IFREG))
        return STATUS_OK;
    status = entry->node->ops->truncate ? node_truncate(entry->node, 0) : STATUS_OK;
    if (status != STATUS_OK)
        file_release(*file);
    return status;
}

// The same for a name that a look found.
static inline enum status open_known(struct entry *entry, uint32_t flags, struct open_file **file)
{
    if (UNLIKELY(!open_reads_only(entry->node, flags) || !node_may_search_all())) // who may search all may read all
        return open_existing(entry, flags, file);
    enum status status = file_open_entry(entry, flags, file);
    if (UNLIKELY(status != STATUS_OK))
        entry_release(entry);
    return status;
}

// Makes the last component in its directory, whose lock is held.
static enum status create_locked(struct walk *walk, uint32_t mode, struct entry **entry)
{
    struct node *directory = walk->at->node;
    TRY(node_permission(directory, NODE_MAY_WRITE | NODE_MAY_EXECUTE));
    if (!directory->ops->create)
        return STATUS_DENIED;
    struct node *node;
    mode = LINUX_S_IFREG | (mode & 07777 & ~walk->context->umask);
    TRY(directory->ops->create(directory, walk->name, walk->length, mode, 0, &node));
    node_set_owner_of_new(directory, node);
    node_touch(directory);
    return entry_add(walk->at, walk->name, walk->length, node, entry);
}

// Finds the last component or makes it; *made tells which.
static enum status find_or_create(struct walk *walk, uint32_t mode, struct entry **entry, bool *made)
{
    *made = false;
    enum status status = entry_child(walk->at, walk->name, walk->length, entry);
    if (status != STATUS_NOT_FOUND)
        return status;
    mutex_acquire(&walk->at->node->lock);
    status = entry_child_locked(walk->at, walk->name, walk->length, entry);
    if (status == STATUS_NOT_FOUND) {
        *made = true;
        status = create_locked(walk, mode, entry);
    }
    mutex_release(&walk->at->node->lock);
    return status;
}

// The last component for O_CREAT, links followed. *entry has a reference.
static enum status create_last(struct walk *walk, uint32_t flags, uint32_t mode, struct entry **entry, bool *made)
{
    *made = false;
    for (;;) {
        if (walk->kind != LAST_NAME)
            return (flags & LINUX_O_EXCL) ? STATUS_EXISTS : STATUS_IS_DIRECTORY;
        if (walk->trailing)
            return STATUS_IS_DIRECTORY;
        TRY(find_or_create(walk, mode, entry, made));
        if (*made)
            return STATUS_OK;
        enum status status = STATUS_EXISTS;
        if (!(flags & LINUX_O_EXCL)) {
            *entry = entry_cross(*entry);
            if (!node_is((*entry)->node, LINUX_S_IFLNK) || (flags & LINUX_O_NOFOLLOW) || (*entry)->node->ops->link_file)
                return STATUS_OK;
            status = walk_follow(walk, *entry);
        }
        entry_release(*entry);
        TRY(status);
    }
}

// The last component that exists. A link to an open file is not followed: it has no path.
static enum status find_last(struct walk *walk, uint32_t flags, struct entry **entry)
{
    for (;;) {
        TRY(walk_last(walk, false, entry));
        if (!node_is((*entry)->node, LINUX_S_IFLNK) || (flags & LINUX_O_NOFOLLOW) || (*entry)->node->ops->link_file)
            return STATUS_OK;
        enum status status = walk_follow(walk, *entry);
        entry_release(*entry);
        TRY(status);
    }
}

// What has a name is opened anew; a pipe end, which has none, is shared as it is.
static enum status open_linked(struct node *link, uint32_t flags, struct open_file **file)
{
    struct open_file *target;
    TRY(link->ops->link_file(link, &target));
    if (!target->entry) {
        bool fits = (target->flags & LINUX_O_ACCMODE) == (flags & LINUX_O_ACCMODE);
        *file = target;
        if (!fits)
            file_release(target);
        return fits ? STATUS_OK : STATUS_DENIED;
    }
    entry_retain(target->entry);
    enum status status = open_existing(target->entry, flags & ~(uint32_t)LINUX_O_CREAT, file);
    file_release(target);
    return status;
}

static enum status open_last(struct walk *walk, uint32_t flags, uint32_t mode, struct open_file **file)
{
    struct entry *entry;
    bool made = false;
    TRY(flags & LINUX_O_CREAT ? create_last(walk, flags, mode, &entry, &made) : find_last(walk, flags, &entry));
    bool linked = entry->node->ops->link_file && !(flags & LINUX_O_NOFOLLOW);
    if (!made && !linked)
        return open_existing(entry, flags, file);
    enum status status = made ? file_open_entry(entry, flags, file) : open_linked(entry->node, flags, file);
    if (!made || status != STATUS_OK)
        entry_release(entry);
    return status;
}

[[gnu::noinline]] static enum status open_walking(struct vfs_context *context, struct entry *base, const char *path, uint32_t flags,
                                                  uint32_t mode, struct open_file **file)
{
    struct walk walk __attribute__((uninitialized));
    TRY(walk_to_last(&walk, context, base, path));
    enum status status = open_last(&walk, flags, mode, file);
    walk_end(&walk);
    return status;
}

// Flags that rule others out: O_PATH ignores most of them.
static enum status open_flags(uint32_t *flags)
{
    if ((*flags & LINUX_O_TMPFILE) == LINUX_O_TMPFILE)
        return STATUS_NOT_IMPLEMENTED;
    if (*flags & LINUX_O_PATH)
        *flags &= LINUX_O_PATH | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW | LINUX_O_CLOEXEC;
    bool both = (*flags & LINUX_O_CREAT) && (*flags & LINUX_O_DIRECTORY);
    return both ? STATUS_BAD_ARGUMENT : STATUS_OK;
}

enum status vfs_open(struct vfs_context *context, struct entry *base, const char *path, uint32_t flags, uint32_t mode,
                     struct open_file **file)
{
    if (UNLIKELY(flags & (LINUX_O_TMPFILE | LINUX_O_PATH | LINUX_O_CREAT)))
        TRY(open_flags(&flags));
    if (UNLIKELY(flags & LINUX_O_CREAT))
        return open_walking(context, base, path, flags, mode, file);
    struct entry *known = entry_walk(context, base, path);
    if (LIKELY(known != nullptr))
        return open_known(known, flags, file);
    return open_walking(context, base, path, flags, mode, file);
}
