// SPDX-License-Identifier: MIT
// entry.c: the cached tree of names: which entries are in use, found by parent and name.
//
// An entry holds its parent and its node. One lock guards the hash table, the names, the parents and what covers what; it is held for
// a few instructions, never across a call into a file system. The lock of a directory's node is taken before it, and held from the
// question to the file system until the answer stands in the table, so that a name in use has one entry only.
#include "fs.h"

#include <lib/format.h>
#include <lib/hash.h>
#include <lib/string.h>

#include <helix/heap.h>
#include <helix/panic.h>
#include <helix/spinlock.h>

enum { ENTRY_BUCKETS = 512 };

static struct spinlock entry_lock = SPINLOCK(RANK_ENTRIES);
static struct entry *entry_buckets[ENTRY_BUCKETS];

static uint32_t entry_hash(const struct entry *directory, const char *name, size_t length)
{
    return (uint32_t)(hash_number(hash_bytes(name, length) ^ (uint64_t)(uintptr_t)directory) >> 32);
}

static void entry_hash_insert(struct entry *entry)
{
    struct entry **bucket = &entry_buckets[entry->hash % ENTRY_BUCKETS];
    entry->hash_next = *bucket;
    *bucket = entry;
    entry->hashed = true;
}

static void entry_hash_remove(struct entry *entry)
{
    if (!entry->hashed)
        return;
    struct entry **at = &entry_buckets[entry->hash % ENTRY_BUCKETS];
    while (*at != entry)
        at = &(*at)->hash_next;
    *at = entry->hash_next;
    entry->hashed = false;
}

// With a reference, nullptr: not in use.
static struct entry *entry_find(const struct entry *directory, uint32_t hash, const char *name, size_t length)
{
    spinlock_acquire(&entry_lock);
    struct entry *entry = entry_buckets[hash % ENTRY_BUCKETS];
    while (entry &&
           !(entry->hash == hash && entry->parent == directory && entry->length == length && memcmp(entry->name, name, length) == 0))
        entry = entry->hash_next;
    if (entry)
        atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
    spinlock_release(&entry_lock);
    return entry;
}

void entry_retain(struct entry *entry)
{
    atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
}

// Gives one reference back; true when it was the last and the entry is out of the table.
static bool entry_let_go(struct entry *entry)
{
    uint32_t seen = atomic_load_explicit(&entry->references, memory_order_relaxed);
    while (seen > 1) {
        if (atomic_compare_exchange_weak_explicit(&entry->references, &seen, seen - 1, memory_order_acq_rel, memory_order_relaxed))
            return false;
    }
    spinlock_acquire(&entry_lock);
    bool last = atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) == 1;
    if (last) {
        entry_hash_remove(entry);
        if (entry->node->name == entry)
            entry->node->name = nullptr;
    }
    spinlock_release(&entry_lock);
    return last;
}

void entry_release(struct entry *entry)
{
    while (entry && entry_let_go(entry)) {
        struct entry *parent = entry->parent;
        node_release(entry->node);
        if (entry->name != entry->own_name)
            heap_free(entry->name);
        heap_free(entry);
        entry = parent;
    }
}

struct node *entry_node(struct entry *entry)
{
    return entry->node;
}

// An entry outside the table. Takes the node's reference on success.
static enum status entry_create(const char *name, size_t length, struct node *node, struct entry **made)
{
    struct entry *entry = heap_alloc(sizeof(*entry));
    if (!entry)
        return STATUS_NO_MEMORY;
    *entry = (struct entry){ .node = node, .references = 1, .length = (uint8_t)length, .name = entry->own_name };
    if (length > sizeof(entry->own_name))
        entry->name = heap_alloc(length);
    if (!entry->name) {
        heap_free(entry);
        return STATUS_NO_MEMORY;
    }
    memcpy(entry->name, name, length);
    *made = entry;
    return STATUS_OK;
}

enum status entry_create_root(struct node *node, struct entry **entry)
{
    return entry_create("", 0, node, entry);
}

enum status entry_add(struct entry *directory, const char *name, size_t length, struct node *node, struct entry **child)
{
    struct entry *entry;
    enum status status = entry_create(name, length, node, &entry);
    if (status != STATUS_OK) {
        node_release(node);
        return status;
    }
    entry_retain(directory);
    entry->parent = directory;
    entry->hash = entry_hash(directory, name, length);
    if (!directory->node->ops->volatile_entries) {
        spinlock_acquire(&entry_lock);
        entry_hash_insert(entry);
        node->name = entry;
        spinlock_release(&entry_lock);
    }
    *child = entry;
    return STATUS_OK;
}

enum status entry_child_locked(struct entry *directory, const char *name, size_t length, struct entry **child)
{
    const struct node_ops *ops = directory->node->ops;
    if (!ops->volatile_entries) {
        *child = entry_find(directory, entry_hash(directory, name, length), name, length);
        if (*child)
            return STATUS_OK;
    }
    if (!ops->lookup)
        return STATUS_NOT_DIRECTORY;
    struct node *node;
    TRY(ops->lookup(directory->node, name, length, &node));
    return entry_add(directory, name, length, node, child);
}

enum status entry_child(struct entry *directory, const char *name, size_t length, struct entry **child)
{
    if (!directory->node->ops->volatile_entries) {
        *child = entry_find(directory, entry_hash(directory, name, length), name, length);
        if (*child)
            return STATUS_OK;
    }
    mutex_acquire(&directory->node->lock);
    enum status status = entry_child_locked(directory, name, length, child);
    mutex_release(&directory->node->lock);
    return status;
}

