// SPDX-License-Identifier: MIT
// archive.c: "cpio": an archive in a file, mounted read-only as the tree it describes.
//
// Purpose     Many files at hand without being unpacked: they cost memory while they are used, and give it back when it is short.
// How         mount(2) names the archive as its source. Names and attributes are made at once, in a ramfs below; a file's bytes are read
//             from the archive a page at a time, when somebody reads or maps them, into its page cache.
// Invariants  The archive is not written while it is mounted: it counts as a program that runs (STATUS_TEXT_BUSY for writers).
// Locks       None of its own. Filling a page reads the archive at a position: that takes no lock that sleeps.
#include "archive.h"

#include <abi/linux/fcntl.h>
#include <lib/string.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/log.h>
#include <helix/module.h>

static const struct file_system_ops *below; // ramfs; set by the first mount

void archive_release(struct archive *archive)
{
    if (atomic_fetch_sub_explicit(&archive->references, 1, memory_order_acq_rel) != 1)
        return;
    node_run_end(archive->file->node);
    file_release(archive->file);
    heap_free(archive);
}

// ---- contents ----

static enum status archive_fill(struct page_cache *cache, uint64_t index, phys_t frame)
{
    const struct archive_file *file = container_of(cache, struct archive_file, cache);
    uint64_t at = index << PAGE_SHIFT;
    size_t wanted = (size_t)MIN(PAGE_SIZE, file->node->size - at), done = 0;
    char *bytes = direct_map(frame);
    TRY(file_read_at(file->archive->file, file->offset + at, bytes, wanted, &done));
    if (done < wanted)
        return STATUS_IO_ERROR;
    memset(bytes + wanted, 0, PAGE_SIZE - wanted);
    return STATUS_OK;
}

static const struct page_cache_ops archive_cache_ops = { .fill = archive_fill };

static enum status archive_read(struct node *node, uint64_t offset, struct io_vector *to, size_t *done)
{
    struct archive_file *file = node->data;
    return page_cache_read(&file->cache, node->size, offset, to, done);
}

static void archive_file_release(struct node *node)
{
    struct archive_file *file = node->data;
    const struct node_ops *ops = file->below;
    page_cache_destroy(&file->cache);
    archive_release(file->archive);
    heap_free(file);
    node->data = nullptr;
    ops->release(node);
}

static const struct node_ops archive_file_ops = { .read_vector = archive_read, .release = archive_file_release };

static struct archive_file *source_file(struct page_source *source)
{
    return container_of(source, struct node, source)->data;
}

static enum status source_get(struct page_source *source, uint64_t index, bool for_write, phys_t *frame)
{
    struct archive_file *file = source_file(source);
    return page_cache_get(&file->cache, index, (file->node->size + PAGE_MASK) >> PAGE_SHIFT, for_write, frame);
}

static size_t source_get_resident(struct page_source *source, uint64_t index, size_t count, phys_t *frames)
{
    return page_cache_get_resident(&source_file(source)->cache, index, count, frames);
}

static void source_retain(struct page_source *source)
{
    node_retain(container_of(source, struct node, source));
}

static void source_release(struct page_source *source)
{
    node_release(container_of(source, struct node, source));
}

static void source_describe(struct page_source *source, char *text, size_t size)
{
    vfs_node_path(container_of(source, struct node, source), text, size);
}

static const struct page_source_ops archive_source_ops = {
    .get = source_get,
    .get_resident = source_get_resident,
    .retain = source_retain,
    .release = source_release,
    .describe = source_describe,
    .identify = node_identify_source,
};

enum status archive_file_attach(struct archive *archive, struct node *node, uint64_t offset, uint64_t size)
{
    struct archive_file *file = heap_alloc(sizeof *file);
    if (!file)
        return STATUS_NO_MEMORY;
    *file = (struct archive_file){ .archive = archive, .node = node, .offset = offset, .below = node->ops };
    page_cache_init(&file->cache, &archive_cache_ops);
    atomic_fetch_add_explicit(&archive->references, 1, memory_order_relaxed);
    node->data = file;
    node->size = size;
    node->blocks = (size + 511) / 512;
    node->ops = &archive_file_ops;
    node->source.ops = &archive_source_ops;
    return STATUS_OK;
}

// ---- mounting ----

// The archive opened and kept from being written, with a reference for the mount.
static enum status archive_open(const char *path, struct archive **opened)
{
    struct archive *archive = heap_alloc_zeroed(1, sizeof *archive);
    if (!archive)
        return STATUS_NO_MEMORY;
    enum status status = vfs_open(vfs_kernel_context(), nullptr, path, LINUX_O_RDONLY, 0, &archive->file);
    if (status != STATUS_OK) {
        heap_free(archive);
        return status;
    }
    struct node *node = archive->file->node;
    status = (node->mode & LINUX_S_IFMT) == LINUX_S_IFREG ? node_run_begin(node) : STATUS_BAD_ARGUMENT;
    if (status != STATUS_OK) {
        file_release(archive->file);
        heap_free(archive);
        return status;
    }
    archive->size = node->size;
    atomic_store(&archive->references, 1);
    *opened = archive;
    return STATUS_OK;
}

static enum status tree_mount(struct archive *archive, const char *source, struct mount_point *mount, struct node **root)
{
    TRY(below->mount(source, "", mount, root));
    enum status status = archive_make_tree(archive, *root);
    if (status == STATUS_OK) {
        mount->upper = archive;
        return STATUS_OK;
    }
    below->unmount(mount);
    node_release(*root);
    below->release(mount);
    return status;
}

static enum status archive_mount(const char *source, const char *options, struct mount_point *mount, struct node **root)
{
    const struct module *module = module_find("file_system", "ramfs");
    if (!module || module->abi != FILE_SYSTEM_ABI)
        return STATUS_DEPENDENCY_MISSING;
    below = module->ops;
    struct archive *archive;
    TRY(archive_open(source, &archive));
    enum status status = tree_mount(archive, source, mount, root);
    if (status != STATUS_OK) {
        archive_release(archive);
        return status;
    }
    mount->read_only = true;
    return STATUS_OK;
}

static void archive_unmount(struct mount_point *mount)
{
    struct archive *archive = mount->upper;
    below->unmount(mount);
    archive_release(archive);
}

static void archive_statistics(struct mount_point *mount, struct linux_statfs *statistics)
{
    below->statistics(mount, statistics);
    const struct archive *archive = mount->upper;
    statistics->blocks = (archive->size + PAGE_MASK) >> PAGE_SHIFT;
    statistics->free = statistics->available = statistics->free_files = 0;
}

static void archive_release_mount(struct mount_point *mount)
{
    below->release(mount);
}

static const struct file_system_ops archive_ops = {
    .name = "cpio",
    .mount = archive_mount,
    .unmount = archive_unmount,
    .statistics = archive_statistics,
    .release = archive_release_mount,
};

MODULE(cpio, .version = "0.1.0", .description = "Archives as read-only trees", .provides = "file_system", .abi = FILE_SYSTEM_ABI,
       .ops = &archive_ops);
