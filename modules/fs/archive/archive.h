// SPDX-License-Identifier: MIT
// archive.h: what the files of the archive file system share.
#pragma once

#include <helix/page_cache.h>
#include <helix/vfs.h>

// One mounted archive. Held by the mount and by each of its files, which mappings keep alive after it is unmounted.
struct archive {
    struct open_file *file; // the archive itself, kept from being written
    uint64_t size;          // of it, in bytes
    _Atomic uint64_t references;
};
void archive_release(struct archive *archive);

// Contents of one file; its node's `data`.
struct archive_file {
    struct page_cache cache;      // first
    struct archive *archive;      // a reference
    struct node *node;            // no reference: the node owns this
    uint64_t offset;              // of its bytes in the archive
    const struct node_ops *below; // of the tree that the node is made of
};

// Makes a node of the tree below a file with these bytes of the archive. STATUS_NO_MEMORY: it stays as it was.
enum status archive_file_attach(struct archive *archive, struct node *node, uint64_t offset, uint64_t size);

// tree.c: makes what the archive names in the directory `root`, a node that nobody else knows. STATUS_BAD_ARGUMENT: it is no archive, or is
// broken; STATUS_NO_MEMORY, STATUS_NO_SPACE. What was made stays.
enum status archive_make_tree(struct archive *archive, struct node *root);
