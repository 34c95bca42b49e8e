// SPDX-License-Identifier: MIT
// path.c: system calls on names: making, removing, renaming, listing, mounting, and where a process stands.
#include <abi/linux/directory.h>
#include <abi/linux/fcntl.h>
#include <lib/string.h>

#include <arch/user.h>

#include <helix/heap.h>

#include "calls.h"
#include "path_argument.h"

// ---- one path ----

// What is done with a path once it and its base are there.
struct path_call {
    struct vfs_context *place;
    struct entry *base;
    const char *path;
    uint32_t mode;
    uint64_t extra;
};

static int64_t with_path(struct thread *self, int directory, uint64_t address, uint32_t mode, uint64_t extra,
                         enum status (*run)(const struct path_call *call))
{
    struct path_argument path __attribute__((uninitialized));
    struct path_base base;
    enum status status = path_argument_get(&path, address);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = path_base_get(self, directory, path.text, &base);
    if (status == STATUS_OK) {
        struct path_call call = { &user_process(self)->place, base.entry, path.text, mode, extra };
        status = run(&call);
        path_base_put(&base);
    }
    path_argument_put(&path);
    return syscall_result(status);
}

static enum status run_make_directory(const struct path_call *call)
{
    return vfs_make_directory(call->place, call->base, call->path, call->mode);
}

int64_t sys_mkdir(struct thread *self, const struct syscall_arguments *arguments)
{
    return with_path(self, LINUX_AT_FDCWD, arguments->value[0], (uint32_t)arguments->value[1], 0, run_make_directory);
}

int64_t sys_mkdirat(struct thread *self, const struct syscall_arguments *arguments)
{
    return with_path(self, (int)arguments->value[0], arguments->value[1], (uint32_t)arguments->value[2], 0, run_make_directory);
}

static enum status run_make_node(const struct path_call *call)
{
    return vfs_make_node(call->place, call->base, call->path, call->mode, call->extra);
}

// Linux packs a device number as the kernel does, for minors below 256; larger ones lie above the major's twelve bits.
static int64_t make_node_at(struct thread *self, int directory, uint64_t path, uint32_t mode, uint64_t device)
{
    uint32_t type = mode & LINUX_S_IFMT;
    if ((type == LINUX_S_IFCHR || type == LINUX_S_IFBLK) && user_process(self)->effective_user != 0)
        return syscall_result(STATUS_NOT_PERMITTED);
    return with_path(self, directory, path, mode, (uint32_t)device, run_make_node);
}

int64_t sys_mknod(struct thread *self, const struct syscall_arguments *arguments)
{
    return make_node_at(self, LINUX_AT_FDCWD, arguments->value[0], (uint32_t)arguments->value[1], arguments->value[2]);
}

int64_t sys_mknodat(struct thread *self, const struct syscall_arguments *arguments)
{
    return make_node_at(self, (int)arguments->value[0], arguments->value[1], (uint32_t)arguments->value[2], arguments->value[3]);
}

static enum status run_unlink(const struct path_call *call)
{
    return vfs_unlink(call->place, call->base, call->path, call->extra);
}

int64_t sys_unlink(struct thread *self, const struct syscall_arguments *arguments)
{
    return with_path(self, LINUX_AT_FDCWD, arguments->value[0], 0, false, run_unlink);
}

int64_t sys_rmdir(struct thread *self, const struct syscall_arguments *arguments)
{
    return with_path(self, LINUX_AT_FDCWD, arguments->value[0], 0, true, run_unlink);
}

int64_t sys_unlinkat(struct thread *self, const struct syscall_arguments *arguments)
{
    uint32_t flags = (uint32_t)arguments->value[2];
    if (flags & ~(uint32_t)LINUX_AT_REMOVEDIR)
        return syscall_result(STATUS_BAD_ARGUMENT);
    return with_path(self, (int)arguments->value[0], arguments->value[1], 0, flags != 0, run_unlink);
}

static enum status run_symlink(const struct path_call *call)
{
    return vfs_symlink(call->place, (const char *)(uintptr_t)call->extra, call->base, call->path);
}

static int64_t symlink_at(struct thread *self, uint64_t target_address, int directory, uint64_t path)
{
    struct path_argument target __attribute__((uninitialized));
    enum status status = path_argument_get(&target, target_address);
    if (status != STATUS_OK)
        return syscall_result(status);
    int64_t result = with_path(self, directory, path, 0, (uint64_t)(uintptr_t)target.text, run_symlink);
    path_argument_put(&target);
    return result;
}

