// SPDX-License-Identifier: MIT
// entry_walk.c: walking along names that are known, without a lock and in one pass over the path.
//
// A component is read eight bytes at a time, hashed while its end is looked for, and compared with an entry by its first word; most names
// are no longer. What is not in the table, a symbolic link and ".." are left to the walk of path.c: nullptr.
// Only directories have names in them, so that a name found says that what was walked through is one.
#include "entry.h"

#include "look.h"

enum : uint64_t { BYTES_ONE = 0x0101'0101'0101'0101, BYTES_SLASH = '/' * BYTES_ONE, BYTES_HIGH = 0x80 * BYTES_ONE };

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

// The component that begins at `path`, as a name in that directory; one without a byte has length 0. What stands behind it is returned.
[[gnu::always_inline]] static inline const char *component_read(const struct entry *directory, const char *path, struct sought *sought)
{
    uint64_t hash = name_hash_start(directory), word = component_word(path), ends = component_ends(word);
    const char *at = path;
    sought->name = path;
    sought->first = word;
    while (UNLIKELY(ends == 0)) {
        hash = name_hash_step(hash, word);
        at += sizeof(word);
        word = component_word(at);
        ends = component_ends(word);
    }
    uint64_t mask = (ends ^ (ends - 1)) >> 8; // the bytes before the end
    unsigned rest = (unsigned)__builtin_ctzll(ends) / 8;
    word &= mask;
    if (LIKELY(at == path))
        sought->first = word;
    if (LIKELY(rest != 0))
        hash = name_hash_end(hash, word);
    at += rest;
    sought->length = (size_t)(at - path);
    sought->hash = hash;
    return at;
}

static inline const char *slashes_skip(const char *path)
{
    while (*path == '/')
        path++;
    return path;
}

static inline bool component_is_dots(const struct sought *sought)
{
    return sought->first == '.' || sought->first == ('.' | '.' << 8);
}

// The look itself, from `at`. *walk as in entry_walk_to_last, or nullptr.
[[gnu::always_inline]] static inline struct entry *entry_look(struct entry *at, const char *path, struct walk *walk)
{
    const char *limit = path + PATH_MAX_BYTES;
    bool directory_wanted = true; // "/" is one
    bool all = node_may_search_all();
    path = slashes_skip(path);
    while (*path) {
        struct sought next;
        if (UNLIKELY(!all) && !entry_may_search(at->node, false))
            return nullptr;
        const char *end = component_read(at, path, &next);
        path = slashes_skip(end);
        directory_wanted = end != path;
        bool last = walk && !*path;
        if (UNLIKELY((uint8_t)next.first == '.') && component_is_dots(&next)) {
            if (next.first != '.' || last || !node_is(at->node, LINUX_S_IFDIR))
                return nullptr;
            directory_wanted = true;
            continue;
        }
        if (last) {
            walk->name = next.name;
            walk->length = next.length;
            walk->trailing = directory_wanted;
            walk->rest = end;
            return end < limit && next.length <= NAME_MAX_BYTES && entry_may_search(at->node, all) ? at : nullptr;
        }
        struct entry *child = entry_probe(at, &next);
        if (UNLIKELY(!child))
            return nullptr;
        if (UNLIKELY(atomic_load_explicit(&child->turns, memory_order_acquire))) {
            child = entry_look_cross(child);
            if (node_is(child->node, LINUX_S_IFLNK))
                return nullptr;
        }
        at = child;
    }
    bool refused = walk || path >= limit || (UNLIKELY(directory_wanted) && !node_is(at->node, LINUX_S_IFDIR));
    return UNLIKELY(refused) ? nullptr : at;
}

// The one lock that a look has is the count of its CPU: see look.h. What `renames` says is asked before and after.
[[gnu::always_inline]] static inline struct entry *walk_looking(const struct vfs_context *context, struct entry *base, const char *path,
                                                                struct walk *walk)
{
    if (UNLIKELY(!*path))
        return nullptr;
    struct look_count *look = look_begin();
    uint32_t renames_before = atomic_load_explicit(&renames, memory_order_acquire) & ~1u; // an odd one is never the same again
    struct entry *at = base;
    if (LIKELY(*path == '/'))
        at = entry_look_cross(__atomic_load_n(&context->root, __ATOMIC_ACQUIRE));
    else if (!base)
        at = __atomic_load_n(&context->current, __ATOMIC_ACQUIRE);
    at = entry_look(at, path, walk);
    if (LIKELY(at != nullptr)) {
        if (!atomic_load_explicit(&at->recent, memory_order_relaxed))
            atomic_store_explicit(&at->recent, true, memory_order_relaxed);
        if (UNLIKELY(!entry_retain_looking(at)))
            at = nullptr;
    }
    atomic_thread_fence(memory_order_acquire);
    bool renamed = atomic_load_explicit(&renames, memory_order_relaxed) != renames_before;
    look_end(look);
    if (LIKELY(!renamed))
        return at;
    entry_release(at);
    return nullptr;
}

struct entry *entry_walk(const struct vfs_context *context, struct entry *base, const char *path)
{
    return walk_looking(context, base, path, nullptr);
}

struct entry *entry_walk_to_last(const struct vfs_context *context, struct entry *base, const char *path, struct walk *walk)
{
    return walk_looking(context, base, path, walk);
}
