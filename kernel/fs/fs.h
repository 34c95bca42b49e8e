// SPDX-License-Identifier: MIT
// fs.h: what the files of kernel/fs share and nobody else sees.
#pragma once

#include <helix/thread.h>
#include <helix/user.h>
#include <helix/vfs.h>

// ---- entry.c, entry_drop.c, entry_tree.c ----

// How a name is spelled: never changed, so that it can be compared without a lock.
struct entry_name {
    uint8_t length;
    char text[]; // not terminated
};

// A name. It holds its parent and its node. A name that can be found (`hashed`) is held by the table too, so it stays when nobody uses
// it any more, until there are too many or memory is short. Name, parent, `hashed` and `removed` change under the entry lock.
struct entry {
    struct entry *_Atomic parent;          // a reference; nullptr: the root of a mount, or of nothing
    struct node *node;                     // [const] a reference
    _Atomic(struct mount_point *) mounted; // what covers it
    struct entry *_Atomic hash_next;       // in its bucket; stays as it was when the entry leaves it
    const struct entry_name *_Atomic name; // own_name or the heap's …
    _Atomic uint64_t first;                // … and its first eight bytes, filled up with zeros
    uint64_t hash;                         // of the name in its directory
    _Atomic uint32_t references;           // the table's among them; 0: on its way out
    bool hashed;                           // can be found by name; false for /proc's, which are looked up every time
    bool removed;                          // unlinked: the name leads here no more
    _Atomic bool turns;                    // a path does not simply go on from it: it is covered, or a symbolic link
    _Atomic bool recent;                   // found since it was last passed over (entry_drop.c)
    struct list_node link;                 // among all that are hashed, oldest first
    struct entry_name own_name;            // … with the rest of the block
};

// The longest name that fits into a heap block of 128 bytes with its entry.
enum { ENTRY_OWN_NAME = 128 - sizeof(struct entry) };

// The root entry of a mount. Takes the node's reference on success.
enum status entry_create_root(struct node *node, struct entry **entry);

// One that nobody can find: of a node whose name in the directory is gone. Takes the node's reference on success.
enum status entry_create_removed(struct entry *directory, const char *name, size_t length, struct node *node, struct entry **entry);

// The child of that name, with a reference. The directory's node must be one. STATUS_NOT_FOUND.
enum status entry_child(struct entry *directory, const char *name, size_t length, struct entry **child);

// As entry_child with directory->node->lock held.
enum status entry_child_locked(struct entry *directory, const char *name, size_t length, struct entry **child);

// A fresh entry for a node just made; the lock of the directory is held. Takes the node's reference, also on failure.
enum status entry_add(struct entry *directory, const char *name, size_t length, struct node *node, struct entry **child);

// The name is gone. The lock of its directory is held.
void entry_remove(struct entry *entry);

// A name for entry_move, on the heap; nullptr: no memory.
struct entry_name *entry_name_create(const char *name, size_t length);
// Puts the entry under another name (rename mutex and both directories' locks held), which it takes over. Cannot fail.
void entry_move(struct entry *entry, struct entry *directory, struct entry_name *name);

// Replaces the caller's reference on a covered entry by one on the root of what covers it, as deep as it goes.
struct entry *entry_cross(struct entry *entry);

// The directory above, crossing mounts, not above `root`. With a reference; the caller keeps the one it has.
struct entry *entry_parent(struct entry *entry, const struct entry *root);

// A reference on what *place holds now; and the replacing of it (takes the reference, gives back the old one).
struct entry *entry_load(struct entry *const *place);
void entry_store(struct entry **place, struct entry *entry);

// Sets or clears what covers an entry; unmounting fails with STATUS_BUSY while `root` has other users (forget its names first).
void entry_cover(struct entry *covered, struct mount_point *mount);
enum status entry_uncover(struct entry *covered, struct entry *root);

// Lets go of the names of a mount that nobody uses, and of all such names that are too many, or of every one (for memory).
void entries_forget(const struct mount_point *mount);
void entries_drop_surplus(void);
void entries_drop_all(void);
uint32_t entries_known(void); // names in the table

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

// entry_walk.c: what a path leads to, as far as the table knows it: no symbolic link, no "..", every name there before. With a reference;
// nullptr: it has to be walked. The second stops before the last component instead, which must be a name, and fills the walk.
struct entry *entry_walk(const struct vfs_context *context, struct entry *base, const char *path);
struct entry *entry_walk_to_last(const struct vfs_context *context, struct entry *base, const char *path, struct walk *walk);

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

// entry->node opened with these flags: all checks but those of the name are made. Takes the caller's reference over on success.
enum status file_open_entry(struct entry *entry, uint32_t flags, struct open_file **file);
enum status fifo_open(struct node *node, struct open_file *file);
void pipe_describe(const struct open_file *file, char *text, size_t size);
uint64_t pipe_number(const struct open_file *file);
void file_lock_drop_file(struct open_file *file);
enum status node_may_delete(const struct node *directory, const struct node *victim);
// The running process may search every directory: it is uid 0, or the kernel.
static inline bool node_may_search_all(void)
{
    const struct thread *self = thread_current();
    const struct user_process *user = self && self->process ? self->process->user : nullptr;
    return !user || user->effective_user == 0;
}
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
