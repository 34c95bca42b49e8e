// SPDX-License-Identifier: MIT
// directory.c: directories of ramfs: names in a balanced tree, by hash and then by spelling.
//
// The position of a name in read_directory is its hash: it does not move when other names come and go, so that removing while
// reading misses nothing. Two names of one hash share a position and are then handed over in one call or read twice.
#include "ramfs.h"

#include <lib/hash.h>
#include <lib/string.h>

#include <helix/heap.h>

struct ramfs_name {
    struct tree_node link;
    uint64_t hash;           // 0 … 2^62 − 1
    struct ramfs_node *node; // a reference
    uint8_t length;
    char text[]; // not terminated
};

static uint64_t name_hash(const char *name, size_t length)
{
    return hash_bytes(name, length) >> 2;
}

static int name_order(const struct ramfs_name *name, uint64_t hash, const char *text, size_t length)
{
    if (name->hash != hash)
        return name->hash < hash ? -1 : 1;
    if (name->length != length)
        return name->length < length ? -1 : 1;
    return memcmp(name->text, text, length);
}

static int name_compare(const struct tree_node *a, const struct tree_node *b)
{
    const struct ramfs_name *other = container_of(b, struct ramfs_name, link);
    return name_order(container_of(a, struct ramfs_name, link), other->hash, other->text, other->length);
}

static struct ramfs_name *name_find(struct ramfs_node *directory, const char *text, size_t length)
{
    uint64_t hash = name_hash(text, length);
    struct tree_node *at = directory->directory.names.root;
    while (at) {
        struct ramfs_name *name = container_of(at, struct ramfs_name, link);
        int order = name_order(name, hash, text, length);
        if (order == 0)
            return name;
        at = order < 0 ? at->right : at->left;
    }
    return nullptr;
}

// First name whose hash is at least that.
static struct ramfs_name *name_from(struct ramfs_node *directory, uint64_t hash)
{
    struct ramfs_name *found = nullptr;
    struct tree_node *at = directory->directory.names.root;
    while (at) {
        struct ramfs_name *name = container_of(at, struct ramfs_name, link);
        if (name->hash >= hash)
            found = name;
        at = name->hash >= hash ? at->left : at->right;
    }
    return found;
}

static struct ramfs_name *name_create(const char *text, size_t length)
{
    struct ramfs_name *name = heap_alloc(sizeof(*name) + length);
    if (!name)
        return nullptr;
    *name = (struct ramfs_name){ .hash = name_hash(text, length), .length = (uint8_t)length };
    memcpy(name->text, text, length);
    return name;
}

// Puts the name in; it takes a reference on the node.
static void name_insert(struct ramfs_node *directory, struct ramfs_name *name, struct ramfs_node *node)
{
    node_retain(&node->node);
    name->node = node;
    tree_insert(&directory->directory.names, &name->link, name_compare);
    directory->node.size++;
}

static void name_remove(struct ramfs_node *directory, struct ramfs_name *name)
{
    tree_remove(&directory->directory.names, &name->link);
    directory->node.size--;
    node_release(&name->node->node);
    heap_free(name);
}

static enum status directory_lookup(struct node *directory, const char *text, size_t length, struct node **found)
{
    struct ramfs_name *name = name_find(ramfs_node(directory), text, length);
    if (!name)
        return STATUS_NOT_FOUND;
    node_retain(&name->node->node);
    *found = &name->node->node;
    return STATUS_OK;
}

// A removed directory takes no more names.
static enum status directory_check_alive(const struct node *directory)
{
    return directory->links == 0 ? STATUS_NOT_FOUND : STATUS_OK;
}

static enum status directory_add(struct node *directory, const char *text, size_t length, uint32_t mode, struct ramfs_node **made)
{
    TRY(directory_check_alive(directory));
    struct ramfs_name *name = name_create(text, length);
    if (!name)
        return STATUS_NO_SPACE;
    enum status status = ramfs_node_create(directory->file_system, mode, made);
    if (status != STATUS_OK) {
        heap_free(name);
        return status;
    }
    name_insert(ramfs_node(directory), name, *made);
    if ((mode & LINUX_S_IFMT) == LINUX_S_IFDIR)
        directory->links++;
    return STATUS_OK;
}

static enum status directory_create(struct node *directory, const char *text, size_t length, uint32_t mode, uint64_t device,
                                    struct node **made)
{
    struct ramfs_node *own;
    TRY(directory_add(directory, text, length, mode, &own));
    own->node.device = device;
    *made = &own->node;
    return STATUS_OK;
}

