// SPDX-License-Identifier: MIT
// entry.c: the tree of names: which entries there are, found by parent and name.
//
// An entry holds its parent and its node, and the table holds the entry, so that a name that was used is found again without asking the
// file system. Names nobody uses are dropped when there are more than ENTRIES_KEPT (the longest unused first) and when memory is short.
// One lock guards the table, the names, the parents and what covers what; it is held for a few instructions, never across a call into a
// file system. Walks along known names read the table without it (look.h): an entry is freed only when no look can be at it, its name is
// a block that never changes, and a rename in between is noticed by `renames`. The lock of a directory's node is taken before
// the entry lock, and held from the question to the file system until the answer stands in the table, so that a name has one entry only.
#include "fs.h"

#include <lib/format.h>
#include <lib/hash.h>
#include <lib/string.h>

#include <helix/heap.h>
#include <helix/memory.h>
#include <helix/panic.h>
#include <helix/spinlock.h>

#include "look.h"

enum { ENTRY_BUCKETS = 512, ENTRIES_KEPT = 1024, DROPPED_AT_ONCE = 16, LOOKED_AT_ONCE = 64 };

static struct spinlock entry_lock = SPINLOCK(RANK_ENTRIES);
static struct entry *_Atomic entry_buckets[ENTRY_BUCKETS]; // entry_lock to change
static struct list_node entries = LIST_HEAD(entries);      // hashed ones; entry_lock
static _Atomic uint32_t entry_count;                       // of `entries`; entry_lock to change
static _Atomic uint32_t renames;                           // odd while one is made; entry_lock to change

// ---- hashes of names: eight bytes at a time, the last of them filled up with zeros ----

enum : uint64_t { BYTES_ONE = 0x0101'0101'0101'0101, BYTES_SLASH = '/' * BYTES_ONE, BYTES_HIGH = 0x80 * BYTES_ONE };

static inline uint64_t name_hash_step(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 29;
}

static uint64_t name_hash(const char *name, size_t length)
{
    uint64_t hash = HASH_START;
    for (uint64_t word = 0; length > 0; word = 0) {
        size_t part = MIN(length, sizeof(word));
        memcpy(&word, name, part);
        hash = name_hash_step(hash, word);
        name += part;
        length -= part;
    }
    return hash;
}

// `text` is the hash of the name alone.
static inline uint32_t entry_hash_with(const struct entry *directory, uint64_t text)
{
    return (uint32_t)(hash_number(text ^ (uint64_t)(uintptr_t)directory) >> 32);
}

static uint32_t entry_hash(const struct entry *directory, const char *name, size_t length)
{
    return entry_hash_with(directory, name_hash(name, length));
}

// The table takes a reference of its own.
static void entry_hash_insert(struct entry *entry) MUST_HOLD(entry_lock)
{
    struct entry *_Atomic *bucket = &entry_buckets[entry->hash % ENTRY_BUCKETS];
    atomic_store_explicit(&entry->hash_next, atomic_load_explicit(bucket, memory_order_relaxed), memory_order_relaxed);
    atomic_store_explicit(bucket, entry, memory_order_release);
    list_add_tail(&entries, &entry->link);
    entry_retain(entry);
    entry_count++;
    entry->hashed = true;
}

// True: the table's reference is the caller's now. Looks that stand at the entry go on from it.
static bool entry_hash_remove(struct entry *entry) MUST_HOLD(entry_lock)
{
    if (!entry->hashed)
        return false;
    struct entry *_Atomic *at = &entry_buckets[entry->hash % ENTRY_BUCKETS];
    while (*at != entry)
        at = &(*at)->hash_next;
    atomic_store_explicit(at, entry->hash_next, memory_order_release);
    list_remove(&entry->link);
    entry_count--;
    entry->hashed = false;
    return true;
}

// By whoever looks, or holds the lock.
static inline struct entry *entry_probe(const struct entry *directory, uint32_t hash, const char *name, size_t length)
{
    struct entry *entry = atomic_load_explicit(&entry_buckets[hash % ENTRY_BUCKETS], memory_order_acquire);
    for (; entry; entry = atomic_load_explicit(&entry->hash_next, memory_order_acquire)) {
        if (atomic_load_explicit(&entry->hash, memory_order_relaxed) != hash)
            continue;
        const struct entry_name *own = atomic_load_explicit(&entry->name, memory_order_acquire);
        if (atomic_load_explicit(&entry->parent, memory_order_relaxed) == directory && own->length == length &&
            bytes_equal(own->text, name, length))
            return entry;
    }
    return nullptr;
}

// With a reference, nullptr: not in the table.
static struct entry *entry_find(const struct entry *directory, const char *name, size_t length)
{
    uint32_t hash = entry_hash(directory, name, length);
    spinlock_acquire(&entry_lock);
    struct entry *entry = entry_probe(directory, hash, name, length);
    if (entry)
        entry_retain(entry);
    spinlock_release(&entry_lock);
    return entry;
}

void entry_retain(struct entry *entry)
{
    atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
}

// One more reference for who looks; false: it is on its way out, and stays at 0.
static inline bool entry_retain_looking(struct entry *entry)
{
    uint32_t seen = atomic_load_explicit(&entry->references, memory_order_relaxed);
    do {
        if (UNLIKELY(seen == 0))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&entry->references, &seen, seen + 1, memory_order_relaxed, memory_order_relaxed));
    return true;
}

