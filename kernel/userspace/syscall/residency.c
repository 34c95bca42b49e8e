// SPDX-License-Identifier: MIT
// residency.c: system calls on what is in memory and stays there: madvise, mincore, msync, mlock and its relatives.
#include "calls.h"
#include "memory.h"

#include <abi/linux/mman.h>

#include <arch/user.h>

#include <helix/space.h>

enum { RESIDENCY_CHUNK = 256 }; // pages of one look

// A range in whole pages; STATUS_BAD_ARGUMENT when it is none.
static enum status range_round(uint64_t at, uint64_t *size)
{
    uint64_t whole = align_up(*size, PAGE_SIZE);
    if (!is_aligned(at, PAGE_SIZE) || whole < *size || at + whole < at)
        return STATUS_BAD_ARGUMENT;
    *size = whole;
    return STATUS_OK;
}

// Shared pages are the file's own, so there is nothing to write back; the range is checked all the same.
static enum status sync_range(struct space *space, uint64_t at, uint64_t size, uint64_t flags)
{
    if (flags & ~(uint64_t)(LINUX_MS_ASYNC | LINUX_MS_INVALIDATE | LINUX_MS_SYNC) || (flags & LINUX_MS_ASYNC && flags & LINUX_MS_SYNC) ||
        !is_aligned(at, PAGE_SIZE))
        return STATUS_BAD_ARGUMENT;
    if (range_round(at, &size) != STATUS_OK)
        return STATUS_NO_MEMORY;
    if (flags & LINUX_MS_INVALIDATE && space_holds_locked(space, at, size))
        return STATUS_BUSY;
    return space_holds(space, at, size) ? STATUS_OK : STATUS_NO_MEMORY;
}

int64_t sys_msync(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    return syscall_result(sync_range(self->process->space, value[0], value[1], value[2]));
}

// ---- madvise ----

// As Linux tells the reasons apart: a hole, access that forbids it, and what would be a signal.
static enum status advise_populate(struct space *space, uint64_t at, uint64_t size, bool write)
{
    if (!space_holds(space, at, size))
        return STATUS_NO_MEMORY;
    enum status outcome = space_populate(space, at, size, write);
    if (outcome == STATUS_OK || outcome == STATUS_NO_MEMORY)
        return outcome;
    return outcome == STATUS_DENIED ? STATUS_BAD_ARGUMENT : outcome == STATUS_NOT_MAPPED ? STATUS_NO_MEMORY : STATUS_BAD_ADDRESS;
}

static enum status advise(struct space *space, uint64_t at, uint64_t size, uint64_t advice)
{
    bool populate = advice == LINUX_MADV_POPULATE_READ || advice == LINUX_MADV_POPULATE_WRITE;
    if (!populate && advice != LINUX_MADV_REMOVE && (advice > UINT32_MAX || !space_advice_known((uint32_t)advice)))
        return STATUS_BAD_ARGUMENT;
    TRY(range_round(at, &size));
    if (!size)
        return STATUS_OK;
    if (populate)
        return advise_populate(space, at, size, advice == LINUX_MADV_POPULATE_WRITE);
    return advice == LINUX_MADV_REMOVE ? space_remove(space, at, size) : space_advise(space, at, size, (uint32_t)advice);
}

int64_t sys_madvise(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    return syscall_result(advise(self->process->space, value[0], value[1], (uint32_t)value[2]));
}

// ---- mincore ----

static enum status residency_copy(struct space *space, uint64_t at, uint64_t pages, uint64_t to)
{
    uint8_t resident[RESIDENCY_CHUNK];
    while (pages) {
        size_t part = (size_t)MIN(pages, (uint64_t)RESIDENCY_CHUNK);
        TRY(space_residency(space, at, part, resident));
        TRY(arch_copy_to_user(to, resident, part));
        at += part * PAGE_SIZE;
        to += part;
        pages -= part;
    }
    return STATUS_OK;
}

int64_t sys_mincore(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t at = arguments->value[0], size = arguments->value[1];
    if (!is_aligned(at, PAGE_SIZE))
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (range_round(at, &size) != STATUS_OK || at > arch_user_end() || size > arch_user_end() - at)
        return syscall_result(STATUS_NO_MEMORY);
    return syscall_result(residency_copy(self->process->space, at, size >> PAGE_SHIFT, arguments->value[2]));
}

// ---- mlock ----

enum status lock_allowance(struct thread *self, bool wanted)
{
    const struct user_process *user = user_process(self);
    uint64_t limit = user->effective_user ? user->limits[LINUX_RLIMIT_MEMLOCK].current : UINT64_MAX;
    self->process->space->limit_locked = limit;
    return wanted && !limit ? STATUS_NOT_PERMITTED : STATUS_OK;
}

// The pages that hold any byte of [at, at + size).
static enum status lock_range(uint64_t *at, uint64_t *size)
{
    uint64_t start = align_down(*at, PAGE_SIZE), end = align_up(*at + *size, PAGE_SIZE);
    if (*at + *size < *at || end < *at + *size)
        return STATUS_BAD_ARGUMENT;
    *at = start;
    *size = end - start;
    return STATUS_OK;
}

static enum status lock_pages(struct thread *self, uint64_t at, uint64_t size, bool now)
{
    TRY(lock_allowance(self, true));
    TRY(lock_range(&at, &size));
    return space_lock(self->process->space, at, size, now);
}

int64_t sys_mlock(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(lock_pages(self, arguments->value[0], arguments->value[1], true));
}

int64_t sys_mlock2(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t flags = (uint32_t)arguments->value[2];
    if (flags & ~(uint64_t)LINUX_MLOCK_ONFAULT)
        return syscall_result(STATUS_BAD_ARGUMENT);
    return syscall_result(lock_pages(self, arguments->value[0], arguments->value[1], !(flags & LINUX_MLOCK_ONFAULT)));
}

int64_t sys_munlock(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t at = arguments->value[0], size = arguments->value[1];
    enum status outcome = lock_range(&at, &size);
    return syscall_result(outcome == STATUS_OK ? space_unlock(self->process->space, at, size) : outcome);
}

int64_t sys_mlockall(struct thread *self, const struct syscall_arguments *arguments)
{
    uint32_t flags = (uint32_t)arguments->value[0];
    if (!(flags & (LINUX_MCL_CURRENT | LINUX_MCL_FUTURE)) || flags & ~(uint32_t)(LINUX_MCL_CURRENT | LINUX_MCL_FUTURE | LINUX_MCL_ONFAULT))
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status allowed = lock_allowance(self, true);
    if (allowed != STATUS_OK)
        return syscall_result(allowed);
    static_assert((uint32_t)LINUX_MCL_CURRENT == SPACE_LOCK_PRESENT && (uint32_t)LINUX_MCL_FUTURE == SPACE_LOCK_FUTURE &&
                  (uint32_t)LINUX_MCL_ONFAULT == SPACE_LOCK_AT_FAULT);
    return syscall_result(space_lock_all(self->process->space, flags));
}

int64_t sys_munlockall(struct thread *self, const struct syscall_arguments *arguments)
{
    return syscall_result(space_unlock_all(self->process->space));
}
