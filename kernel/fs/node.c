// SPDX-License-Identifier: MIT
// node.c: objects of file systems: their references, who may do what with them, and changes of their attributes.
#include "fs.h"

#include <arch/linux.h>

#include <helix/thread.h>
#include <helix/timer.h>
#include <helix/user.h>

void node_init(struct node *node, struct mount_point *file_system, const struct node_ops *ops, uint32_t mode)
{
    uint64_t now = time_wall_ns();
    *node = (struct node){
        .ops = ops,
        .file_system = file_system,
        .mode = mode,
        .links = 1,
        .number = atomic_fetch_add_explicit(&file_system->next_number, 1, memory_order_relaxed) + 1,
        .accessed_ns = now,
        .modified_ns = now,
        .changed_ns = now,
        .references = 1,
    };
    mutex_init(&node->lock, RANK_NODE);
    atomic_fetch_add_explicit(&file_system->nodes, 1, memory_order_relaxed);
}

void node_retain(struct node *node)
{
    atomic_fetch_add_explicit(&node->references, 1, memory_order_relaxed);
}

void node_release(struct node *node)
{
    if (atomic_fetch_sub_explicit(&node->references, 1, memory_order_acq_rel) != 1)
        return;
    struct mount_point *mount = node->file_system;
    node->ops->release(node);
    mount_release_node(mount);
}

static const struct user_process *running_user(void)
{
    struct thread *self = thread_current();
    return self && self->process ? self->process->user : nullptr;
}

static bool in_supplementary_group(uint32_t group)
{
    const struct user_process *user = running_user();
    for (uint32_t i = 0; user && i < user->group_count; i++) {
        if (user->groups[i] == group)
            return true;
    }
    return false;
}

enum status node_permission_as(const struct node *node, uint32_t mask, uint32_t user, uint32_t group)
{
    uint32_t type = node->mode & LINUX_S_IFMT;
    bool has_content = type == LINUX_S_IFREG || type == LINUX_S_IFDIR || type == LINUX_S_IFLNK;
    if ((mask & NODE_MAY_WRITE) && has_content && node->file_system->read_only)
        return STATUS_READ_ONLY;
    if (user == 0)
        return (mask & NODE_MAY_EXECUTE) && type != LINUX_S_IFDIR && !(node->mode & 0111) ? STATUS_DENIED : STATUS_OK;
    bool own_group = group == node->group || in_supplementary_group(node->group);
    uint32_t allowed = user == node->user ? node->mode >> 6 : own_group ? node->mode >> 3 : node->mode;
    return (mask & ~allowed & 7) ? STATUS_DENIED : STATUS_OK;
}

enum status node_permission(const struct node *node, uint32_t mask)
{
    const struct user_process *user = running_user();
    return user ? node_permission_as(node, mask, user->effective_user, user->effective_group) : node_permission_as(node, mask, 0, 0);
}

bool node_owned(const struct node *node)
{
    const struct user_process *user = running_user();
    return !user || user->effective_user == 0 || user->effective_user == node->user;
}

// Write and search permission on the directory, and in a sticky one the ownership of either.
enum status node_may_delete(const struct node *directory, const struct node *victim)
{
    TRY(node_permission(directory, NODE_MAY_WRITE | NODE_MAY_EXECUTE));
    if ((directory->mode & LINUX_S_ISVTX) && !node_owned(victim) && !node_owned(directory))
        return STATUS_NOT_PERMITTED;
    return STATUS_OK;
}

void node_set_owner_of_new(struct node *directory, struct node *made)
{
    const struct user_process *user = running_user();
    made->user = user ? user->effective_user : 0;
    made->group = user ? user->effective_group : 0;
    if (!(directory->mode & LINUX_S_ISGID))
        return;
    made->group = directory->group;
    if (node_is(made, LINUX_S_IFDIR))
        made->mode |= LINUX_S_ISGID;
}

void node_touch(struct node *node)
{
    node->modified_ns = node->changed_ns = time_wall_ns();
}

static enum status node_attributes_changed(struct node *node)
{
    node->changed_ns = time_wall_ns();
    return node->ops->set_attributes ? node->ops->set_attributes(node) : STATUS_OK;
}

