// SPDX-License-Identifier: MIT
// tree.c: makes the names that an archive has, reading its headers through a window.
//
// The archive may be hostile: what its header says is checked by the reader (helix/cpio.h), which gets so many bytes that a header and the
// longest name lie in them. Directories it does not name are made as they are needed.
#include "archive.h"

#include <lib/string.h>

#include <helix/cpio.h>
#include <helix/heap.h>

enum { WINDOW = 8192, DIRECTORY_MODE = LINUX_S_IFDIR | 0755 };

// A file with several names that has been made.
struct linked {
    struct linked *next;
    uint64_t device;
    uint32_t number;
    struct node *node; // a reference
};

struct maker {
    struct archive *archive;
    struct node *root;
    struct linked *linked;
    uint64_t at;   // in the archive: where the window begins
    uint64_t data; // in the archive: where the member's bytes begin
    struct cpio_reader reader;
    struct cpio_member member;
    uint8_t window[WINDOW];
};

// ---- reading ----

static enum status window_load(struct maker *maker)
{
    size_t got = 0;
    TRY(file_read_at(maker->archive->file, maker->at, maker->window, WINDOW, &got));
    uint64_t left = maker->archive->size - maker->at;
    if (got < MIN((uint64_t)WINDOW, left))
        return STATUS_IO_ERROR;
    got = (size_t)MIN((uint64_t)got, left);
    cpio_open(&maker->reader, maker->window, got);
    maker->reader.beyond = (size_t)(left - got);
    return STATUS_OK;
}

// The next member. STATUS_NOT_FOUND: there is none.
static enum status maker_next(struct maker *maker)
{
    while (maker->at < maker->archive->size) {
        TRY(window_load(maker));
        enum status status = cpio_next(&maker->reader, &maker->member);
        uint64_t before = maker->at;
        maker->at += maker->reader.at;
        if (status == STATUS_OK) {
            maker->data = before + (uint64_t)((const uint8_t *)maker->member.data - maker->window);
            return STATUS_OK;
        }
        if (maker->at == before) // else it came to the window's end behind a trailer, and goes on from there
            return STATUS_BAD_ARGUMENT;
    }
    return STATUS_NOT_FOUND;
}

// ---- making ----

// The directory of that name in `directory`, made if it is not there. With a reference; that of `directory` goes.
static enum status directory_enter(struct node *directory, const char *name, size_t length, struct node **entered)
{
    mutex_acquire(&directory->lock);
    enum status status = directory->ops->lookup(directory, name, length, entered);
    if (status == STATUS_NOT_FOUND)
        status = directory->ops->create(directory, name, length, DIRECTORY_MODE, 0, entered);
    mutex_release(&directory->lock);
    node_release(directory);
    if (status == STATUS_OK && ((*entered)->mode & LINUX_S_IFMT) != LINUX_S_IFDIR) {
        node_release(*entered);
        return STATUS_BAD_ARGUMENT;
    }
    return status;
}

// The directory that the member stands in, with a reference, and the name it has there.
static enum status member_directory(struct maker *maker, struct node **directory, const char **name)
{
    node_retain(maker->root);
    *directory = maker->root;
    *name = maker->member.path;
    for (const char *slash; (slash = strchr(*name, '/')); *name = slash + 1) {
        if (slash - *name > NAME_MAX_BYTES) {
            node_release(*directory);
            return STATUS_BAD_ARGUMENT;
        }
        TRY(directory_enter(*directory, *name, (size_t)(slash - *name), directory));
    }
    if (strlen(*name) <= NAME_MAX_BYTES)
        return STATUS_OK;
    node_release(*directory);
    return STATUS_BAD_ARGUMENT;
}

static enum status link_make(struct maker *maker, struct node *directory, const char *name, struct node **made)
{
    const struct cpio_member *member = &maker->member;
    if (member->size >= PATH_MAX_BYTES)
        return STATUS_BAD_ARGUMENT;
    char *target = heap_alloc_zeroed(1, member->size + 1);
    if (!target)
        return STATUS_NO_MEMORY;
    size_t done = 0;
    enum status status = file_read_at(maker->archive->file, maker->data, target, member->size, &done);
    if (status == STATUS_OK)
        status = done == member->size ? directory->ops->symlink(directory, name, strlen(name), target, made) : STATUS_IO_ERROR;
    heap_free(target);
    return status;
}