void entry_remove(struct entry *entry)
{
    spinlock_acquire(&entry_lock);
    entry_hash_remove(entry);
    entry->removed = true;
    spinlock_release(&entry_lock);
}

char *entry_name_reserve(size_t length, bool *enough)
{
    *enough = true;
    if (length <= sizeof(((struct entry *)nullptr)->own_name))
        return nullptr;
    char *room = heap_alloc(length);
    *enough = room != nullptr;
    return room;
}

void entry_move(struct entry *entry, struct entry *directory, const char *name, size_t length, char *reserved)
{
    entry_retain(directory);
    spinlock_acquire(&entry_lock);
    entry_hash_remove(entry);
    struct entry *old_parent = entry->parent;
    char *old_name = entry->name;
    entry->parent = directory;
    entry->name = reserved ? reserved : entry->own_name;
    memmove(entry->name, name, length);
    entry->length = (uint8_t)length;
    entry->hash = entry_hash(directory, name, length);
    entry_hash_insert(entry);
    spinlock_release(&entry_lock);
    if (old_name != entry->own_name)
        heap_free(old_name);
    entry_release(old_parent);
}

struct entry *entry_cross(struct entry *entry)
{
    while (UNLIKELY(atomic_load_explicit(&entry->mounted, memory_order_acquire) != nullptr)) {
        spinlock_acquire(&entry_lock);
        struct mount_point *mount = atomic_load_explicit(&entry->mounted, memory_order_relaxed);
        struct entry *root = mount ? mount->root : entry;
        entry_retain(root);
        spinlock_release(&entry_lock);
        entry_release(entry);
        if (!mount)
            return root;
        entry = root;
    }
    return entry;
}

struct entry *entry_parent(struct entry *entry, const struct entry *root)
{
    spinlock_acquire(&entry_lock);
    struct entry *at = entry;
    while (at != root && !at->parent && at->node->file_system->covered)
        at = at->node->file_system->covered;
    if (at != root && at->parent)
        at = at->parent;
    entry_retain(at);
    spinlock_release(&entry_lock);
    return entry_cross(at);
}

struct entry *entry_load(struct entry *const *place)
{
    spinlock_acquire(&entry_lock);
    struct entry *entry = *place;
    entry_retain(entry);
    spinlock_release(&entry_lock);
    return entry;
}

void entry_store(struct entry **place, struct entry *entry)
{
    spinlock_acquire(&entry_lock);
    struct entry *old = *place;
    *place = entry;
    spinlock_release(&entry_lock);
    entry_release(old);
}

void entry_cover(struct entry *covered, struct mount_point *mount)
{
    spinlock_acquire(&entry_lock);
    atomic_store_explicit(&covered->mounted, mount, memory_order_release);
    spinlock_release(&entry_lock);
}

enum status entry_uncover(struct entry *covered, struct entry *root)
{
    spinlock_acquire(&entry_lock);
    bool idle = atomic_load_explicit(&root->references, memory_order_acquire) == 1;
    if (idle)
        atomic_store_explicit(&covered->mounted, nullptr, memory_order_release);
    spinlock_release(&entry_lock);
    return idle ? STATUS_OK : STATUS_BUSY;
}

bool entry_is_ancestor(const struct entry *ancestor, const struct entry *entry)
{
    spinlock_acquire(&entry_lock);
    while (entry && entry != ancestor)
        entry = entry->parent;
    spinlock_release(&entry_lock);
    return entry != nullptr;
}

// Writes the path backwards from the end of `path`; *start is where it begins.
static enum status entry_write_path(const struct entry *root, const struct entry *entry, char *path, size_t size, size_t *start)
{
    size_t at = size - 1;
    path[at] = '\0';
    while (entry != root) {
        if (!entry->parent) {
            const struct mount_point *mount = entry->node->file_system;
            if (!mount->covered)
                break;
            entry = mount->covered;
            continue;
        }
        if (entry->removed)
            return STATUS_NOT_FOUND;
        if (at < (size_t)entry->length + 1)
            return STATUS_OUT_OF_RANGE;
        at -= entry->length;
        memcpy(path + at, entry->name, entry->length);
        path[--at] = '/';
        entry = entry->parent;
    }
    if (at == size - 1) {
        if (at == 0)
            return STATUS_OUT_OF_RANGE;
        path[--at] = '/';
    }
    *start = at;
    return STATUS_OK;
}

enum status vfs_path(struct vfs_context *context, struct entry *entry, char *path, size_t size)
{
    if (size == 0)
        return STATUS_OUT_OF_RANGE;
    size_t start;
    struct entry *root = entry_load(&context->root);
    spinlock_acquire(&entry_lock);
    enum status status = entry_write_path(root, entry, path, size, &start);
    spinlock_release(&entry_lock);
    entry_release(root);
    if (status == STATUS_OK)
        memmove(path, path + start, size - start);
    return status;
}

void vfs_node_path(struct node *node, char *text, size_t size)
{
    size_t start;
    enum status status = STATUS_NOT_FOUND;
    spinlock_acquire(&entry_lock);
    if (node->name)
        status = entry_write_path(nullptr, node->name, text, size, &start);
    spinlock_release(&entry_lock);
    if (status == STATUS_OK)
        memmove(text, text + start, size - start);
    else
        format_text(text, size, "%s:[%llu]", node->file_system->ops->name, (unsigned long long)node->number);
}
