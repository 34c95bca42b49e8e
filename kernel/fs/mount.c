// SPDX-License-Identifier: MIT
// mount.c: which file system covers which directory, and the root of it all.
//
// A mount point lives while one of its nodes does: a mapping of a file may outlive the unmounting. The list changes under the mount
// lock; walks look only at entry->mounted.
#include "fs.h"

#include <lib/string.h>

#include <helix/heap.h>
#include <helix/module.h>
#include <helix/panic.h>

static struct mutex mount_lock = MUTEX(mount_lock, RANK_MOUNT);
static struct list_node mounts = LIST_HEAD(mounts);
static uint64_t next_device = 1;
static struct vfs_context kernel_context;

struct vfs_context *vfs_kernel_context(void)
{
    return &kernel_context;
}

enum status vfs_context_copy(const struct vfs_context *from, struct vfs_context *to)
{
    to->root = entry_load(&from->root);
    to->current = entry_load(&from->current);
    to->umask = from->umask;
    return STATUS_OK;
}

void vfs_context_release(struct vfs_context *context)
{
    entry_release(context->current);
    entry_release(context->root);
    context->root = context->current = nullptr;
}

static enum status context_place_check(struct entry *entry)
{
    if (!node_is(entry->node, LINUX_S_IFDIR))
        return STATUS_NOT_DIRECTORY;
    return node_permission(entry->node, NODE_MAY_EXECUTE);
}

enum status vfs_context_set_current(struct vfs_context *context, struct entry *entry)
{
    TRY(context_place_check(entry));
    entry_retain(entry);
    entry_store(&context->current, entry);
    return STATUS_OK;
}

enum status vfs_context_set_root(struct vfs_context *context, struct entry *entry)
{
    TRY(context_place_check(entry));
    entry_retain(entry);
    entry_store(&context->root, entry);
    return STATUS_OK;
}

// One node or the mounting itself is gone.
void mount_release_node(struct mount_point *mount)
{
    if (atomic_fetch_sub_explicit(&mount->nodes, 1, memory_order_acq_rel) != 1)
        return;
    if (mount->ops->release)
        mount->ops->release(mount);
    heap_free(mount);
}

enum status mount_create(const char *source, const char *type, const char *options, struct mount_point **made)
{
    const struct module *module = module_find("file_system", type);
    if (!module || module->abi != FILE_SYSTEM_ABI)
        return STATUS_NO_DEVICE;
    struct mount_point *mount = heap_alloc_zeroed(1, sizeof(*mount));
    if (!mount)
        return STATUS_NO_MEMORY;
    mount->ops = module->ops;
    mount->nodes = 1;
    mount->device = next_device++;
    list_init(&mount->link);
    string_copy(mount->source, source, sizeof(mount->source));
    struct node *root;
    enum status status = mount->ops->mount(source, options, mount, &root);
    if (status != STATUS_OK) {
        heap_free(mount);
        return status;
    }
    status = entry_create_root(root, &mount->root);
    if (status != STATUS_OK) {
        if (mount->ops->unmount)
            mount->ops->unmount(mount);
        node_release(root);
        mount_release_node(mount);
        return status;
    }
    *made = mount;
    return STATUS_OK;
}

void mount_destroy(struct mount_point *mount)
{
    entries_forget(mount);
    if (mount->ops->unmount)
        mount->ops->unmount(mount);
    entry_release(mount->root);
    if (mount->covered)
        entry_release(mount->covered);
    mount->covered = nullptr;
    mount_release_node(mount);
}

enum status mount_root(const char *type, const char *options)
{
    struct mount_point *mount;
    TRY(mount_create(type, type, options, &mount));
    mutex_acquire(&mount_lock);
    list_add_tail(&mounts, &mount->link);
    mutex_release(&mount_lock);
    kernel_context.root = entry_load(&mount->root);
    kernel_context.current = entry_load(&mount->root);
    return STATUS_OK;
}

static enum status mount_at(struct entry *target, const char *source, const char *type, const char *options)
{
    if (!node_is(target->node, LINUX_S_IFDIR))
        return STATUS_NOT_DIRECTORY;
    // A root without a parent and without a cover is "/" itself: nothing above could be walked through.
    if (!target->parent && !target->node->file_system->covered)
        return STATUS_BUSY;
    struct mount_point *mount;
    TRY(mount_create(source, type, options, &mount));
    entry_retain(target);
    mount->covered = target;
    list_add_tail(&mounts, &mount->link);
    entry_cover(target, mount);
    return STATUS_OK;
}

enum status vfs_mount(struct vfs_context *context, const char *source, const char *path, const char *type, const char *options)
{
    struct entry *target;
    TRY(vfs_lookup(context, nullptr, path, true, &target));
    mutex_acquire(&mount_lock);
    enum status status = target->removed ? STATUS_NOT_FOUND : mount_at(target, source, type, options ? options : "");
    mutex_release(&mount_lock);
    entry_release(target);
    return status;
}

// The mount whose root the entry is; the mount lock is held.
static enum status mount_detach(struct entry *root, struct mount_point **detached)
{
    struct mount_point *mount = root->node->file_system;
    if (mount->root != root)
        return STATUS_BAD_ARGUMENT;
    if (!mount->covered)
        return STATUS_BUSY;
    entry_release(root); // the caller's: the mount's own reference must be the last one
    entries_forget(mount);
    enum status status = entry_uncover(mount->covered, root);
    if (status != STATUS_OK) {
        entry_retain(root);
        return status;
    }
    list_remove(&mount->link);
    *detached = mount;
    return STATUS_OK;
}

enum status vfs_unmount(struct vfs_context *context, const char *path)
{
    struct entry *root;
    TRY(vfs_lookup(context, nullptr, path, true, &root));
    struct mount_point *mount = nullptr;
    mutex_acquire(&mount_lock);
    enum status status = mount_detach(root, &mount);
    mutex_release(&mount_lock);
    if (status != STATUS_OK) {
        entry_release(root);
        return status;
    }
    mount_destroy(mount);
    return STATUS_OK;
}

enum status vfs_set_read_only(struct vfs_context *context, const char *path, bool read_only)
{
    struct entry *root;
    TRY(vfs_lookup(context, nullptr, path, true, &root));
    struct mount_point *mount = root->node->file_system;
    bool is_root = mount->root == root;
    if (is_root)
        mount->read_only = read_only;
    entry_release(root);
    return is_root ? STATUS_OK : STATUS_BAD_ARGUMENT;
}

void vfs_statistics(struct mount_point *mount, struct linux_statfs *statistics)
{
    *statistics = (struct linux_statfs){ .block_size = PAGE_SIZE, .fragment_size = PAGE_SIZE, .name_length = NAME_MAX_BYTES };
    statistics->identifier[0] = (int32_t)mount->device;
    statistics->flags = mount->read_only ? 1 : 0;
    if (mount->ops->statistics)
        mount->ops->statistics(mount, statistics);
}

void vfs_each_mount(void (*visit)(void *context, const struct mount_point *mount, const char *path), void *context)
{
    char *path = heap_alloc(PATH_MAX_BYTES);
    if (!path)
        return;
    mutex_acquire(&mount_lock);
    list_for_each(node, &mounts) {
        struct mount_point *mount = container_of(node, struct mount_point, link);
        if (vfs_path(&kernel_context, mount->root, path, PATH_MAX_BYTES) == STATUS_OK)
            visit(context, mount, path);
    }
    mutex_release(&mount_lock);
    heap_free(path);
}