static void entry_free(struct entry *entry)
{
    if (entry->name != &entry->own_name)
        heap_free((void *)(uintptr_t)entry->name);
    heap_free(entry);
}

// The last reference is gone, and the table's with it: nobody finds it any more.
static void entry_end(struct entry *entry)
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

// ---- dropping names that nobody uses ----

// Takes entry out of the table if only the table holds it. True: it is the caller's, to be ended.
static bool entry_take_unused(struct entry *entry) MUST_HOLD(entry_lock)
{
    uint32_t only_the_tables = 1;
    if (!atomic_compare_exchange_strong_explicit(&entry->references, &only_the_tables, 0, memory_order_acq_rel, memory_order_relaxed))
        return false;
    (void)entry_hash_remove(entry);
    return true;
}

// Takes up to DROPPED_AT_ONCE of the oldest names that nobody uses, of one mount or of all (nullptr), looking at LOOKED_AT_ONCE at most.
// Those found lately are passed over once, unless `all`; what is used goes to the end. *steps counts what was looked at.
static size_t entries_take(const struct mount_point *mount, bool all, uint32_t *steps, struct entry **taken)
{
    size_t count = 0;
    spinlock_acquire(&entry_lock);
    for (*steps = 0; *steps < LOOKED_AT_ONCE && count < DROPPED_AT_ONCE && !list_empty(&entries); ++*steps) {
        struct entry *entry = container_of(entries.next, struct entry, link);
        bool spared = !all && atomic_exchange_explicit(&entry->recent, false, memory_order_relaxed);
        if (!spared && (!mount || entry->node->file_system == mount) && entry_take_unused(entry)) {
            taken[count++] = entry;
            continue;
        }
        list_remove(&entry->link);
        list_add_tail(&entries, &entry->link);
    }
    spinlock_release(&entry_lock);
    return count;
}

// Looks at `steps` names, or a few more; returns how many went.
static size_t entries_drop(const struct mount_point *mount, bool all, uint32_t steps)
{
    struct entry *taken[DROPPED_AT_ONCE];
    size_t total = 0;
    for (uint32_t looked = 0, more; looked < steps; looked += more) {
        size_t count = entries_take(mount, all, &more, taken);
        for (size_t i = 0; i < count; i++) {
            struct entry *parent = taken[i]->parent;
            entry_end(taken[i]);
            entry_release(parent);
        }
        total += count;
        if (more == 0)
            break;
    }
    return total;
}

uint32_t entries_known(void)
{
    return atomic_load_explicit(&entry_count, memory_order_relaxed);
}

void entries_drop_surplus(void)
{
    if (UNLIKELY(atomic_load_explicit(&entry_count, memory_order_relaxed) > ENTRIES_KEPT))
        (void)entries_drop(nullptr, false, LOOKED_AT_ONCE);
}

// A directory is held by the names in it: again and again, until only what is used is left.
void entries_forget(const struct mount_point *mount)
{
    while (entries_drop(mount, true, atomic_load_explicit(&entry_count, memory_order_relaxed)) > 0)
        continue;
}

void entries_drop_all(void)
{
    entries_forget(nullptr);
}

MEMORY_TRIM(entries, entries_drop_all);

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
    *entry = (struct entry){ .node = node, .references = 1, .name = own ? &entry->own_name : other };
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
    entry->hash = entry_hash(directory, name->text, name->length);
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

