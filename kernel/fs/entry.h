// SPDX-License-Identifier: MIT
// entry.h: the table of names, as the files beside entry.c see it.
#pragma once

#include <lib/string.h>

#include <helix/spinlock.h>

#include "fs.h"

enum { ENTRY_BUCKET_BITS = 9, ENTRY_BUCKETS = 1 << ENTRY_BUCKET_BITS };

extern struct spinlock entry_lock;                         // RANK_ENTRIES
extern struct entry *_Atomic entry_buckets[ENTRY_BUCKETS]; // entry_lock to change
extern struct list_node entries GUARDED_BY(entry_lock);    // hashed ones, oldest first
extern _Atomic uint32_t entry_count;                       // of `entries`; entry_lock to change
extern _Atomic uint32_t renames;                           // odd while one is made; entry_lock to change

// A name to be looked for. `first` holds its first eight bytes, filled up with zeros; so it is all of a name that is shorter, as there is
// no zero in one.
struct sought {
    const char *name;
    size_t length;
    uint64_t first, hash;
};
enum { NAME_FIRST = sizeof(uint64_t) };

// ---- the hash of a name in its directory: eight bytes at a time, the last of them filled up with zeros; its upper bits are used ----

static inline uint64_t name_hash_start(const struct entry *directory)
{
    return (uint64_t)(uintptr_t)directory;
}

static inline uint64_t name_hash_end(uint64_t hash, uint64_t word)
{
    return (hash ^ word) * 0x9e3779b97f4a7c15;
}

// For a word that others may follow.
static inline uint64_t name_hash_step(uint64_t hash, uint64_t word)
{
    hash = name_hash_end(hash, word);
    return hash ^ hash >> 29;
}

static inline struct entry *_Atomic *entry_bucket(uint64_t hash)
{
    return &entry_buckets[hash >> (64 - ENTRY_BUCKET_BITS)];
}

// By whoever looks, or holds the lock. Who looks may meet an entry half-way to another name, and asks `renames` afterwards.
static inline struct entry *entry_probe(const struct entry *directory, const struct sought *sought)
{
    struct entry *entry = atomic_load_explicit(entry_bucket(sought->hash), memory_order_acquire);
    for (; entry; entry = atomic_load_explicit(&entry->hash_next, memory_order_acquire)) {
        if (atomic_load_explicit(&entry->first, memory_order_relaxed) != sought->first ||
            atomic_load_explicit(&entry->parent, memory_order_relaxed) != directory)
            continue;
        if (LIKELY(sought->length < NAME_FIRST))
            return entry;
        const struct entry_name *own = atomic_load_explicit(&entry->name, memory_order_acquire);
        if (own->length == sought->length && bytes_equal(own->text, sought->name, sought->length))
            return entry;
    }
    return nullptr;
}

// Takes the entry out of the table; true: the table's reference is the caller's now. Looks that stand at the entry go on from it.
bool entry_hash_remove(struct entry *entry) MUST_HOLD(entry_lock);

// The end of one that nobody can find or holds any more; its parent's reference is left to the caller.
void entry_end(struct entry *entry);
