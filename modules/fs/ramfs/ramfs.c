// SPDX-License-Identifier: MIT
// ramfs.c: files in memory: the mount, and nodes of every kind.
//
// Purpose     The writable root of every image, and tmpfs.
// How         A directory is a tree of names (directory.c), a file a radix tree of frames (pages.c) which programs map directly.
//             A node lives through its names: each holds a reference; an entry, an open file and a mapping hold theirs.
// Invariants  `used` counts exactly the frames that files hold; it is back to its old value once what was written is removed.
// Locks       A directory's names: the node's lock, which the vfs holds. A file's pages: a spinlock of their own.
#include "ramfs.h"

#include <lib/string.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/module.h>

static enum status ramfs_read_link(struct node *node, char *target, size_t size)
{
    return string_copy(target, ramfs_node(node)->target, size) ? STATUS_OK : STATUS_TOO_LONG;
}

static void ramfs_release_plain(struct node *node)
{
    struct ramfs_node *own = ramfs_node(node);
    struct ramfs *ramfs = node->file_system->data;
    if ((node->mode & LINUX_S_IFMT) == LINUX_S_IFLNK)
        heap_free(own->target);
    atomic_fetch_sub_explicit(&ramfs->files, 1, memory_order_relaxed);
    heap_free(own);
}

static const struct node_ops ramfs_link_ops = { .read_link = ramfs_read_link, .release = ramfs_release_plain };
static const struct node_ops ramfs_special_ops = { .release = ramfs_release_plain };

static const struct node_ops *ramfs_ops_for(uint32_t mode)
{
    switch (mode & LINUX_S_IFMT) {
    case LINUX_S_IFDIR:
        return &ramfs_directory_ops;
    case LINUX_S_IFREG:
        return &ramfs_file_ops;
    case LINUX_S_IFLNK:
        return &ramfs_link_ops;
    default:
        return &ramfs_special_ops;
    }
}

bool ramfs_memory_left(uint64_t taken)
{
    return taken % 16 != 0 || frames_pressure() < PRESSURE_CRITICAL;
}

enum status ramfs_node_create(struct mount_point *mount, uint32_t mode, struct ramfs_node **made)
{
    struct ramfs *ramfs = mount->data;
    if (UNLIKELY(!ramfs_memory_left(atomic_load_explicit(&ramfs->files, memory_order_relaxed))))
        return STATUS_NO_SPACE;
    struct ramfs_node *own = heap_alloc_zeroed(1, sizeof(*own));
    if (!own)
        return STATUS_NO_SPACE;
    node_init(&own->node, mount, ramfs_ops_for(mode), mode);
    if ((mode & LINUX_S_IFMT) == LINUX_S_IFREG) {
        pages_init(&own->pages);
        own->node.source.ops = &ramfs_page_source_ops;
    }
    if ((mode & LINUX_S_IFMT) == LINUX_S_IFDIR)
        own->node.links = 2;
    atomic_fetch_add_explicit(&ramfs->files, 1, memory_order_relaxed);
    *made = own;
    return STATUS_OK;
}

// ---- mount options: size=N[kmg%], mode=OCTAL, comma-separated; others are accepted where Linux's tmpfs knows them ----

static bool option_value(const char *options, const char *key, const char **value)
{
    for (const char *at = options; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (string_starts(at, key)) {
            *value = at + strlen(key);
            return true;
        }
    }
    return false;
}

static uint64_t parse_digits(const char **text, uint32_t base)
{
    uint64_t value = 0;
    while (**text >= '0' && **text < (char)('0' + base) && value < UINT64_MAX / 16)
        value = value * base + (uint64_t)(*(*text)++ - '0');
    return value;
}