int64_t sys_symlink(struct thread *self, const struct syscall_arguments *arguments)
{
    return symlink_at(self, arguments->value[0], LINUX_AT_FDCWD, arguments->value[1]);
}

int64_t sys_symlinkat(struct thread *self, const struct syscall_arguments *arguments)
{
    return symlink_at(self, arguments->value[0], (int)arguments->value[1], arguments->value[2]);
}

// ---- two paths ----

struct path_pair {
    struct path_argument old_path, new_path;
    struct path_base old_base, new_base;
};

static enum status path_pair_bases(struct thread *self, struct path_pair *pair, int old_directory, int new_directory)
{
    TRY(path_base_get(self, old_directory, pair->old_path.text, &pair->old_base));
    enum status status = path_base_get(self, new_directory, pair->new_path.text, &pair->new_base);
    if (status != STATUS_OK)
        path_base_put(&pair->old_base);
    return status;
}

static int64_t with_two_paths(struct thread *self, int old_directory, uint64_t old_path, int new_directory, uint64_t new_path,
                              uint32_t flags, enum status (*run)(struct vfs_context *place, const struct path_pair *pair, uint32_t flags))
{
    struct path_pair pair __attribute__((uninitialized));
    enum status status = path_argument_get(&pair.old_path, old_path);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = path_argument_get(&pair.new_path, new_path);
    if (status == STATUS_OK) {
        status = path_pair_bases(self, &pair, old_directory, new_directory);
        if (status == STATUS_OK) {
            status = run(&user_process(self)->place, &pair, flags);
            path_base_put(&pair.new_base);
            path_base_put(&pair.old_base);
        }
        path_argument_put(&pair.new_path);
    }
    path_argument_put(&pair.old_path);
    return syscall_result(status);
}

static enum status run_rename(struct vfs_context *place, const struct path_pair *pair, uint32_t flags)
{
    return vfs_rename(place, pair->old_base.entry, pair->old_path.text, pair->new_base.entry, pair->new_path.text, flags);
}

int64_t sys_rename(struct thread *self, const struct syscall_arguments *arguments)
{
    return with_two_paths(self, LINUX_AT_FDCWD, arguments->value[0], LINUX_AT_FDCWD, arguments->value[1], 0, run_rename);
}

int64_t sys_renameat(struct thread *self, const struct syscall_arguments *arguments)
{
    return with_two_paths(self, (int)arguments->value[0], arguments->value[1], (int)arguments->value[2], arguments->value[3], 0,
                          run_rename);
}

int64_t sys_renameat2(struct thread *self, const struct syscall_arguments *arguments)
{
    return with_two_paths(self, (int)arguments->value[0], arguments->value[1], (int)arguments->value[2], arguments->value[3],
                          (uint32_t)arguments->value[4], run_rename);
}

static enum status run_link(struct vfs_context *place, const struct path_pair *pair, uint32_t flags)
{
    if (flags & ~(uint32_t)(LINUX_AT_SYMLINK_FOLLOW | LINUX_AT_EMPTY_PATH))
        return STATUS_BAD_ARGUMENT;
    if (pair->old_path.text[0] == '\0' && !(flags & LINUX_AT_EMPTY_PATH))
        return STATUS_NOT_FOUND;
    return vfs_link(place, pair->old_base.entry, pair->old_path.text, flags & LINUX_AT_SYMLINK_FOLLOW, pair->new_base.entry,
                    pair->new_path.text);
}

int64_t sys_link(struct thread *self, const struct syscall_arguments *arguments)
{
    return with_two_paths(self, LINUX_AT_FDCWD, arguments->value[0], LINUX_AT_FDCWD, arguments->value[1], 0, run_link);
}

int64_t sys_linkat(struct thread *self, const struct syscall_arguments *arguments)
{
    return with_two_paths(self, (int)arguments->value[0], arguments->value[1], (int)arguments->value[2], arguments->value[3],
                          (uint32_t)arguments->value[4], run_link);
}

// ---- reading links and directories ----

