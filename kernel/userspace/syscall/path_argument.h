// SPDX-License-Identifier: MIT
// path_argument.h: paths and directory descriptors as system calls get them.
#pragma once

#include <abi/linux/fcntl.h>

#include <arch/user.h>

#include <helix/heap.h>
#include <helix/user.h>

enum { PATH_SHORT = 192 };

// A path out of user memory. Short ones stay on the stack, others on the heap.
struct path_argument {
    char *text;
    char in_place[PATH_SHORT];
};
enum status path_argument_get_long(struct path_argument *path, uint64_t address);

static inline enum status path_argument_get(struct path_argument *path, uint64_t address)
{
    size_t length;
    path->text = path->in_place;
    enum status status = arch_copy_string_from_user(path->in_place, address, PATH_SHORT, &length);
    return UNLIKELY(status == STATUS_TOO_LONG) ? path_argument_get_long(path, address) : status;
}

static inline void path_argument_put(struct path_argument *path)
{
    if (UNLIKELY(path->text != path->in_place))
        heap_free(path->text);
}

// Where a relative path starts: a directory descriptor, AT_FDCWD or, for an absolute path, nothing.
struct path_base {
    struct borrowed_file file;
    struct entry *entry; // nullptr: the current directory
};
enum status path_base_find(struct thread *self, int number, struct path_base *base);

static inline enum status path_base_get(struct thread *self, int number, const char *path, struct path_base *base)
{
    *base = (struct path_base){};
    return LIKELY(number == LINUX_AT_FDCWD || path[0] == '/') ? STATUS_OK : path_base_find(self, number, base);
}

static inline void path_base_put(struct path_base *base)
{
    descriptor_give_back(base->file);
}

// The entry that (directory, path) names, with a reference. `flags`: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH.
enum status path_lookup(struct thread *self, int directory, uint64_t path, uint32_t flags, struct entry **entry);

// The file of a descriptor, with a reference.
static inline enum status file_argument(struct thread *self, uint64_t number, struct open_file **file)
{
    return descriptor_get(user_process(self)->files, (int)number, file);
}

// What an interrupted call returns that starts again unless a handler says otherwise.
static inline int64_t result_restartable(enum status status)
{
    return syscall_result(status == STATUS_INTERRUPTED ? STATUS_RESTART : status);
}