// In frames.
static enum status parse_size(const char *text, uint64_t total_frames, uint64_t *frames)
{
    uint64_t value = parse_digits(&text, 10), unit = 1;
    if (*text == '%') {
        *frames = MIN(value, 100) * total_frames / 100;
        return text[1] == '\0' || text[1] == ',' ? STATUS_OK : STATUS_BAD_ARGUMENT;
    }
    if (*text == 'k' || *text == 'K')
        unit = KIB;
    else if (*text == 'm' || *text == 'M')
        unit = MIB;
    else if (*text == 'g' || *text == 'G')
        unit = GIB;
    text += unit != 1;
    if ((*text != '\0' && *text != ',') || value > INT64_MAX / unit)
        return STATUS_BAD_ARGUMENT;
    *frames = value == 0 ? UINT64_MAX : (value * unit + PAGE_MASK) >> PAGE_SHIFT;
    return STATUS_OK;
}

uint64_t ramfs_limit(const struct ramfs *ramfs)
{
    uint64_t total, free;
    frames_count(&total, &free);
    return MIN(ramfs->limit, total);
}

static enum status ramfs_mount_limited(const char *options, uint32_t percent, uint32_t mode, struct mount_point *mount, struct node **root)
{
    struct frame_statistics memory;
    frames_statistics(&memory);
    uint64_t limit = memory.total * percent / 100;
    const char *value;
    if (option_value(options, "size=", &value))
        TRY(parse_size(value, memory.total, &limit));
    if (option_value(options, "mode=", &value))
        mode = (uint32_t)parse_digits(&value, 8) & 07777;
    struct ramfs *ramfs = heap_alloc_zeroed(1, sizeof(*ramfs));
    if (!ramfs)
        return STATUS_NO_MEMORY;
    ramfs->limit = limit < memory.total ? limit : UINT64_MAX;
    mount->data = ramfs;
    struct ramfs_node *made;
    enum status status = ramfs_node_create(mount, LINUX_S_IFDIR | mode, &made);
    if (status != STATUS_OK) {
        heap_free(ramfs);
        return status;
    }
    *root = ramfs->root = &made->node;
    return STATUS_OK;
}

static enum status ramfs_mount(const char *source, const char *options, struct mount_point *mount, struct node **root)
{
    return ramfs_mount_limited(options, 100, 0755, mount, root);
}

static enum status tmpfs_mount(const char *source, const char *options, struct mount_point *mount, struct node **root)
{
    return ramfs_mount_limited(options, 50, 01777, mount, root);
}

static void ramfs_unmount(struct mount_point *mount)
{
    struct ramfs *ramfs = mount->data;
    ramfs_directory_clear(ramfs_node(ramfs->root));
}

static void ramfs_release(struct mount_point *mount)
{
    heap_free(mount->data);
}

static void ramfs_statistics(struct mount_point *mount, struct linux_statfs *statistics)
{
    struct ramfs *ramfs = mount->data;
    struct frame_statistics memory;
    frames_statistics(&memory);
    uint64_t used = atomic_load_explicit(&ramfs->used, memory_order_relaxed), limit = ramfs_limit(ramfs);
    statistics->type = 0x01021994;
    statistics->blocks = limit;
    statistics->free = MIN(limit > used ? limit - used : 0, memory.free);
    statistics->available = statistics->free;
    uint64_t files = atomic_load_explicit(&ramfs->files, memory_order_relaxed);
    statistics->free_files = memory.free * (PAGE_SIZE / 512);
    statistics->files = files + statistics->free_files;
}

static const struct file_system_ops ramfs_ops = {
    .name = "ramfs",
    .mount = ramfs_mount,
    .unmount = ramfs_unmount,
    .statistics = ramfs_statistics,
    .release = ramfs_release,
};

static const struct file_system_ops tmpfs_ops = {
    .name = "tmpfs",
    .mount = tmpfs_mount,
    .unmount = ramfs_unmount,
    .statistics = ramfs_statistics,
    .release = ramfs_release,
};

MODULE(ramfs, .version = "0.1.0", .description = "Files in memory", .provides = "file_system", .abi = FILE_SYSTEM_ABI, .ops = &ramfs_ops);
MODULE(tmpfs, .version = "0.1.0", .description = "Files in memory, at most half of it", .provides = "file_system", .abi = FILE_SYSTEM_ABI,
       .ops = &tmpfs_ops);