// In the directory, whose lock is held. A name that is there already is a mistake of the archive, except for a directory's.
static enum status member_create(struct maker *maker, struct node *directory, const char *name, struct node **made)
{
    const struct cpio_member *member = &maker->member;
    uint32_t type = member->mode & LINUX_S_IFMT;
    enum status status = directory->ops->lookup(directory, name, strlen(name), made);
    if (status == STATUS_OK) {
        if (type == LINUX_S_IFDIR && ((*made)->mode & LINUX_S_IFMT) == LINUX_S_IFDIR)
            return STATUS_OK;
        node_release(*made);
        return STATUS_BAD_ARGUMENT;
    }
    if (status != STATUS_NOT_FOUND)
        return status;
    if (type == LINUX_S_IFLNK)
        return link_make(maker, directory, name, made);
    uint64_t device = LINUX_DEVICE(member->special_major, member->special_minor);
    return directory->ops->create(directory, name, strlen(name), member->mode, device, made);
}

static void member_attributes(const struct cpio_member *member, struct node *node)
{
    node->user = member->user;
    node->group = member->group;
    if ((node->mode & LINUX_S_IFMT) != LINUX_S_IFLNK)
        node->mode = (node->mode & LINUX_S_IFMT) | (member->mode & 07777);
    node->modified_ns = node->accessed_ns = member->modified_s * NS_PER_S;
}

// ---- files with several names: their bytes stand with one of them, mostly the last ----

static struct linked *linked_find(const struct maker *maker, uint64_t device)
{
    struct linked *at = maker->linked;
    while (at && (at->device != device || at->number != maker->member.number))
        at = at->next;
    return at;
}

static enum status linked_remember(struct maker *maker, uint64_t device, struct node *node)
{
    struct linked *linked = heap_alloc(sizeof *linked);
    if (!linked)
        return STATUS_NO_MEMORY;
    node_retain(node);
    *linked = (struct linked){ .next = maker->linked, .device = device, .number = maker->member.number, .node = node };
    maker->linked = linked;
    return STATUS_OK;
}

static void linked_forget(struct maker *maker)
{
    while (maker->linked) {
        struct linked *first = maker->linked;
        maker->linked = first->next;
        node_release(first->node);
        heap_free(first);
    }
}

static enum status linked_add(struct maker *maker, const struct linked *linked, struct node *directory, const char *name)
{
    TRY(directory->ops->link(directory, name, strlen(name), linked->node));
    struct archive_file *file = linked->node->data;
    if (maker->member.size) { // nobody has read it yet
        file->offset = maker->data;
        linked->node->size = maker->member.size;
        linked->node->blocks = (maker->member.size + 511) / 512;
    }
    return STATUS_OK;
}

// ---- members ----

static enum status member_make_in(struct maker *maker, struct node *directory, const char *name)
{
    const struct cpio_member *member = &maker->member;
    uint64_t device = (uint64_t)member->device_major << 32 | member->device_minor;
    bool regular = (member->mode & LINUX_S_IFMT) == LINUX_S_IFREG, shared = regular && member->links > 1;
    const struct linked *linked = shared ? linked_find(maker, device) : nullptr;
    if (linked)
        return linked_add(maker, linked, directory, name);
    struct node *made;
    TRY(member_create(maker, directory, name, &made));
    enum status status = regular ? archive_file_attach(maker->archive, made, maker->data, member->size) : STATUS_OK;
    member_attributes(member, made);
    if (status == STATUS_OK && shared)
        status = linked_remember(maker, device, made);
    node_release(made);
    return status;
}

static enum status member_make(struct maker *maker)
{
    struct node *directory;
    const char *name;
    if (!maker->member.path[0]) {
        member_attributes(&maker->member, maker->root);
        return STATUS_OK;
    }
    TRY(member_directory(maker, &directory, &name));
    mutex_acquire(&directory->lock);
    enum status status = member_make_in(maker, directory, name);
    mutex_release(&directory->lock);
    node_release(directory);
    return status;
}

enum status archive_make_tree(struct archive *archive, struct node *root)
{
    struct maker *maker = heap_alloc(sizeof *maker);
    if (!maker)
        return STATUS_NO_MEMORY;
    maker->archive = archive;
    maker->root = root;
    maker->linked = nullptr;
    maker->at = 0;
    enum status status;
    do {
        status = maker_next(maker);
        if (status == STATUS_OK)
            status = member_make(maker);
    } while (status == STATUS_OK);
    linked_forget(maker);
    heap_free(maker);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