enum status node_change_mode(struct node *node, uint32_t mode)
{
    if (node->file_system->read_only)
        return STATUS_READ_ONLY;
    if (!node_owned(node))
        return STATUS_NOT_PERMITTED;
    const struct user_process *user = running_user();
    if (user && user->effective_user != 0 && user->effective_group != node->group && !in_supplementary_group(node->group))
        mode &= ~LINUX_S_ISGID;
    node->mode = (node->mode & LINUX_S_IFMT) | (mode & 07777);
    return node_attributes_changed(node);
}

enum status node_change_owner(struct node *node, uint32_t user, uint32_t group)
{
    if (node->file_system->read_only)
        return STATUS_READ_ONLY;
    const struct user_process *running = running_user();
    if (running && running->effective_user != 0) {
        bool keeps_user = user == UINT32_MAX || user == node->user;
        bool own_group = group == UINT32_MAX || group == node->group || group == running->effective_group || in_supplementary_group(group);
        if (!keeps_user || !own_group || running->effective_user != node->user)
            return STATUS_NOT_PERMITTED;
    }
    if (user != UINT32_MAX)
        node->user = user;
    if (group != UINT32_MAX)
        node->group = group;
    if (!node_is(node, LINUX_S_IFDIR))
        node->mode &= ~(LINUX_S_ISUID | ((node->mode & 010) ? LINUX_S_ISGID : 0));
    return node_attributes_changed(node);
}

void node_change_times(struct node *node, uint64_t accessed_ns, uint64_t modified_ns)
{
    if (accessed_ns != UINT64_MAX)
        node->accessed_ns = accessed_ns;
    if (modified_ns != UINT64_MAX)
        node->modified_ns = modified_ns;
    node->changed_ns = time_wall_ns();
}

enum status node_truncate(struct node *node, uint64_t size)
{
    if (node_is(node, LINUX_S_IFDIR))
        return STATUS_IS_DIRECTORY;
    if (!node_is(node, LINUX_S_IFREG) || !node->ops->truncate)
        return STATUS_BAD_ARGUMENT;
    if (node->file_system->read_only)
        return STATUS_READ_ONLY;
    TRY(node_write_begin(node));
    mutex_acquire(&node->lock);
    enum status status = node->ops->truncate(node, size);
    if (status == STATUS_OK)
        node_touch(node);
    mutex_release(&node->lock);
    node_write_end(node);
    return status;
}

// One more on this side, unless the other side is at it. `step`: 1 for writing, -1 for running.
static enum status node_enter(struct node *node, int32_t step)
{
    int32_t users = atomic_load_explicit(&node->writers, memory_order_relaxed);
    do {
        if (users * step < 0)
            return STATUS_TEXT_BUSY;
    } while (!atomic_compare_exchange_weak(&node->writers, &users, users + step));
    return STATUS_OK;
}

enum status node_write_begin(struct node *node)
{
    return node_enter(node, 1);
}

void node_write_end(struct node *node)
{
    atomic_fetch_sub(&node->writers, 1);
}

enum status node_run_begin(struct node *node)
{
    TRY(node_enter(node, -1));
    node_retain(node);
    return STATUS_OK;
}

void node_run_end(struct node *node)
{
    atomic_fetch_add(&node->writers, 1);
    node_release(node);
}

void node_identify_source(struct page_source *source, uint64_t *device, uint64_t *number)
{
    const struct node *node = container_of(source, struct node, source);
    *device = node->file_system->device;
    *number = node->number;
}

static struct linux_timespec timespec_of(uint64_t ns)
{
    return (struct linux_timespec){ .seconds = (int64_t)(ns / NS_PER_S), .nanoseconds = (int64_t)(ns % NS_PER_S) };
}

void vfs_stat_node(struct node *node, struct linux_stat *status)
{
    *status = (struct linux_stat){
        .device = node->file_system->device,
        .number = node->number,
        .links = node->links,
        .mode = node->mode,
        .user = node->user,
        .group = node->group,
        .special_device = node->device,
        .size = (int64_t)node->size,
        .block_size = (int64_t)PAGE_SIZE,
        .blocks = (int64_t)node->blocks,
        .accessed = timespec_of(node->accessed_ns),
        .modified = timespec_of(node->modified_ns),
        .changed = timespec_of(node->changed_ns),
    };
}
