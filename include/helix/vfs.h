// SPDX-License-Identifier: MIT
// vfs.h: files, directories and mounts, as the rest of the kernel uses them.
//
// A node is an object of a file system (inode). An entry is a name in a directory that leads to a node (dentry): the cached tree
// of entries is what paths are resolved in. An open file is one open(): node, offset, flags; descriptors share it.
#pragma once

#include <stdatomic.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/poll.h>
#include <abi/linux/stat.h>
#include <abi/status.h>
#include <lib/list.h>
#include <lib/string.h>
#include <lib/types.h>

#include <arch/user.h>

#include <helix/mutex.h>
#include <helix/space.h>

struct node;
struct entry;
struct open_file;
struct io_vector;
struct device_file;
struct pipe;
struct file_locks;
struct linux_flock;
struct linux_stat;
struct poll_request;

enum { PATH_MAX_BYTES = 4096, NAME_MAX_BYTES = 255, SYMLINK_DEPTH_MAX = 40 };

// Who walks, and from where. Every user process has one; the kernel has one rooted at "/".
struct vfs_context {
    struct entry *root, *current; // a reference each
    uint32_t umask;
};

// ---- what a file system implements (vfs is the caller; operations that are nullptr give STATUS_NOT_IMPLEMENTED) ----

struct node_ops {
    // Directories; node->lock is held. A new reference in *found.
    enum status (*lookup)(struct node *directory, const char *name, size_t length, struct node **found);
    enum status (*create)(struct node *directory, const char *name, size_t length, uint32_t mode, uint64_t device, struct node **made);
    enum status (*symlink)(struct node *directory, const char *name, size_t length, const char *target, struct node **made);
    enum status (*link)(struct node *directory, const char *name, size_t length, struct node *target);
    enum status (*unlink)(struct node *directory, const char *name, size_t length,
                          struct node *target); // rmdir too; checked empty by the fs
    enum status (*rename)(struct node *from_directory, const char *from, size_t from_length, struct node *to_directory, const char *to,
                          size_t to_length, struct node *moved, struct node *replaced);
    // Next name at *position (opaque, starts at 0, below 2^62): calls add until it returns false (full) or names end, and leaves *position
    // at the first name not taken. `next`: the position behind this name. "." and ".." are the vfs's business: never add them.
    enum status (*read_directory)(struct node *directory, uint64_t *position,
                                  bool (*add)(void *context, const char *name, size_t length, uint64_t number, uint32_t mode,
                                              uint64_t next),
                                  void *context);
    // Symbolic links: a NUL-terminated target.
    enum status (*read_link)(struct node *node, char *target, size_t size);
    // Links that lead to an open file instead of a path (/proc/PID/fd): that file, with a reference. nullptr for ordinary links.
    enum status (*link_file)(struct node *node, struct open_file **file);
    // Files. Offsets and sizes in bytes; *done on success only.
    enum status (*open)(struct node *node, struct open_file *file); // nullptr: always succeeds; may replace file->ops
    enum status (*read)(struct node *node, uint64_t offset, void *to, size_t size, size_t *done); // kernel memory
    enum status (*write)(struct node *node, uint64_t offset, const void *from, size_t size, size_t *done);
    // As read and write, straight between the file and the caller's buffer; short counts when the buffer faults half-way.
    // When they are there, read and write are not needed. write and write_vector: node->lock is held, and they set node->size.
    enum status (*read_vector)(struct node *node, uint64_t offset, struct io_vector *to, size_t *done);
    enum status (*write_vector)(struct node *node, uint64_t offset, struct io_vector *from, size_t *done);
    // node->lock is held for these three. allocate: fallocate(2) with Linux's mode bits, extending node->size if they say so.
    enum status (*truncate)(struct node *node, uint64_t size);
    enum status (*allocate)(struct node *node, uint64_t offset, uint64_t size, uint32_t mode);
    enum status (*set_attributes)(struct node *node); // mode, owner, times in the node were changed
    void (*release)(struct node *node);               // last reference: free it
    bool volatile_entries;                            // entries of this directory must be looked up again every time (/proc)
};

