// SPDX-License-Identifier: MIT
// memory.c: system calls on the address space: mmap, mprotect, munmap, brk, mremap, and those on protection keys.
#include "calls.h"
#include "memory.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/mman.h>
#include <abi/linux/stat.h>

#include <arch/keys.h>
#include <arch/user.h>

#include <helix/space.h>

enum : uint64_t { HINT_LOWEST = 64 * KIB };

static uint32_t access_from(uint64_t protection)
{
    return (protection & LINUX_PROT_READ ? PAGE_READ : 0) | (protection & LINUX_PROT_WRITE ? PAGE_WRITE : 0) |
           (protection & LINUX_PROT_EXEC ? PAGE_EXECUTE : 0);
}

static uint32_t map_flags_from(uint64_t flags)
{
    uint32_t placed = flags & LINUX_MAP_FIXED_NOREPLACE ? MAP_AT_FREE : flags & LINUX_MAP_FIXED ? MAP_AT : 0;
    return placed | (flags & LINUX_MAP_GROWSDOWN ? MAP_GROWS_DOWN : 0) | (flags & LINUX_MAP_NORESERVE ? MAP_NO_RESERVE : 0) |
           (flags & LINUX_MAP_POPULATE && !(flags & LINUX_MAP_NONBLOCK) ? MAP_PREFAULT : 0) | (flags & LINUX_MAP_LOCKED ? MAP_LOCK : 0);
}

static bool file_is_zeros(const struct open_file *file)
{
    return file->node && (file->node->mode & LINUX_S_IFMT) == LINUX_S_IFCHR && file->node->device == LINUX_DEVICE(1, 5);
}

// What the file's open mode allows. *no_write: a shared mapping that mprotect must not make writable.
static enum status map_file_rights(const struct open_file *file, uint32_t access, bool shared, bool *no_write)
{
    uint32_t mode = atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_ACCMODE;
    if (mode == LINUX_O_WRONLY)
        return STATUS_DENIED;
    *no_write = shared && mode == LINUX_O_RDONLY;
    return *no_write && access & PAGE_WRITE ? STATUS_DENIED : STATUS_OK;
}

static enum status map_file(struct thread *self, struct open_file *file, struct map_request *request, uint64_t *at)
{
    bool shared = request->flags & MAP_SHARED_PAGES, no_write;
    TRY(map_file_rights(file, request->access, shared, &no_write));
    request->flags |= no_write ? MAP_NO_WRITE : 0;
    request->source = file_page_source(file);
    if (!request->source && !file_is_zeros(file))
        return STATUS_NO_DEVICE;
    return space_map(self->process->space, request, at);
}

// The descriptor's file with a reference; paths without access (O_PATH) are none.
static enum status map_get_file(struct thread *self, int number, struct open_file **file)
{
    TRY(descriptor_get(user_process(self)->files, number, file));
    if (!(atomic_load_explicit(&(*file)->flags, memory_order_relaxed) & LINUX_O_PATH))
        return STATUS_OK;
    file_release(*file);
    return STATUS_BAD_HANDLE;
}

// What cannot be together. Large pages are never in stock, as on a Linux where nobody reserved any.
static enum status map_check_type(uint64_t flags, bool file)
{
    uint64_t type = flags & LINUX_MAP_TYPE;
    if (type != LINUX_MAP_PRIVATE && type != LINUX_MAP_SHARED && (type != LINUX_MAP_SHARED_VALIDATE || !file))
        return STATUS_BAD_ARGUMENT;
    if (type == LINUX_MAP_SHARED_VALIDATE && flags & LINUX_MAP_SYNC)
        return STATUS_NOT_IMPLEMENTED;
    if (flags & LINUX_MAP_HUGETLB)
        return file ? STATUS_BAD_ARGUMENT : STATUS_NO_MEMORY;
    return flags & LINUX_MAP_GROWSDOWN && (file || type != LINUX_MAP_PRIVATE) ? STATUS_BAD_ARGUMENT : STATUS_OK;
}

static enum status map_check_place(uint64_t flags, uint64_t *hint)
{
    if (flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE))
        return is_aligned(*hint, PAGE_SIZE) ? STATUS_OK : STATUS_BAD_ARGUMENT;
    *hint = align_down(*hint, PAGE_SIZE);
    if (*hint && *hint < HINT_LOWEST)
        *hint = HINT_LOWEST;
    return STATUS_OK;
}

static enum status map_with_file(struct thread *self, struct open_file *file, uint64_t flags, struct map_request *request, uint64_t *at)
{
    if (!request->size)
        return STATUS_BAD_ARGUMENT;
    TRY(map_check_type(flags, file != nullptr));
    TRY(map_check_place(flags, &request->hint));
    if (UNLIKELY(flags & LINUX_MAP_LOCKED || self->process->space->lock_future))
        TRY(lock_allowance(self, flags & LINUX_MAP_LOCKED));
    request->flags = map_flags_from(flags) | ((flags & LINUX_MAP_TYPE) != LINUX_MAP_PRIVATE ? MAP_SHARED_PAGES : 0);
    if (file)
        return map_file(self, file, request, at);
    request->offset = 0;
    return space_map(self->process->space, request, at);
}