// With no reference left the root refuses looks; those that wait for the lock find it uncovered.
enum status entry_uncover(struct entry *covered, struct entry *root)
{
    uint32_t only_the_mounts = 1;
    spinlock_acquire(&entry_lock);
    bool idle = atomic_compare_exchange_strong_explicit(&root->references, &only_the_mounts, 0, memory_order_acq_rel, memory_order_relaxed);
    if (idle)
        atomic_store_explicit(&covered->mounted, nullptr, memory_order_release);
    spinlock_release(&entry_lock);
    if (!idle)
        return STATUS_BUSY;
    looks_settle();
    atomic_fetch_add_explicit(&root->references, 1, memory_order_relaxed);
    return STATUS_OK;
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
        const struct entry_name *name = entry->name;
        if (at < (size_t)name->length + 1)
            return STATUS_OUT_OF_RANGE;
        at -= name->length;
        memcpy(path + at, name->text, name->length);
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

// ---- walking along names that are known ----

static inline struct entry *entry_look_cross(struct entry *entry)
{
    struct mount_point *mount;
    while (UNLIKELY((mount = atomic_load_explicit(&entry->mounted, memory_order_acquire)) != nullptr))
        entry = mount->root; // the mount lives until looks settle
    return entry;
}

static inline bool entry_may_search(const struct node *node, bool all)
{
    return node_is(node, LINUX_S_IFDIR) && (LIKELY(all) || node_permission(node, NODE_MAY_EXECUTE) == STATUS_OK);
}

// One component of a path.
struct component {
    const char *name;
    size_t length;
    uint64_t hash;
};

// The lowest bit set belongs to the first byte that ends a component.
static inline uint64_t component_ends(uint64_t word)
{
    uint64_t slash = word ^ BYTES_SLASH;
    return (((word - BYTES_ONE) & ~word) | ((slash - BYTES_ONE) & ~slash)) & BYTES_HIGH;
}

// The next eight bytes. Those behind the end are anything; across the end of a page, which may be the last there is, zeros stand for them.
[[clang::no_sanitize("address")]] static inline uint64_t component_word(const char *at)
{
    uint64_t word = 0;
    if (LIKELY(((uintptr_t)at & PAGE_MASK) <= PAGE_SIZE - sizeof(word))) {
        __builtin_memcpy(&word, at, sizeof(word));
        return word;
    }
    for (unsigned i = 0; i < sizeof(word) && at[i] && at[i] != '/'; i++)
        word |= (uint64_t)(uint8_t)at[i] << (i * 8);
    return word;
}

// Returns what stands behind it.
static inline const char *component_read(const char *path, struct component *component)
{
    uint64_t hash = HASH_START, word, ends;
    const char *at = path;
    while ((ends = component_ends(word = component_word(at))) == 0) {
        hash = name_hash_step(hash, word);
        at += sizeof(word);
    }
    unsigned bits = (unsigned)__builtin_ctzll(ends) & ~7u; // before the end
    if (bits) {
        hash = name_hash_step(hash, word & ((1ull << bits) - 1));
        at += bits / 8;
    }
    *component = (struct component){ .name = path, .length = (size_t)(at - path), .hash = hash };
    return at;
}

static inline const char *slashes_skip(const char *path)
{
    while (*path == '/')
        path++;
    return path;
}

// The look itself, from `at`. *walk as in entry_walk.
static struct entry *entry_look(struct entry *at, const char *path, struct walk *walk)
{
    const char *limit = path + PATH_MAX_BYTES;
    bool directory_wanted = true; // "/" is one
    bool all = node_may_search_all();
    for (path = slashes_skip(path); *path; path = slashes_skip(path)) {
        struct component next;
        if (!entry_may_search(at->node, all))
            return nullptr;
        const char *end = component_read(path, &next);
        if (UNLIKELY(end >= limit))
            return nullptr;
        if (UNLIKELY(next.name[0] == '.' && (next.length == 1 || (next.length == 2 && next.name[1] == '.')))) {
            if (next.length == 2 || (walk && !*slashes_skip(end)))
                return nullptr;
            path = end;
            directory_wanted = true;
            continue;
        }
        if (walk && !*slashes_skip(end)) {
            walk->name = next.name;
            walk->length = next.length;
            walk->trailing = *end == '/';
            walk->rest = end;
            return next.length <= NAME_MAX_BYTES ? at : nullptr;
        }
        struct entry *child = entry_probe(at, entry_hash_with(at, next.hash), next.name, next.length);
        if (!child)
            return nullptr;
        at = entry_look_cross(child);
        if (UNLIKELY(node_is(at->node, LINUX_S_IFLNK)))
            return nullptr;
        path = end;
        directory_wanted = *end == '/';
    }
    bool refused = walk || path >= limit || (directory_wanted && !node_is(at->node, LINUX_S_IFDIR));
    return refused ? nullptr : at;
}

struct entry *entry_walk(const struct vfs_context *context, struct entry *base, const char *path, struct walk *walk)
{
    if (UNLIKELY(!*path))
        return nullptr;
    struct look_count *look = look_begin();
    uint32_t renames_before = atomic_load_explicit(&renames, memory_order_acquire);
    struct entry *at = base ? base : __atomic_load_n(&context->current, __ATOMIC_ACQUIRE);
    if (*path == '/')
        at = entry_look_cross(__atomic_load_n(&context->root, __ATOMIC_ACQUIRE));
    at = entry_look(at, path, walk);
    if (at && !entry_retain_looking(at))
        at = nullptr;
    atomic_thread_fence(memory_order_acquire);
    bool renamed = renames_before % 2 || atomic_load_explicit(&renames, memory_order_relaxed) != renames_before;
    if (LIKELY(at != nullptr) && !atomic_load_explicit(&at->recent, memory_order_relaxed))
        atomic_store_explicit(&at->recent, true, memory_order_relaxed);
    look_end(look);
    if (LIKELY(!renamed))
        return at;
    entry_release(at);
    return nullptr;
}