static enum status directory_symlink(struct node *directory, const char *text, size_t length, const char *target, struct node **made)
{
    char *copy = heap_copy_string(target);
    if (!copy)
        return STATUS_NO_SPACE;
    struct ramfs_node *own;
    enum status status = directory_add(directory, text, length, LINUX_S_IFLNK | 0777, &own);
    if (status != STATUS_OK) {
        heap_free(copy);
        return status;
    }
    own->target = copy;
    own->node.size = strlen(copy);
    *made = &own->node;
    return STATUS_OK;
}

static enum status directory_link(struct node *directory, const char *text, size_t length, struct node *target)
{
    TRY(directory_check_alive(directory));
    struct ramfs_name *name = name_create(text, length);
    if (!name)
        return STATUS_NO_SPACE;
    name_insert(ramfs_node(directory), name, ramfs_node(target));
    target->links++;
    return STATUS_OK;
}

static bool node_is_directory(const struct node *node)
{
    return (node->mode & LINUX_S_IFMT) == LINUX_S_IFDIR;
}

// What a node loses with one of its names; the name itself stays to be removed.
static enum status directory_drop_link(struct node *directory, struct node *target)
{
    if (!node_is_directory(target)) {
        target->links--;
        return STATUS_OK;
    }
    if (ramfs_node(target)->directory.names.root)
        return STATUS_NOT_EMPTY;
    target->links = 0;
    directory->links--;
    return STATUS_OK;
}

static enum status directory_unlink(struct node *directory, const char *text, size_t length, struct node *target)
{
    struct ramfs_name *name = name_find(ramfs_node(directory), text, length);
    if (!name || &name->node->node != target)
        return STATUS_NOT_FOUND;
    TRY(directory_drop_link(directory, target));
    name_remove(ramfs_node(directory), name);
    return STATUS_OK;
}

static enum status directory_rename(struct node *from_directory, const char *from, size_t from_length, struct node *to_directory,
                                    const char *to, size_t to_length, struct node *moved, struct node *replaced)
{
    TRY(directory_check_alive(to_directory));
    struct ramfs_name *old = name_find(ramfs_node(from_directory), from, from_length);
    struct ramfs_name *over = name_find(ramfs_node(to_directory), to, to_length);
    if (!old || &old->node->node != moved || (over ? &over->node->node : nullptr) != replaced)
        return STATUS_NOT_FOUND;
    struct ramfs_name *name = name_create(to, to_length);
    if (!name)
        return STATUS_NO_SPACE;
    if (over) {
        enum status status = directory_drop_link(to_directory, replaced);
        if (status != STATUS_OK) {
            heap_free(name);
            return status;
        }
        name_remove(ramfs_node(to_directory), over);
    }
    name_insert(ramfs_node(to_directory), name, old->node);
    name_remove(ramfs_node(from_directory), old);
    if (node_is_directory(moved) && from_directory != to_directory) {
        from_directory->links--;
        to_directory->links++;
    }
    return STATUS_OK;
}

static enum status
directory_read(struct node *directory, uint64_t *position,
               bool (*add)(void *context, const char *name, size_t length, uint64_t number, uint32_t mode, uint64_t next), void *context)
{
    struct ramfs_name *name = name_from(ramfs_node(directory), *position);
    while (name) {
        const struct node *node = &name->node->node;
        *position = name->hash;
        if (!add(context, name->text, name->length, node->number, node->mode, name->hash + 1))
            return STATUS_OK;
        *position = name->hash + 1;
        struct tree_node *next = tree_next(&name->link);
        name = next ? container_of(next, struct ramfs_name, link) : nullptr;
    }
    return STATUS_OK;
}

void ramfs_directory_clear(struct ramfs_node *directory)
{
    // Depth costs no stack: a subdirectory's names are moved up into this tree before it is let go.
    struct tree_node *first;
    while ((first = tree_first(&directory->directory.names))) {
        struct ramfs_name *name = container_of(first, struct ramfs_name, link);
        if (node_is_directory(&name->node->node)) {
            struct tree_node *inner;
            while ((inner = tree_first(&name->node->directory.names))) {
                tree_remove(&name->node->directory.names, inner);
                tree_insert(&directory->directory.names, inner, name_compare);
            }
        }
        name_remove(directory, name);
    }
}

static void directory_release(struct node *directory)
{
    struct ramfs *ramfs = directory->file_system->data;
    atomic_fetch_sub_explicit(&ramfs->files, 1, memory_order_relaxed);
    heap_free(ramfs_node(directory));
}

const struct node_ops ramfs_directory_ops = {
    .lookup = directory_lookup,
    .create = directory_create,
    .symlink = directory_symlink,
    .link = directory_link,
    .unlink = directory_unlink,
    .rename = directory_rename,
    .read_directory = directory_read,
    .release = directory_release,
};