static int64_t read_link_of(struct node *node, uint64_t to, uint64_t size)
{
    if ((node->mode & LINUX_S_IFMT) != LINUX_S_IFLNK || !node->ops->read_link)
        return syscall_result(STATUS_BAD_ARGUMENT);
    char *target = heap_alloc(PATH_MAX_BYTES);
    if (!target)
        return syscall_result(STATUS_NO_MEMORY);
    enum status status = node->ops->read_link(node, target, PATH_MAX_BYTES);
    size_t length = status == STATUS_OK ? MIN(strlen(target), size) : 0;
    if (status == STATUS_OK)
        status = arch_copy_to_user(to, target, length);
    heap_free(target);
    return status == STATUS_OK ? (int64_t)length : syscall_result(status);
}

static int64_t read_link_at(struct thread *self, int directory, uint64_t path, uint64_t to, uint64_t size)
{
    struct entry *entry;
    if ((int32_t)size <= 0)
        return syscall_result(STATUS_BAD_ARGUMENT);
    uint32_t flags = LINUX_AT_SYMLINK_NOFOLLOW | (directory == LINUX_AT_FDCWD ? 0u : (uint32_t)LINUX_AT_EMPTY_PATH);
    enum status status = path_lookup(self, directory, path, flags, &entry);
    if (status != STATUS_OK)
        return syscall_result(status);
    int64_t result = read_link_of(entry_node(entry), to, (uint32_t)size);
    entry_release(entry);
    return result;
}

int64_t sys_readlink(struct thread *self, const struct syscall_arguments *arguments)
{
    return read_link_at(self, LINUX_AT_FDCWD, arguments->value[0], arguments->value[1], arguments->value[2]);
}

int64_t sys_readlinkat(struct thread *self, const struct syscall_arguments *arguments)
{
    return read_link_at(self, (int)arguments->value[0], arguments->value[1], arguments->value[2], arguments->value[3]);
}

struct listing {
    uint64_t to;
    uint64_t left;
    uint64_t done;
    enum status status; // why it stopped
};

static bool listing_add(void *context, const char *name, size_t length, uint64_t number, uint32_t mode, uint64_t next)
{
    struct listing *listing = context;
    struct {
        struct linux_dirent64 head;
        char name[NAME_MAX_BYTES + 8];
    } __attribute__((packed)) record __attribute__((uninitialized));
    size_t size = align_up(sizeof(record.head) + length + 1, 8);
    if (size > listing->left) {
        listing->status = STATUS_BAD_ARGUMENT; // told when nothing fitted at all
        return false;
    }
    record.head =
        (struct linux_dirent64){ .number = number, .next = (int64_t)next, .length = (uint16_t)size, .type = (uint8_t)(mode >> 12 & 15) };
    memcpy(record.name, name, length);
    memset(record.name + length, 0, size - sizeof(record.head) - length);
    listing->status = arch_copy_to_user(listing->to + listing->done, &record, size);
    if (listing->status != STATUS_OK)
        return false;
    listing->done += size;
    listing->left -= size;
    return true;
}

int64_t sys_getdents64(struct thread *self, const struct syscall_arguments *arguments)
{
    struct listing listing = { .to = arguments->value[1], .left = (uint32_t)arguments->value[2] };
    struct borrowed_file borrowed = descriptor_borrow(self, (int)arguments->value[0]);
    if (!borrowed.file)
        return syscall_result(STATUS_BAD_HANDLE);
    enum status status = file_read_directory(borrowed.file, listing_add, &listing);
    descriptor_give_back(borrowed);
    if (listing.done > 0)
        return (int64_t)listing.done;
    return syscall_result(status == STATUS_OK ? listing.status : status);
}

// ---- where a process stands ----

int64_t sys_getcwd(struct thread *self, const struct syscall_arguments *arguments)
{
    struct vfs_context here;
    char *path = heap_alloc(PATH_MAX_BYTES);
    if (!path)
        return syscall_result(STATUS_NO_MEMORY);
    enum status status = vfs_context_copy(&user_process(self)->place, &here);
    if (status == STATUS_OK) {
        status = vfs_path(&here, here.current, path, PATH_MAX_BYTES);
        vfs_context_release(&here);
    }
    size_t size = status == STATUS_OK ? strlen(path) + 1 : 0;
    if (status == STATUS_OK && size > arguments->value[1])
        status = STATUS_OUT_OF_RANGE;
    if (status == STATUS_OK)
        status = arch_copy_to_user(arguments->value[0], path, size);
    heap_free(path);
    return status == STATUS_OK ? (int64_t)size : syscall_result(status);
}