struct node {
    struct page_source source; // first: file mappings; ops nullptr: cannot be mapped
    const struct node_ops *ops;
    const struct file_ops *file_ops; // what open() gives its open_file; vfs supplies the regular-file one
    struct mount_point *file_system;
    struct mutex lock; // RANK_NODE
    uint64_t number;   // inode number
    uint32_t mode;     // type and permissions (S_IF…)
    uint32_t links, user, group;
    uint64_t size;
    uint64_t blocks; // of 512 bytes
    uint64_t device; // device files
    uint64_t accessed_ns, modified_ns, changed_ns;
    _Atomic uint32_t references;
    _Atomic int32_t writers; // open files that may write; below 0: processes that run it
    union {
        struct pipe *pipe;                             // of a fifo that is open somewhere (pipe.c)
        const struct device_file *_Atomic device_file; // of a character device, once it was opened
    };
    struct entry *name;       // an entry in use that leads to it, no reference (entry.c)
    struct file_locks *locks; // advisory locks on it, nullptr: none (file_lock.c)
    void *data;               // the file system's
};

// Fills a node that a file system has allocated: one reference, a number of its own, times of now.
void node_init(struct node *node, struct mount_point *file_system, const struct node_ops *ops, uint32_t mode);
void node_retain(struct node *node);
void node_release(struct node *node);

// Whether the running process may do that (bits NODE_…) by its effective ids; uid 0 and the kernel may do everything but execute a
// file that nobody may execute. STATUS_DENIED, or STATUS_READ_ONLY for writing where the mount forbids it.
enum : uint32_t { NODE_MAY_EXECUTE = 1, NODE_MAY_WRITE = 2, NODE_MAY_READ = 4 };
enum status node_permission(const struct node *node, uint32_t mask);
enum status node_permission_as(const struct node *node, uint32_t mask, uint32_t user, uint32_t group); // by these ids
bool node_owned(const struct node *node); // by the running process, or it is uid 0

// Changes by chmod, chown, utimensat and truncate, with their permission checks. -1 keeps an owner, UINT64_MAX a time.
enum status node_change_mode(struct node *node, uint32_t mode);
enum status node_change_owner(struct node *node, uint32_t user, uint32_t group);
void node_change_times(struct node *node, uint64_t accessed_ns, uint64_t modified_ns);
enum status node_truncate(struct node *node, uint64_t size);

// A file is written or run as a program, never both: STATUS_TEXT_BUSY. Running takes a reference, which node_run_end gives back.
enum status node_write_begin(struct node *node);
void node_write_end(struct node *node);
enum status node_run_begin(struct node *node);
void node_run_end(struct node *node);

// Modules that provide "file_system".
enum { FILE_SYSTEM_ABI = 1 };
struct file_system_ops {
    const char *name; // "ramfs": the type of mount(2)
    enum status (*mount)(const char *source, const char *options, struct mount_point *mount, struct node **root);
    void (*unmount)(struct mount_point *mount); // nothing is open: lets go of the names; may be nullptr
    void (*statistics)(struct mount_point *mount, struct linux_statfs *statistics);
    void (*release)(struct mount_point *mount); // the last node is gone (mappings outlive unmount): frees `data`; may be nullptr
};
struct mount_point {
    struct list_node link;
    const struct file_system_ops *ops;
    struct entry *root;    // of this file system
    struct entry *covered; // where it is mounted; nullptr: the root
    uint64_t device;       // st_dev
    bool read_only;
    char source[64];
    void *data;  // the file system's
    void *upper; // that of one which makes its tree in another's
    _Atomic uint64_t next_number;
    _Atomic uint64_t nodes; // alive, and one while mounted: the struct goes with the last
};

// ---- open files ----

