// SPDX-License-Identifier: MIT
// fs.h: what the files of kernel/fs share and nobody else sees.
#pragma once

#include <helix/vfs.h>

// ---- entry.c ----

// A name in use. An entry lives while somebody holds it, a child of it included, and is freed with the last reference: what is not in
// use costs nothing. The name, parent and `removed` change under the entry lock (rename, unlink).
struct entry {
    struct entry *parent;                  // a reference; nullptr: the root of a mount, or of nothing
    struct node *node;                     // [const] a reference
    _Atomic(struct mount_point *) mounted; // what covers it
    struct entry *hash_next;               // in its bucket
    _Atomic uint32_t references;
    uint32_t hash;
    bool hashed;  // can be found by name; false for /proc's, which are looked up every time
    bool removed; // unlinked: the name leads here no more
    uint8_t length;
    char *name;        // not terminated; own_name or the heap's
    char own_name[72]; // fills a heap block of 128 bytes
};

// The root entry of a mount. Takes the node's reference on success.
enum status entry_create_root(struct node *node, struct entry **entry);

// The child of that name, with a reference. The directory's node must be one. STATUS_NOT_FOUND.
enum status entry_child(struct entry *directory, const char *name, size_t length, struct entry **child);

// As entry_child with directory->node->lock held.
enum status entry_child_locked(struct entry *directory, const char *name, size_t length, struct entry **child);

// A fresh entry for a node just made; the lock of the directory is held. Takes the node's reference, also on failure.
enum status entry_add(struct entry *directory, const char *name, size_t length, struct node *node, struct entry **child);

// The name is gone. The lock of its directory is held.
void entry_remove(struct entry *entry);

// Room for a name that entry_move will need; nullptr: no memory, or none is needed (*enough tells).
char *entry_name_reserve(size_t length, bool *enough);
// Puts the entry under another name (rename mutex and both directories' locks held). `reserved` from entry_name_reserve. Cannot fail.
void entry_move(struct entry *entry, struct entry *directory, const char *name, size_t length, char *reserved);

// Replaces the caller's reference on a covered entry by one on the root of what covers it, as deep as it goes.
struct entry *entry_cross(struct entry *entry);

// The directory above, crossing mounts, not above `root`. With a reference; the caller keeps the one it has.
struct entry *entry_parent(struct entry *entry, const struct entry *root);

// A reference on what *place holds now; and the replacing of it (takes the reference, gives back the old one).
struct entry *entry_load(struct entry *const *place);
void entry_store(struct entry **place, struct entry *entry);

// Sets or clears what covers an entry; unmounting fails with STATUS_BUSY while `root` has other users.
void entry_cover(struct entry *covered, struct mount_point *mount);
enum status entry_uncover(struct entry *covered, struct entry *root);

bool entry_is_ancestor(const struct entry *ancestor, const struct entry *entry);

// ---- path.c: the walk ----

enum last_kind : uint8_t { LAST_NAME, LAST_DOT, LAST_DOT_DOT, LAST_ROOT };

// A walk along a path, stopped before its last component.
struct walk {
    struct vfs_context *context;
    struct entry *at; // a reference: the directory that holds the last component
    const char *rest; // what is still to be walked
    char *text;       // heap, when a symbolic link was followed: what `rest` points into
    const char *name; // the last component
    size_t length;
    uint32_t links; // followed so far
    enum last_kind kind;
    bool trailing; // a slash stands behind the last component
};

// Begins a walk and goes to the last component. On failure nothing is held; otherwise walk_end().
enum status walk_to_last(struct walk *walk, struct vfs_context *context, struct entry *base, const char *path);
// Resolves the last component: *entry has a reference.
enum status walk_last(struct walk *walk, bool follow, struct entry **entry);
// Goes on from a symbolic link found at the last component, again to the last component.
enum status walk_follow(struct walk *walk, struct entry *link);
void walk_end(struct walk *walk);

// ---- the rest ----

extern struct mutex vfs_rename_lock; // RANK_RENAME

extern const struct file_ops regular_file_ops, directory_file_ops, path_file_ops;

// entry->node opened with these flags: all checks but those of the name are made. Takes no reference of the caller's.
enum status file_open_entry(struct entry *entry, uint32_t flags, struct open_file **file);
enum status fifo_open(struct node *node, struct open_file *file);
void pipe_describe(const struct open_file *file, char *text, size_t size);
uint64_t pipe_number(const struct open_file *file);
void file_lock_drop_file(struct open_file *file);
enum status node_may_delete(const struct node *directory, const struct node *victim);
void node_touch(struct node *node); // contents changed now
void node_set_owner_of_new(struct node *directory, struct node *made);

void mount_release_node(struct mount_point *mount);
// A mounted file system that covers nothing yet; STATUS_NO_DEVICE: no such type. And its end, once nobody uses it.
enum status mount_create(const char *source, const char *type, const char *options, struct mount_point **made);
void mount_destroy(struct mount_point *mount);
enum status mount_root(const char *type, const char *options);
enum status initramfs_unpack(void);

static inline bool node_is(const struct node *node, uint32_t type)
{
    return (node->mode & LINUX_S_IFMT) == type;
}
