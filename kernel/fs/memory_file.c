// SPDX-License-Identifier: MIT
// memory_file.c: files without a name (memfd_create): in a tmpfs of their own that is mounted nowhere.
#include "fs.h"

#include <lib/format.h>
#include <lib/string.h>

#include <arch/linux.h>

// [const] once set; made with the first file, and stays.
static struct mount_point *memory_mount;
static struct mutex mount_lock = MUTEX(mount_lock, RANK_MOUNT);

static enum status mount_get(struct mount_point **mount)
{
    mutex_acquire(&mount_lock);
    enum status status = memory_mount ? STATUS_OK : mount_create("memory", "tmpfs", "mode=700", &memory_mount);
    *mount = memory_mount;
    mutex_release(&mount_lock);
    return status;
}

// A file that was removed as soon as it was made, with a reference.
static enum status node_make(struct node *directory, struct node **made)
{
    static const char name[] = "file";
    mutex_acquire(&directory->lock);
    enum status status = directory->ops->create(directory, name, sizeof name - 1, LINUX_S_IFREG | 0777, 0, made);
    if (status == STATUS_OK) {
        node_set_owner_of_new(directory, *made);
        status = directory->ops->unlink(directory, name, sizeof name - 1, *made);
        if (status != STATUS_OK)
            node_release(*made);
    }
    mutex_release(&directory->lock);
    return status;
}

enum status vfs_memory_file(const char *name, struct open_file **file)
{
    char shown[NAME_MAX_BYTES + 1];
    struct mount_point *mount;
    struct node *node;
    struct entry *entry;
    size_t length = format_text(shown, sizeof shown, "memfd:%s", name);
    if (length >= sizeof shown)
        return STATUS_BAD_ARGUMENT;
    TRY(mount_get(&mount));
    TRY(node_make(mount->root->node, &node));
    enum status status = entry_create_removed(mount->root, shown, length, node, &entry);
    if (status != STATUS_OK) {
        node_release(node);
        return status;
    }
    status = file_open_entry(entry, LINUX_O_RDWR | LINUX_O_LARGEFILE, file);
    if (status != STATUS_OK)
        entry_release(entry);
    return status;
}