struct file_ops {
    // User or kernel buffers: `user` says which; implementations use file_copy_out / file_copy_in.
    enum status (*read)(struct open_file *file, struct io_vector *to, size_t *done);
    enum status (*write)(struct open_file *file, struct io_vector *from, size_t *done);
    enum status (*seek)(struct open_file *file, int64_t offset, int whence, uint64_t *position);
    enum status (*ioctl)(struct open_file *file, uint64_t request, uint64_t argument, int64_t *result);
    // Ready events now (POLLIN …); first enters its wait queues into `request` (poll_wait; nullptr is fine). Must not sleep, on a mutex
    // either: that would swallow the wake-up of another file of the same poll.
    uint32_t (*poll)(struct open_file *file, struct poll_request *request);
    enum status (*truncate)(struct open_file *file, uint64_t size);
    void (*close)(struct open_file *file); // the last reference went
};

struct open_file {
    const struct file_ops *ops;
    struct entry *entry;    // nullptr: pipes and other nameless objects
    struct node *node;      // nullptr likewise
    uint64_t offset;        // `lock`
    struct mutex lock;      // RANK_FILE_OFFSET
    _Atomic uint32_t flags; // O_… status flags
    _Atomic uint32_t references;
    void *data; // the implementation's
};

// Where bytes come from or go to: one contiguous stretch of user or kernel memory, consumed from the front.
struct io_vector {
    uint64_t address; // user address, or kernel pointer
    size_t left;      // bytes
    bool user;
    int64_t position; // explicit offset (pread); −1: the file's own
};

// Copy and advance. STATUS_BAD_ADDRESS: the user's side faulted; nothing is consumed.
static inline enum status io_copy_out(struct io_vector *to, const void *bytes, size_t size)
{
    size = MIN(size, to->left);
    if (LIKELY(to->user))
        TRY(arch_copy_to_user(to->address, bytes, size));
    else
        memcpy((void *)(uintptr_t)to->address, bytes, size);
    to->address += size;
    to->left -= size;
    return STATUS_OK;
}

static inline enum status io_copy_in(struct io_vector *from, void *bytes, size_t size)
{
    size = MIN(size, from->left);
    if (LIKELY(from->user))
        TRY(arch_copy_from_user(bytes, from->address, size));
    else
        memcpy(bytes, (const void *)(uintptr_t)from->address, size);
    from->address += size;
    from->left -= size;
    return STATUS_OK;
}

// An open file without a name (pipe end, …) with one reference.
enum status file_create(const struct file_ops *ops, uint32_t flags, void *data, struct open_file **file);
void file_retain(struct open_file *file);
void file_release(struct open_file *file);

// Moves bytes between a file and kernel memory; short counts only at the end of the file.
enum status file_read_at(struct open_file *file, uint64_t offset, void *to, size_t size, size_t *done);
enum status file_read(struct open_file *file, void *to, size_t size, size_t *done);          // at its offset
enum status file_write(struct open_file *file, const void *from, size_t size, size_t *done); // at its offset
// Moves bytes between a file and a vector, at vector->position or the file's offset. The checks of read(2) and write(2): access mode,
// directories, seekability. Short counts as those calls have them.
enum status file_check_position(const struct open_file *file, const struct io_vector *vector); // vector->position is given
enum status file_refuse_read(const struct open_file *file);                                    // why it cannot be read
enum status file_refuse_write(const struct open_file *file);

static inline enum status file_read_vector(struct open_file *file, struct io_vector *to, size_t *done)
{
    // O_PATH gives a file operations that have no read.
    uint32_t access = atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_ACCMODE;
    if (UNLIKELY(access == LINUX_O_WRONLY || !file->ops->read))
        return file_refuse_read(file);
    if (to->position >= 0)
        TRY(file_check_position(file, to));
    *done = 0;
    return file->ops->read(file, to, done);
}

static inline enum status file_write_vector(struct open_file *file, struct io_vector *from, size_t *done)
{
    uint32_t access = atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_ACCMODE;
    if (UNLIKELY(access == LINUX_O_RDONLY || !file->ops->write))
        return file_refuse_write(file);
    if (from->position >= 0)
        TRY(file_check_position(file, from));
    *done = 0;
    return file->ops->write(file, from, done);
}