int64_t sys_chdir(struct thread *self, const struct syscall_arguments *arguments)
{
    struct entry *entry;
    enum status status = path_lookup(self, LINUX_AT_FDCWD, arguments->value[0], 0, &entry);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = vfs_context_set_current(&user_process(self)->place, entry);
    entry_release(entry);
    return syscall_result(status);
}

int64_t sys_fchdir(struct thread *self, const struct syscall_arguments *arguments)
{
    struct open_file *file;
    enum status status = file_argument(self, arguments->value[0], &file);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = file->entry ? vfs_context_set_current(&user_process(self)->place, file->entry) : STATUS_NOT_DIRECTORY;
    file_release(file);
    return syscall_result(status);
}

int64_t sys_chroot(struct thread *self, const struct syscall_arguments *arguments)
{
    struct entry *entry;
    enum status status = path_lookup(self, LINUX_AT_FDCWD, arguments->value[0], 0, &entry);
    if (status != STATUS_OK)
        return syscall_result(status);
    if (user_process(self)->effective_user != 0)
        status = STATUS_NOT_PERMITTED;
    else
        status = vfs_context_set_root(&user_process(self)->place, entry);
    entry_release(entry);
    return syscall_result(status);
}

int64_t sys_umask(struct thread *self, const struct syscall_arguments *arguments)
{
    struct vfs_context *place = &user_process(self)->place;
    uint32_t old = place->umask;
    place->umask = (uint32_t)arguments->value[0] & 0777;
    return old;
}

// ---- mounts ----

enum { MOUNT_TEXT = 128, UMOUNT_FORCE = 1, UMOUNT_NOFOLLOW = 8 };

// A short text that may be absent.
static enum status mount_text(char *to, uint64_t address)
{
    size_t length;
    to[0] = '\0';
    if (address == 0)
        return STATUS_OK;
    enum status status = arch_copy_string_from_user(to, address, MOUNT_TEXT, &length);
    return status == STATUS_TOO_LONG ? STATUS_BAD_ARGUMENT : status;
}

struct mount_call {
    char source[MOUNT_TEXT], type[MOUNT_TEXT], options[MOUNT_TEXT];
};

static enum status mount_at(struct vfs_context *place, const struct mount_call *call, const char *path, uint64_t flags)
{
    enum : uint64_t {
        KNOWN =
            LINUX_MS_RDONLY | LINUX_MS_NOSUID | LINUX_MS_NODEV | LINUX_MS_NOEXEC | LINUX_MS_SILENT | LINUX_MS_RELATIME | LINUX_MS_NOATIME
    };
    if ((flags & LINUX_MS_MAGIC_MASK) == LINUX_MS_MAGIC)
        flags &= ~LINUX_MS_MAGIC_MASK;
    bool read_only = flags & LINUX_MS_RDONLY;
    if (flags & LINUX_MS_REMOUNT)
        return vfs_set_read_only(place, path, read_only);
    if (flags & ~KNOWN)
        return STATUS_BAD_ARGUMENT;
    TRY(vfs_mount(place, call->source[0] ? call->source : "none", path, call->type, call->options));
    return read_only ? vfs_set_read_only(place, path, true) : STATUS_OK;
}

int64_t sys_mount(struct thread *self, const struct syscall_arguments *arguments)
{
    struct mount_call call;
    struct path_argument path __attribute__((uninitialized));
    if (user_process(self)->effective_user != 0)
        return syscall_result(STATUS_NOT_PERMITTED);
    enum status status = mount_text(call.source, arguments->value[0]);
    if (status == STATUS_OK)
        status = mount_text(call.type, arguments->value[2]);
    if (status == STATUS_OK)
        status = mount_text(call.options, arguments->value[4]);
    if (status == STATUS_OK)
        status = path_argument_get(&path, arguments->value[1]);
    if (status != STATUS_OK)
        return syscall_result(status);
    status = mount_at(&user_process(self)->place, &call, path.text, arguments->value[3]);
    path_argument_put(&path);
    return syscall_result(status);
}

static enum status run_unmount(const struct path_call *call)
{
    return vfs_unmount(call->place, call->path);
}

int64_t sys_umount2(struct thread *self, const struct syscall_arguments *arguments)
{
    if ((uint32_t)arguments->value[1] & ~(uint32_t)(UMOUNT_FORCE | UMOUNT_NOFOLLOW))
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (user_process(self)->effective_user != 0)
        return syscall_result(STATUS_NOT_PERMITTED);
    return with_path(self, LINUX_AT_FDCWD, arguments->value[0], 0, 0, run_unmount);
}
