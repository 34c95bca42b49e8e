// SPDX-License-Identifier: MIT
// file_lock.c: advisory locks: POSIX records (fcntl) and whole-file locks (flock).
//
// Records of one owner never overlap each other; setting one cuts or swallows what the owner had in that range. Both kinds
// live in one list a node, told apart by `kind`, and never conflict across kinds, as on Linux. One mutex guards all: locks are
// rare. Whoever must wait sleeps on one queue and looks again when anything was released.
#include "fs.h"

#include <abi/linux/fcntl.h>

#include <helix/heap.h>
#include <helix/process.h>
#include <helix/thread.h>
#include <helix/wait.h>

enum lock_kind : uint8_t { LOCK_RECORD, LOCK_WHOLE };

struct file_lock {
    struct list_node link;
    const void *owner;   // a descriptor table, or an open file
    uint64_t process;    // for F_GETLK
    uint64_t start, end; // [start, end)
    enum lock_kind kind;
    bool exclusive;
};

struct file_locks {
    struct list_node locks;
};

enum : uint64_t { LOCK_TO_END = INT64_MAX };

static struct mutex locks_mutex = MUTEX(locks_mutex, RANK_FILES);
static struct wait_queue locks_released = WAIT_QUEUE(locks_released);

static struct file_lock *lock_of(struct list_node *link)
{
    return container_of(link, struct file_lock, link);
}

static struct file_lock *lock_conflict(const struct node *node, const struct file_lock *wanted)
{
    if (!node->locks)
        return nullptr;
    list_for_each(link, &node->locks->locks) {
        struct file_lock *lock = lock_of(link);
        bool apart = lock->kind != wanted->kind || lock->owner == wanted->owner || lock->end <= wanted->start || wanted->end <= lock->start;
        if (!apart && (lock->exclusive || wanted->exclusive))
            return lock;
    }
    return nullptr;
}

// Clears [start, end) of the owner's locks. `spare` becomes the second half when one is cut in the middle; true: it was used.
static bool lock_clear(struct node *node, const struct file_lock *range, struct file_lock *spare)
{
    bool used = false;
    if (!node->locks)
        return false;
    list_for_each_safe(link, &node->locks->locks) {
        struct file_lock *lock = lock_of(link);
        if (lock->kind != range->kind || lock->owner != range->owner || lock->end <= range->start || range->end <= lock->start)
            continue;
        bool before = lock->start<range->start, after = lock->end> range->end;
        if (before && after) {
            *spare = *lock;
            spare->start = range->end;
            list_add_tail(&node->locks->locks, &spare->link);
            used = true;
            lock->end = range->start;
        } else if (before) {
            lock->end = range->start;
        } else if (after) {
            lock->start = range->end;
        } else {
            list_remove(&lock->link);
            heap_free(lock);
        }
    }
    return used;
}

static void locks_free_if_empty(struct node *node)
{
    if (!node->locks || !list_empty(&node->locks->locks))
        return;
    heap_free(node->locks);
    node->locks = nullptr;
}

static enum status locks_ensure(struct node *node)
{
    if (node->locks)
        return STATUS_OK;
    struct file_locks *locks = heap_alloc(sizeof(*locks));
    if (!locks)
        return STATUS_NO_MEMORY;
    list_init(&locks->locks);
    node->locks = locks;
    return STATUS_OK;
}

// Waits until nothing conflicts; the mutex is held again on return.
static enum status lock_wait(struct node *node, const struct file_lock *wanted, bool wait) MUST_HOLD(locks_mutex)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && lock_conflict(node, wanted)) {
        if (!wait)
            return STATUS_WOULD_BLOCK;
        struct waiter waiter;
        waiter_init(&waiter);
        wait_begin(&locks_released, &waiter);
        mutex_release(&locks_mutex);
        status = thread_block(BLOCK_IO, UINT64_MAX);
        wait_end(&waiter);
        mutex_acquire(&locks_mutex);
    }
    return status;
}

// `fresh` and `spare` are the caller's; what is used becomes nullptr.
static enum status lock_apply(struct node *node, const struct file_lock *wanted, bool unlock, bool wait, struct file_lock **fresh,
                              struct file_lock **spare) MUST_HOLD(locks_mutex)
{
    if (!unlock) {
        TRY(lock_wait(node, wanted, wait));
        TRY(locks_ensure(node));
    }
    if (lock_clear(node, wanted, *spare))
        *spare = nullptr;
    if (!unlock) {
        **fresh = *wanted;
        list_add_tail(&node->locks->locks, &(*fresh)->link);
        *fresh = nullptr;
    }
    locks_free_if_empty(node);
    return STATUS_OK;
}

static enum status lock_set(struct node *node, const struct file_lock *wanted, bool unlock, bool wait)
{
    struct file_lock *fresh = heap_alloc(sizeof(*fresh)), *spare = heap_alloc(sizeof(*spare));
    enum status status = STATUS_NO_MEMORY;
    if (fresh && spare) {
        mutex_acquire(&locks_mutex);
        status = lock_apply(node, wanted, unlock, wait, &fresh, &spare);
        mutex_release(&locks_mutex);
        wait_wake_all(&locks_released);
    }
    heap_free(fresh);
    heap_free(spare);
    return status;
}