bool file_seekable(const struct open_file *file);
enum status file_seek(struct open_file *file, int64_t offset, int whence, uint64_t *position);
enum status file_ioctl(struct open_file *file, uint64_t request, uint64_t argument, int64_t *result);
static inline uint32_t file_poll(struct open_file *file, struct poll_request *request)
{
    return LIKELY(file->ops->poll != nullptr) ? file->ops->poll(file, request)
                                              : LINUX_POLLIN | LINUX_POLLOUT | LINUX_POLLRDNORM | LINUX_POLLWRNORM;
}
void file_stat(struct open_file *file, struct linux_stat *status);   // nameless objects too
void file_describe(struct open_file *file, char *text, size_t size); // what /proc/PID/fd/N leads to, as the kernel context sees it
// The names of a directory from the file's offset on, "." and ".." included; add as in node_ops.read_directory.
enum status file_read_directory(struct open_file *file,
                                bool (*add)(void *context, const char *name, size_t length, uint64_t number, uint32_t mode, uint64_t next),
                                void *context);
// nullptr: not mappable.
struct page_source *file_page_source(struct open_file *file);

// ---- paths ----

// The kernel's own: rooted at "/", never released. Copying takes references, releasing gives them back.
struct vfs_context *vfs_kernel_context(void);
enum status vfs_context_copy(const struct vfs_context *from, struct vfs_context *to);
void vfs_context_release(struct vfs_context *context);
// Takes a reference of its own on the entry, which must be a directory that may be searched (chdir, chroot).
enum status vfs_context_set_current(struct vfs_context *context, struct entry *entry);
enum status vfs_context_set_root(struct vfs_context *context, struct entry *entry);

// `base`: directory for relative paths; nullptr: the context's current one. Flags are Linux's O_… .
enum status vfs_open(struct vfs_context *context, struct entry *base, const char *path, uint32_t flags, uint32_t mode,
                     struct open_file **file);
// A file in memory that has no name but this to be shown, open for reading and writing. STATUS_BAD_ARGUMENT: the name is too long.
enum status vfs_memory_file(const char *name, struct open_file **file);
// Resolves to an entry with a reference. `follow`: the last symbolic link too.
enum status vfs_lookup(struct vfs_context *context, struct entry *base, const char *path, bool follow, struct entry **entry);
void entry_retain(struct entry *entry);
void entry_release(struct entry *entry);
struct node *entry_node(struct entry *entry);
// The absolute path as the context sees it. STATUS_OUT_OF_RANGE: it does not fit; STATUS_NOT_FOUND: it was removed.
enum status vfs_path(struct vfs_context *context, struct entry *entry, char *path, size_t size);

// mkdir, mknod, symlink, link, unlink (rmdir if `directory`), rename, mount and umount, with their checks; paths as in vfs_open.
enum status vfs_make_directory(struct vfs_context *context, struct entry *base, const char *path, uint32_t mode);
enum status vfs_make_node(struct vfs_context *context, struct entry *base, const char *path, uint32_t mode, uint64_t device);
enum status vfs_symlink(struct vfs_context *context, const char *target, struct entry *base, const char *path);
enum status vfs_link(struct vfs_context *context, struct entry *old_base, const char *old_path, bool follow, struct entry *new_base,
                     const char *new_path);
enum status vfs_unlink(struct vfs_context *context, struct entry *base, const char *path, bool directory);
enum status vfs_rename(struct vfs_context *context, struct entry *old_base, const char *old_path, struct entry *new_base,
                       const char *new_path, uint32_t flags);
enum status vfs_mount(struct vfs_context *context, const char *source, const char *path, const char *type, const char *options);
enum status vfs_unmount(struct vfs_context *context, const char *path);
// For the mount whose root the path names; STATUS_BAD_ARGUMENT for another.
enum status vfs_set_read_only(struct vfs_context *context, const char *path, bool read_only);
void vfs_stat_node(struct node *node, struct linux_stat *status);
// A path of the node if one is in use, else "fs:[number]" (for /proc/PID/maps).
void vfs_node_path(struct node *node, char *text, size_t size);
// page_source_ops.identify of sources that are a node's.
void node_identify_source(struct page_source *source, uint64_t *device, uint64_t *number);
// Numbers for statfs(2).
void vfs_statistics(struct mount_point *mount, struct linux_statfs *statistics);
// Calls visit per mount with its path.
void vfs_each_mount(void (*visit)(void *context, const struct mount_point *mount, const char *path), void *context);