// Private memory anywhere, as nearly every anonymous mapping is asked for: nothing of it needs to be looked at twice.
static int64_t map_memory(struct space *space, uint64_t size, uint32_t access, uint64_t flags)
{
    const struct map_request request = { .size = size, .access = access, .flags = flags & LINUX_MAP_NORESERVE ? MAP_NO_RESERVE : 0 };
    uint64_t at;
    enum status outcome = space_map(space, &request, &at);
    return LIKELY(outcome == STATUS_OK) ? (int64_t)at : syscall_result(outcome);
}

// Everything else.
[[gnu::noinline]] static int64_t map_any(struct thread *self, const uint64_t *value)
{
    uint64_t flags = value[3], at;
    struct open_file *file = nullptr;
    struct map_request request = { .hint = value[0], .size = value[1], .access = access_from(value[2]), .offset = value[5] };
    if (!(flags & LINUX_MAP_ANONYMOUS)) {
        enum status found = map_get_file(self, (int)value[4], &file);
        if (found != STATUS_OK)
            return syscall_result(found);
    }
    enum status outcome = map_with_file(self, file, flags, &request, &at);
    if (file)
        file_release(file);
    return outcome == STATUS_OK ? (int64_t)at : syscall_result(outcome);
}

int64_t sys_mmap(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    const uint64_t plain = LINUX_MAP_NORESERVE | LINUX_MAP_STACK;
    struct space *space = self->process->space;
    if (UNLIKELY(!is_aligned(value[5], PAGE_SIZE)))
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (LIKELY((value[3] & ~plain) == (LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS) && !value[0] && !space->lock_future))
        return map_memory(space, value[1], access_from(value[2]), value[3]);
    return map_any(self, value);
}

int64_t sys_munmap(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(space_unmap(self->process->space, arguments->value[0], arguments->value[1]));
}

// A range with PROT_GROWSDOWN reaches down to where the stack that holds it begins. Nothing grows up here.
static enum status protect_stack(struct thread *self, uint64_t at, uint64_t size, uint32_t access, uint32_t key)
{
    uint64_t start;
    if (!size)
        return STATUS_OK;
    if (at + size < at)
        return STATUS_NO_MEMORY;
    TRY(space_stack_start(self->process->space, at, size, &start));
    return space_protect_key(self->process->space, start, at + size - start, access, key);
}

// `key`: an int of −1, too, says that keys stay (SPACE_KEY_KEPT).
static inline enum status protect(struct thread *self, const uint64_t *value, uint32_t key)
{
    uint64_t other = value[2] & ~(uint64_t)(LINUX_PROT_READ | LINUX_PROT_WRITE | LINUX_PROT_EXEC | LINUX_PROT_SEM);
    if (LIKELY(!other))
        return space_protect_key(self->process->space, value[0], value[1], access_from(value[2]), key);
    if (other != LINUX_PROT_GROWSDOWN || !is_aligned(value[0], PAGE_SIZE))
        return STATUS_BAD_ARGUMENT;
    return protect_stack(self, value[0], value[1], access_from(value[2]), key);
}

int64_t sys_mprotect(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(protect(self, arguments->value, SPACE_KEY_KEPT));
}

int64_t sys_pkey_mprotect(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(protect(self, arguments->value, (uint32_t)arguments->value[3]));
}

int64_t sys_pkey_alloc(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t flags = arguments->value[0], rights = arguments->value[1];
    uint32_t key;
    if (flags || rights & ~(uint64_t)KEY_RIGHTS)
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status outcome = space_key_alloc(self->process->space, (uint32_t)rights, &key);
    return outcome == STATUS_OK ? (int64_t)key : syscall_result(outcome);
}

int64_t sys_pkey_free(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(space_key_free(self->process->space, (uint32_t)arguments->value[0]));
}

int64_t sys_brk(struct thread *self, const struct syscall_arguments *arguments)
{
    if (UNLIKELY(self->process->space->lock_future))
        (void)lock_allowance(self, false);
    return (int64_t)space_brk(self->process->space, arguments->value[0]);
}

int64_t sys_mremap(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    if (value[3] > UINT32_MAX)
        return syscall_result(STATUS_BAD_ARGUMENT);
    uint64_t at;
    if (UNLIKELY(self->process->space->locked))
        (void)lock_allowance(self, false);
    enum status outcome = space_remap(self->process->space, value[0], value[1], value[2], (uint32_t)value[3], value[4], &at);
    return outcome == STATUS_OK ? (int64_t)at : syscall_result(outcome);
}
