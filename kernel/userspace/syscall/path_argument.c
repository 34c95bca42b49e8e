// SPDX-License-Identifier: MIT
// path_argument.c: paths and directory descriptors as system calls get them.
#include "path_argument.h"

#include <helix/heap.h>

enum status path_argument_get_long(struct path_argument *path, uint64_t address)
{
    size_t length;
    path->text = heap_alloc(PATH_MAX_BYTES);
    if (!path->text)
        return STATUS_NO_MEMORY;
    enum status status = arch_copy_string_from_user(path->text, address, PATH_MAX_BYTES, &length);
    if (status != STATUS_OK)
        path_argument_put(path);
    return status;
}

enum status path_base_find(struct thread *self, int number, struct path_base *base)
{
    base->file = descriptor_borrow(self, number);
    if (!base->file.file)
        return STATUS_BAD_HANDLE;
    base->entry = base->file.file->entry;
    if (base->entry)
        return STATUS_OK;
    descriptor_give_back(base->file);
    return STATUS_NOT_DIRECTORY;
}

static enum status lookup_at(struct thread *self, int directory, const char *path, uint32_t flags, struct entry **entry)
{
    struct vfs_context *place = &user_process(self)->place;
    struct path_base base;
    TRY(path_base_get(self, directory, path, &base));
    enum status status = STATUS_OK;
    if (path[0] == '\0' && (flags & LINUX_AT_EMPTY_PATH) && base.entry) {
        entry_retain(base.entry);
        *entry = base.entry;
    } else if (path[0] == '\0' && (flags & LINUX_AT_EMPTY_PATH)) {
        status = vfs_lookup(place, nullptr, ".", true, entry);
    } else {
        status = vfs_lookup(place, base.entry, path, !(flags & LINUX_AT_SYMLINK_NOFOLLOW), entry);
    }
    path_base_put(&base);
    return status;
}

enum status path_lookup(struct thread *self, int directory, uint64_t path, uint32_t flags, struct entry **entry)
{
    struct path_argument argument __attribute__((uninitialized));
    TRY(path_argument_get(&argument, path));
    enum status status = lookup_at(self, directory, argument.text, flags, entry);
    path_argument_put(&argument);
    return status;
}
