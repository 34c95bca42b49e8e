// SPDX-License-Identifier: MIT
// ramfs.h: what the files of ramfs share.
#pragma once

#include <lib/tree.h>

#include <helix/spinlock.h>
#include <helix/vfs.h>

// One mount.
struct ramfs {
    uint64_t limit; // frames its files may hold; UINT64_MAX: all there are, also those that the machine gets later
    _Atomic uint64_t used;
    _Atomic uint64_t files; // nodes
    struct node *root;      // no reference
};

// Pages by index: a radix tree of 64-way tables; height 0 holds page 0 alone, in `root` itself.
enum { PAGES_TABLE_BITS = 6, PAGES_TABLE_SLOTS = 1 << PAGES_TABLE_BITS, PAGES_HEIGHT_MAX = 6 };
struct pages {
    struct spinlock lock; // RANK_PAGES
    uint64_t root;        // frame (physical address), table (pointer) or 0
    uint32_t height;
    uint64_t count; // frames
};

struct ramfs_node {
    struct node node;
    union {
        struct {
            struct tree names; // of struct ramfs_name, by hash and name; node.lock
        } directory;
        struct pages pages;
        char *target; // symbolic link
    };
};

static inline struct ramfs_node *ramfs_node(struct node *node)
{
    return container_of(node, struct ramfs_node, node);
}

// Bytes that a file can have at most.
enum : uint64_t { RAMFS_FILE_MAX = 1ull << (PAGE_SHIFT + PAGES_TABLE_BITS * PAGES_HEIGHT_MAX) };

// ---- ramfs.c ----
// How many frames its files may hold now.
uint64_t ramfs_limit(const struct ramfs *ramfs);

// Whether files may grow: they stop before programs do, so that something can still run and remove them. `taken`: how much of its
// kind there is; only every sixteenth looks at the figures.
bool ramfs_memory_left(uint64_t taken);
// A node without a name, with a reference for its directory. STATUS_NO_SPACE.
enum status ramfs_node_create(struct mount_point *mount, uint32_t mode, struct ramfs_node **made);

// ---- directory.c ----
extern const struct node_ops ramfs_directory_ops;
void ramfs_directory_clear(struct ramfs_node *directory); // lets go of every name; nobody else uses it

// ---- pages.c ----
extern const struct node_ops ramfs_file_ops;
extern const struct page_source_ops ramfs_page_source_ops;
void pages_init(struct pages *pages);
void pages_drop_from(struct ramfs_node *file, uint64_t index); // frees every page from `index` on