// The range of a struct flock as [start, end).
static enum status lock_range(struct open_file *file, const struct linux_flock *lock, struct file_lock *range)
{
    int64_t base = lock->whence == LINUX_SEEK_CUR ? (int64_t)file->offset : lock->whence == LINUX_SEEK_END ? (int64_t)file->node->size : 0;
    if (lock->whence < LINUX_SEEK_SET || lock->whence > LINUX_SEEK_END)
        return STATUS_BAD_ARGUMENT;
    int64_t start, end;
    if (__builtin_add_overflow(base, lock->start, &start))
        return STATUS_OVERFLOW;
    if (__builtin_add_overflow(start, lock->length, &end))
        return lock->length > 0 && start >= 0 ? STATUS_OVERFLOW : STATUS_BAD_ARGUMENT;
    if (lock->length < 0) {
        int64_t first = end;
        end = start;
        start = first;
    }
    if (start < 0)
        return STATUS_BAD_ARGUMENT;
    range->start = (uint64_t)start;
    range->end = lock->length == 0 ? LOCK_TO_END : (uint64_t)end;
    return STATUS_OK;
}

enum status file_lock_set(struct open_file *file, const void *owner, const struct linux_flock *lock, bool wait)
{
    uint32_t access = atomic_load_explicit(&file->flags, memory_order_relaxed);
    if (!file->node || (access & LINUX_O_PATH))
        return file->node ? STATUS_BAD_HANDLE : STATUS_BAD_ARGUMENT;
    if (lock->type < LINUX_F_RDLCK || lock->type > LINUX_F_UNLCK)
        return STATUS_BAD_ARGUMENT;
    access &= LINUX_O_ACCMODE;
    if ((lock->type == LINUX_F_RDLCK && access == LINUX_O_WRONLY) || (lock->type == LINUX_F_WRLCK && access == LINUX_O_RDONLY))
        return STATUS_BAD_HANDLE;
    struct file_lock wanted = {
        .owner = owner, .process = process_current()->id, .kind = LOCK_RECORD, .exclusive = lock->type == LINUX_F_WRLCK
    };
    TRY(lock_range(file, lock, &wanted));
    return lock_set(file->node, &wanted, lock->type == LINUX_F_UNLCK, wait);
}

enum status file_lock_get(struct open_file *file, const void *owner, struct linux_flock *lock)
{
    if (!file->node || (lock->type != LINUX_F_RDLCK && lock->type != LINUX_F_WRLCK))
        return STATUS_BAD_ARGUMENT;
    struct file_lock wanted = { .owner = owner, .kind = LOCK_RECORD, .exclusive = lock->type == LINUX_F_WRLCK };
    TRY(lock_range(file, lock, &wanted));
    mutex_acquire(&locks_mutex);
    const struct file_lock *conflict = lock_conflict(file->node, &wanted);
    lock->type = LINUX_F_UNLCK;
    if (conflict) {
        *lock = (struct linux_flock){
            .type = conflict->exclusive ? LINUX_F_WRLCK : LINUX_F_RDLCK,
            .whence = LINUX_SEEK_SET,
            .start = (int64_t)conflict->start,
            .length = conflict->end == LOCK_TO_END ? 0 : (int64_t)(conflict->end - conflict->start),
            .process = (int32_t)conflict->process,
        };
    }
    mutex_release(&locks_mutex);
    return STATUS_OK;
}

enum status file_lock_whole(struct open_file *file, int operation)
{
    int kind = operation & ~LINUX_LOCK_NB;
    if (kind != LINUX_LOCK_SH && kind != LINUX_LOCK_EX && kind != LINUX_LOCK_UN)
        return STATUS_BAD_ARGUMENT;
    if (!file->node)
        return STATUS_BAD_ARGUMENT;
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_PATH)
        return STATUS_BAD_HANDLE;
    struct file_lock wanted = { .owner = file, .end = LOCK_TO_END, .kind = LOCK_WHOLE, .exclusive = kind == LINUX_LOCK_EX };
    return lock_set(file->node, &wanted, kind == LINUX_LOCK_UN, !(operation & LINUX_LOCK_NB));
}

static void lock_drop(struct node *node, const void *owner, enum lock_kind kind)
{
    struct file_lock range = { .owner = owner, .kind = kind, .end = UINT64_MAX };
    mutex_acquire(&locks_mutex);
    lock_clear(node, &range, nullptr); // all of each: nothing is cut
    locks_free_if_empty(node);
    mutex_release(&locks_mutex);
    wait_wake_all(&locks_released);
}

void file_lock_drop(struct node *node, const void *owner)
{
    if (node->locks)
        lock_drop(node, owner, LOCK_RECORD);
}

void file_lock_drop_file(struct open_file *file)
{
    lock_drop(file->node, file, LOCK_WHOLE);
    lock_drop(file->node, file, LOCK_RECORD); // F_OFD_SETLK
}
