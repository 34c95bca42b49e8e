// SPDX-License-Identifier: MIT
// entry.c: the tree of names: which entries there are, found by parent and name.
//
// An entry holds its parent and its node, and the table holds the entry, so that a name that was used is found again without asking the
// file system. Names nobody uses are dropped when there are more than ENTRIES_KEPT (the longest unused first) and when memory is short.
// One lock guards the table, the names, the parents and what covers what; it is held for a few instructions, never across a call into a
// file system. Walks along known names read the table without it (look.h): an entry is freed only when no look can be at it, its name is
// a block that never changes, and a rename in between is noticed by `renames`. The lock of a directory's node is taken before
// the entry lock, and held from the question to the file system until the answer stands in the table, so that a name has one entry only.
#include "entry.h"

#include <helix/heap.h>
#include <helix/panic.h>

#include "look.h"

struct spinlock entry_lock = SPINLOCK(RANK_ENTRIES);
struct entry *_Atomic entry_buckets[ENTRY_BUCKETS];
struct list_node entries = LIST_HEAD(entries);
_Atomic uint32_t entry_count;
_Atomic uint32_t renames;

static uint64_t name_first(const char *name, size_t length)
{
    uint64_t first = 0;
    memcpy(&first, name, MIN(length, (size_t)NAME_FIRST));
    return first;
}

static struct sought sought_in(const struct entry *directory, const char *name, size_t length)
{
    uint64_t hash = name_hash_start(directory);
    size_t at = 0;
    for (; at + NAME_FIRST <= length; at += NAME_FIRST)
        hash = name_hash_step(hash, name_first(name + at, NAME_FIRST));
    if (at < length)
        hash = name_hash_end(hash, name_first(name + at, length - at));
    return (struct sought){ .name = name, .length = length, .first = name_first(name, length), .hash = hash };
}

// The table takes a reference of its own.
static void entry_hash_insert(struct entry *entry) MUST_HOLD(entry_lock)
{
    struct entry *_Atomic *bucket = entry_bucket(entry->hash);
    atomic_store_explicit(&entry->hash_next, atomic_load_explicit(bucket, memory_order_relaxed), memory_order_relaxed);
    atomic_store_explicit(bucket, entry, memory_order_release);
    list_add_tail(&entries, &entry->link);
    entry_retain(entry);
    entry_count++;
    entry->hashed = true;
}

bool entry_hash_remove(struct entry *entry) MUST_HOLD(entry_lock)
{
    if (!entry->hashed)
        return false;
    struct entry *_Atomic *at = entry_bucket(entry->hash);
    while (*at != entry)
        at = &(*at)->hash_next;
    atomic_store_explicit(at, entry->hash_next, memory_order_release);
    list_remove(&entry->link);
    entry_count--;
    entry->hashed = false;
    return true;
}

// With a reference, nullptr: not in the table.
static struct entry *entry_find(const struct entry *directory, const char *name, size_t length)
{
    const struct sought sought = sought_in(directory, name, length);
    spinlock_acquire(&entry_lock);
    struct entry *entry = entry_probe(directory, &sought);
    if (entry)
        entry_retain(entry);
    spinlock_release(&entry_lock);
    return entry;
}

void entry_retain(struct entry *entry)
{
    atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
}

static void entry_free(struct entry *entry)
{
    if (entry->name != &entry->own_name)
        heap_free((void *)(uintptr_t)entry->name);
    heap_free(entry);
}

// The last reference is gone, and the table's with it: nobody finds it any more.
void entry_end(struct entry *entry)
{
    spinlock_acquire(&entry_lock);
    if (entry->node->name == entry)
        entry->node->name = nullptr;
    spinlock_release(&entry_lock);
    looks_settle();
    node_release(entry->node);
    entry_free(entry);
}

void entry_release(struct entry *entry)
{
    while (entry && atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) == 1) {
        struct entry *parent = entry->parent;
        entry_end(entry);
        entry = parent;
    }
}

struct node *entry_node(struct entry *entry)
{
    return entry->node;
}

struct entry_name *entry_name_create(const char *name, size_t length)
{
    struct entry_name *made = heap_alloc(sizeof(*made) + length);
    if (!made)
        return nullptr;
    made->length = (uint8_t)length;
    memcpy(made->text, name, length);
    return made;
}

// An entry outside the table. Takes the node's reference on success.
static enum status entry_create(const char *name, size_t length, struct node *node, struct entry **made)
{
    bool own = length <= ENTRY_OWN_NAME;
    struct entry *entry = heap_alloc(own ? sizeof(*entry) + length : sizeof(*entry));
    struct entry_name *other = own ? nullptr : entry_name_create(name, length);
    if (!entry || (!own && !other)) {
        heap_free(entry);
        heap_free(other);
        return STATUS_NO_MEMORY;
    }
    *entry = (struct entry){
        .node = node,
        .references = 1,
        .turns = node_is(node, LINUX_S_IFLNK),
        .name = own ? &entry->own_name : other,
        .first = name_first(name, length),
    };
    list_init(&entry->link);
    if (own) {
        entry->own_name.length = (uint8_t)length;
        memcpy(entry->own_name.text, name, length);
    }
    *made = entry;
    return STATUS_OK;
}

enum status entry_create_root(struct node *node, struct entry **entry)
{
    return entry_create("", 0, node, entry);
}

enum status entry_create_removed(struct entry *directory, const char *name, size_t length, struct node *node, struct entry **made)
{
    TRY(entry_create(name, length, node, made));
    entry_retain(directory);
    (*made)->parent = directory;
    (*made)->removed = true;
    node->name = *made;
    return STATUS_OK;
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
    entry->hash = sought_in(directory, name, length).hash;
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
        *child = entry_find(directory, name, length);
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
        *child = entry_find(directory, name, length);
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
    bool held = entry_hash_remove(entry);
    entry->removed = true;
    spinlock_release(&entry_lock);
    if (held)
        entry_release(entry); // the table's; the caller has another
}

void entry_move(struct entry *entry, struct entry *directory, struct entry_name *name)
{
    entry_retain(directory);
    spinlock_acquire(&entry_lock);
    atomic_store_explicit(&renames, renames + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    bool held = entry_hash_remove(entry);
    struct entry *old_parent = entry->parent;
    const struct entry_name *old_name = entry->name;
    entry->parent = directory;
    entry->name = name;
    entry->first = name_first(name->text, name->length);
    entry->hash = sought_in(directory, name->text, name->length).hash;
    entry_hash_insert(entry);
    atomic_store_explicit(&renames, renames + 1, memory_order_release);
    spinlock_release(&entry_lock);
    looks_settle();
    if (old_name != &entry->own_name)
        heap_free((void *)(uintptr_t)old_name);
    if (held)
        entry_release(entry);
    entry_release(old_parent);
}
