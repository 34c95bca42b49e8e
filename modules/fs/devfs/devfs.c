// SPDX-License-Identifier: MIT
// devfs.c: /dev: "devfs", also called "devtmpfs".
//
// Purpose     Every registered device has a name in /dev, at once and without a program that makes it.
// How         The tree is a tmpfs, so that programs can add links, directories and nodes of their own. The root directory's lookup and
//             listing first make nodes for devices registered since the last time.
// Invariants  A device appears once: a name that a program removed stays removed.
// Locks       The root node's, which the vfs holds round lookup and listing.
// Not here    What opening a device does (kernel/fs by device number), where files are kept (the tmpfs module).
#include <abi/linux/stat.h>
#include <lib/string.h>

#include <helix/module.h>
#include <helix/vfs.h>

static const struct file_system_ops *below; // tmpfs; set by the first mount
static const struct node_ops *below_root;
static struct node_ops root_ops; // below_root with this module's lookup and listing

struct refresh {
    struct node *root;
    uintptr_t index, seen;
};

static enum status make(struct node *directory, const char *name, uint32_t mode, uint64_t device)
{
    struct node *made;
    TRY(below_root->create(directory, name, strlen(name), mode, device, &made));
    node_release(made);
    return STATUS_OK;
}

// No memory for one: it is tried again at the next lookup, with those behind it.
static void show_device(void *context, const struct device_file *device)
{
    struct refresh *refresh = context;
    if (refresh->index++ != refresh->seen)
        return;
    enum status status = make(refresh->root, device->name, LINUX_S_IFCHR | device->mode, device->number);
    if (status == STATUS_OK || status == STATUS_EXISTS)
        refresh->seen++;
}

// The root's `data` is free for its user: the number of devices that have been shown.
static void refresh_devices(struct node *root)
{
    struct refresh refresh = { .root = root, .seen = (uintptr_t)root->data };
    device_file_each(show_device, &refresh);
    root->data = (void *)refresh.seen;
}

static enum status devfs_lookup(struct node *directory, const char *name, size_t length, struct node **found)
{
    refresh_devices(directory);
    return below_root->lookup(directory, name, length, found);
}

static enum status devfs_read_directory(struct node *directory, uint64_t *position,
                                        bool (*add)(void *context, const char *name, size_t length, uint64_t number, uint32_t mode,
                                                    uint64_t next),
                                        void *context)
{
    refresh_devices(directory);
    return below_root->read_directory(directory, position, add, context);
}

static enum status make_links(struct node *root)
{
    static const struct {
        const char *name, *target;
    } links[] = {
        { "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" }
    };
    for (size_t i = 0; i < ARRAY_LENGTH(links); i++) {
        struct node *made;
        TRY(below_root->symlink(root, links[i].name, strlen(links[i].name), links[i].target, &made));
        node_release(made);
    }
    return make(root, "shm", LINUX_S_IFDIR | LINUX_S_ISVTX | 0777, 0); // shm_open
}

static enum status devfs_mount(const char *source, const char *options, struct mount_point *mount, struct node **root)
{
    const struct module *module = module_find("file_system", "tmpfs");
    if (!module || module->abi != FILE_SYSTEM_ABI)
        return STATUS_DEPENDENCY_MISSING;
    below = module->ops;
    struct node *made;
    TRY(below->mount(source, options, mount, &made));
    below_root = made->ops;
    root_ops = *made->ops;
    root_ops.lookup = devfs_lookup;
    root_ops.read_directory = devfs_read_directory;
    made->ops = &root_ops;
    made->mode = LINUX_S_IFDIR | 0755;
    mutex_acquire(&made->lock);
    enum status status = make_links(made);
    if (status == STATUS_OK)
        refresh_devices(made);
    mutex_release(&made->lock);
    *root = made; // a link that found no memory is missing, and no more
    return STATUS_OK;
}

static void devfs_unmount(struct mount_point *mount)
{
    if (below->unmount)
        below->unmount(mount);
}

static void devfs_statistics(struct mount_point *mount, struct linux_statfs *statistics)
{
    if (below->statistics)
        below->statistics(mount, statistics);
}

static void devfs_release(struct mount_point *mount)
{
    if (below->release)
        below->release(mount);
}

static const struct file_system_ops devfs_ops = {
    .name = "devfs",
    .mount = devfs_mount,
    .unmount = devfs_unmount,
    .statistics = devfs_statistics,
    .release = devfs_release,
};

static const struct file_system_ops devtmpfs_ops = {
    .name = "devtmpfs",
    .mount = devfs_mount,
    .unmount = devfs_unmount,
    .statistics = devfs_statistics,
    .release = devfs_release,
};

MODULE(devfs, .version = "0.1.0", .description = "The devices of the machine as files", .provides = "file_system", .abi = FILE_SYSTEM_ABI,
       .ops = &devfs_ops);
MODULE(devtmpfs, .version = "0.1.0", .description = "devfs by the name Linux has for it", .provides = "file_system", .abi = FILE_SYSTEM_ABI,
       .ops = &devtmpfs_ops);