// ---- devices (character files in /dev) ----

struct device_file {
    const char *name; // in /dev
    uint64_t number;  // LINUX_DEVICE(major, minor)
    uint32_t mode;    // permissions
    const struct file_ops *ops;
    enum status (*open)(struct node *node, struct open_file *file); // may be nullptr
};
#define LINUX_DEVICE(major_, minor_) (((uint64_t)(major_) << 8) | (uint64_t)(minor_))
// The row must stay. Shows up in /dev at once (devfs) and serves device nodes made with mknod.
enum status device_file_register(const struct device_file *device);
const struct device_file *device_file_find(uint64_t number);
void device_file_each(void (*visit)(void *context, const struct device_file *device), void *context);

// ---- poll ----
// A poll_request enters the running thread into several wait queues and leaves them all at the end.
enum { POLL_WAITERS_INLINE = 8 };
void poll_wait(struct poll_request *request, struct wait_queue *queue); // called by file_ops.poll

// One file of a poll. `file` nullptr: skipped.
struct poll_item {
    struct open_file *file;
    uint32_t wanted, ready; // POLLIN …; errors and hang-ups are always reported
};
// Waits until an item is ready or `deadline_ns` (UINT64_MAX: never; 0: only looks). *ready: how many are. STATUS_INTERRUPTED.
enum status poll_files(struct poll_item *items, size_t count, uint64_t deadline_ns, size_t *ready);

// ---- pipes ----
enum status pipe_create(uint32_t flags, struct open_file **read_end, struct open_file **write_end);
bool pipe_is_end(const struct open_file *file);
enum status pipe_get_size(struct open_file *file, uint64_t *bytes);
enum status pipe_set_size(struct open_file *file, uint64_t bytes, uint64_t *result); // STATUS_BUSY: it holds more than that

// ---- advisory locks (file_lock.c): POSIX records belong to an owner (a descriptor table), flock's to an open file ----
enum status file_lock_set(struct open_file *file, const void *owner, const struct linux_flock *lock, bool wait);
enum status file_lock_get(struct open_file *file, const void *owner, struct linux_flock *lock); // type becomes F_UNLCK: nothing conflicts
enum status file_lock_whole(struct open_file *file, int operation);                             // flock(2)
void file_lock_drop(struct node *node, const void *owner);                                      // all records of the owner

// ---- /proc ----
// A file of /proc whose text a subsystem writes: rows beside the code. `path` below /proc, e.g. "helix/unimplemented".
struct text_writer;
struct proc_file {
    const char *path;
    void (*show)(struct text_writer *out);  // thread context, may block
    enum status (*store)(const char *text); // what one write says, without its last newline; nullptr: not written
};
#define PROC_FILE(name_, path_, show_) \
    TABLE_ROW(helix_proc_files) static const struct proc_file proc_file_##name_ = { .path = path_, .show = show_ }
#define PROC_FILE_WRITTEN(name_, path_, show_, store_) \
    TABLE_ROW(helix_proc_files) static const struct proc_file proc_file_##name_ = { .path = path_, .show = show_, .store = store_ }
// Files of /proc/PID: the process has a reference while show runs.
struct process;
struct thread;
struct proc_process_file {
    const char *name;
    uint32_t mode;
    void (*show)(struct text_writer *out, struct process *process);
    void (*show_thread)(struct text_writer *out, struct process *process, struct thread *thread); // in task/TID; nullptr: not there
    enum status (*store)(struct process *process, const char *text); // what one write says, without its last newline; nullptr: not written
};
#define PROC_PROCESS_FILE(name_, file_, show_) \
    TABLE_ROW(helix_proc_process_files)        \
    static const struct proc_process_file proc_process_file_##name_ = { .name = file_, .mode = 0444, .show = show_ }
[[gnu::format(printf, 2, 3)]] void text_write(struct text_writer *out, const char *format, ...);
void text_write_bytes(struct text_writer *out, const void *bytes, size_t size);
