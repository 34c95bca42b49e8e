// SPDX-License-Identifier: MIT
// futex.c: waiting on a word of user memory.
//
// A waiter enters the bucket of its key before it looks at the word, so a waker that changes the word first and looks into the
// bucket second cannot miss it. Keys: for private memory the space and the address; for shared mappings the frame, so that two
// processes meet whatever addresses they use.

#include <abi/linux/futex.h>

#include <arch/space.h>
#include <arch/user.h>

#include <lib/hash.h>

#include <helix/frames.h>
#include <helix/space.h>
#include <helix/user.h>

#include "syscall/calls.h"

enum { BUCKETS = 64, ROBUST_LIMIT = 2048 };

struct futex_key {
    const void *space; // nullptr: shared, `address` is physical
    uint64_t address;
};

struct futex_waiter {
    struct list_node link;
    struct futex_key key;
    struct thread *thread;
    uint32_t mask;
    _Atomic bool woken;
};

static struct futex_bucket {
    struct spinlock lock;
    struct list_node waiters; // all zero before the first use
} buckets[BUCKETS] = { [0 ... BUCKETS - 1] = { .lock = SPINLOCK(RANK_FUTEX) } };

static struct futex_bucket *bucket_of(struct futex_key key)
{
    static_assert(BUCKETS == 64);
    return &buckets[hash_number(key.address ^ (uint64_t)(uintptr_t)key.space) >> 58];
}

// The first user of a bucket makes its list.
static void bucket_prepare(struct futex_bucket *bucket) MUST_HOLD(bucket->lock)
{
    if (UNLIKELY(!bucket->waiters.next))
        list_init(&bucket->waiters);
}

static bool bucket_lock(struct futex_bucket *bucket) ACQUIRES(bucket->lock)
{
    bool on = spinlock_acquire_irq(&bucket->lock);
    bucket_prepare(bucket);
    return on;
}

// The one with the higher address of two.
static void bucket_lock_second(struct futex_bucket *bucket) ACQUIRES(bucket->lock)
{
    spinlock_acquire_off_nested(&bucket->lock);
    bucket_prepare(bucket);
}

static bool keys_equal(struct futex_key a, struct futex_key b)
{
    return a.space == b.space && a.address == b.address;
}

static bool mapping_shared(struct space *space, uint64_t address)
{
    rwlock_acquire_shared(&space->lock);
    const struct region *region = space_find(space, address);
    bool shared = region && region->flags & REGION_SHARED;
    rwlock_release_shared(&space->lock);
    return shared;
}

// A private one is known by its address alone, and nobody looks at the word.
static enum status futex_key_of(uint64_t address, bool private, struct futex_key *key)
{
    struct space *space = process_current()->space;
    *key = (struct futex_key){ .space = space, .address = address };
    if (address % sizeof(uint32_t))
        return STATUS_BAD_ARGUMENT;
    if (private)
        return arch_user_range(address, sizeof(uint32_t)) ? STATUS_OK : STATUS_BAD_ADDRESS;
    phys_t frame;
    uint32_t value;
    TRY(arch_user_load32(address, &value)); // brings the page in
    if (!mapping_shared(space, address))
        return STATUS_OK;
    if (!arch_space_query(&space->arch, (virt_t){ align_down(address, PAGE_SIZE) }, &frame, nullptr))
        return STATUS_BAD_ADDRESS;
    *key = (struct futex_key){ .address = frame.raw + address % PAGE_SIZE };
    return STATUS_OK;
}

static void waiter_leave(struct futex_waiter *waiter)
{
    for (;;) { // a requeue may move it between looking and locking
        struct futex_bucket *bucket = bucket_of(waiter->key);
        bool on = bucket_lock(bucket);
        bool here = bucket == bucket_of(waiter->key);
        if (here)
            list_remove(&waiter->link);
        spinlock_release_irq(&bucket->lock, on);
        if (here)
            return;
    }
}

static enum status futex_wait(uint64_t address, bool private, uint32_t expected, uint64_t deadline_ns, uint32_t mask)
{
    struct futex_waiter waiter = { .thread = thread_current(), .mask = mask };
    uint32_t value;
    if (!mask)
        return STATUS_BAD_ARGUMENT;
    TRY(futex_key_of(address, private, &waiter.key));
    TRY(arch_user_load32(address, &value));
    if (value != expected)
        return STATUS_AGAIN; // without a queue; whoever goes into it looks again
    struct futex_bucket *bucket = bucket_of(waiter.key);
    bool on = bucket_lock(bucket);
    list_add_tail(&bucket->waiters, &waiter.link);
    spinlock_release_irq(&bucket->lock, on);
    enum status outcome = arch_user_load32(address, &value);
    if (outcome == STATUS_OK && value != expected)
        outcome = STATUS_AGAIN;
    while (outcome == STATUS_OK) {
        atomic_store(&waiter.thread->wake_pending, false);
        if (atomic_load(&waiter.woken))
            break;
        outcome = thread_block(BLOCK_FUTEX, deadline_ns);
    }
    waiter_leave(&waiter);
    return atomic_load(&waiter.woken) ? STATUS_OK : outcome;
}

static uint32_t futex_wake(struct futex_key key, uint32_t count, uint32_t mask)
{
    struct futex_bucket *bucket = bucket_of(key);
    uint32_t woken = 0;
    bool on = bucket_lock(bucket);
    list_for_each_safe(node, &bucket->waiters) {
        struct futex_waiter *waiter = container_of(node, struct futex_waiter, link);
        if (woken == count)
            break;
        if (!keys_equal(waiter->key, key) || !(waiter->mask & mask))
            continue;
        struct thread *thread = waiter->thread;
        list_remove(&waiter->link);
        atomic_store(&waiter->woken, true);
        thread_wake(thread);
        woken++;
    }
    spinlock_release_irq(&bucket->lock, on);
    return woken;
}

// Both buckets' locks are held.
static uint32_t waiters_move(struct futex_bucket *source, struct futex_bucket *target, struct futex_key from, struct futex_key to,
                             uint32_t count)
{
    uint32_t moved = 0;
    list_for_each_safe(node, &source->waiters) {
        struct futex_waiter *waiter = container_of(node, struct futex_waiter, link);
        if (moved == count || !keys_equal(waiter->key, from))
            continue;
        list_remove(&waiter->link);
        waiter->key = to;
        list_add_tail(&target->waiters, &waiter->link);
        moved++;
    }
    return moved;
}

// Moves up to `count` waiters from one key to another, after waking `wake` of them.
static uint32_t futex_requeue(struct futex_key from, struct futex_key to, uint32_t wake, uint32_t count)
{
    uint32_t woken = futex_wake(from, wake, UINT32_MAX);
    struct futex_bucket *source = bucket_of(from), *target = bucket_of(to);
    struct futex_bucket *first = source < target ? source : target, *second = source < target ? target : source;
    uint32_t moved;
    bool on = bucket_lock(first);
    if (first == second) {
        moved = waiters_move(source, target, from, to, count);
    } else {
        bucket_lock_second(second);
        moved = waiters_move(source, target, from, to, count);
        spinlock_release_off(&second->lock);
    }
    spinlock_release_irq(&first->lock, on);
    return woken + moved;
}

void futex_wake_address(uint64_t address, uint32_t count)
{
    struct futex_key key;
    if (futex_key_of(address, false, &key) == STATUS_OK)
        futex_wake(key, count, UINT32_MAX);
}

// Absolute nanoseconds since boot from a user timespec; UINT64_MAX for a null pointer.
static enum status futex_deadline(uint64_t at, bool relative, bool wall, uint64_t *deadline_ns)
{
    *deadline_ns = UINT64_MAX;
    if (!at)
        return STATUS_OK;
    struct linux_timespec time;
    TRY(arch_copy_from_user(&time, at, sizeof time));
    if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= (int64_t)NS_PER_S)
        return STATUS_BAD_ARGUMENT;
    uint64_t ns = (uint64_t)MIN(time.seconds, INT32_MAX) * NS_PER_S + (uint64_t)time.nanoseconds;
    uint64_t offset = time_wall_ns() - time_ns();
    *deadline_ns = relative ? time_ns() + ns : wall ? (ns > offset ? ns - offset : 0) : ns;
    return STATUS_OK;
}

static int64_t futex_requeue_call(const uint64_t *value, bool private, bool compare)
{
    struct futex_key from, to;
    uint32_t now = 0;
    enum status outcome = futex_key_of(value[0], private, &from);
    if (outcome == STATUS_OK)
        outcome = futex_key_of(value[4], private, &to);
    if (outcome == STATUS_OK && compare)
        outcome = arch_user_load32(value[0], &now);
    if (outcome == STATUS_OK && compare && now != (uint32_t)value[5])
        outcome = STATUS_AGAIN;
    if (outcome != STATUS_OK)
        return syscall_result(outcome);
    return futex_requeue(from, to, (uint32_t)value[2], (uint32_t)value[3]);
}

static int64_t futex_wake_call(const uint64_t *value, bool private, uint32_t mask)
{
    struct futex_key key;
    if (!mask)
        return syscall_result(STATUS_BAD_ARGUMENT);
    enum status outcome = futex_key_of(value[0], private, &key);
    return outcome == STATUS_OK ? futex_wake(key, (uint32_t)value[2], mask) : syscall_result(outcome);
}

static int64_t futex_wait_call(const uint64_t *value, bool private, bool relative, bool wall, uint32_t mask)
{
    uint64_t deadline_ns;
    enum status outcome = futex_deadline(value[3], relative, wall, &deadline_ns);
    if (outcome == STATUS_OK)
        outcome = futex_wait(value[0], private, (uint32_t)value[2], deadline_ns, mask);
    if (outcome == STATUS_INTERRUPTED)
        outcome = relative && value[3] ? STATUS_INTERRUPTED : STATUS_RESTART; // a relative time must not start anew
    return syscall_result(outcome);
}

int64_t sys_futex(struct thread *self, const struct syscall_arguments *arguments)
{
    const uint64_t *value = arguments->value;
    uint32_t command = (uint32_t)value[1] & LINUX_FUTEX_COMMAND_MASK;
    bool private = value[1] & LINUX_FUTEX_PRIVATE_FLAG;
    bool wall = value[1] & LINUX_FUTEX_CLOCK_REALTIME;
    switch (command) {
    case LINUX_FUTEX_WAIT:
        return futex_wait_call(value, private, true, false, UINT32_MAX);
    case LINUX_FUTEX_WAIT_BITSET:
        return futex_wait_call(value, private, false, wall, (uint32_t)value[5]);
    case LINUX_FUTEX_WAKE:
        return futex_wake_call(value, private, UINT32_MAX);
    case LINUX_FUTEX_WAKE_BITSET:
        return futex_wake_call(value, private, (uint32_t)value[5]);
    case LINUX_FUTEX_REQUEUE:
        return futex_requeue_call(value, private, false);
    case LINUX_FUTEX_CMP_REQUEUE:
        return futex_requeue_call(value, private, true);
    default:
        return syscall_result(STATUS_UNSUPPORTED);
    }
}

// ---- robust locks: a list in user memory of the locks a thread holds, so that its end does not leave others waiting ----

struct robust_head {
    uint64_t first, offset, pending;
};

static void robust_release_one(uint64_t address)
{
    uint32_t value, found;
    uint32_t tid = (uint32_t)thread_current()->id;
    if (arch_user_load32(address, &value) != STATUS_OK)
        return;
    while ((value & LINUX_FUTEX_TID_MASK) == tid) {
        uint32_t left = (value & LINUX_FUTEX_WAITERS) | LINUX_FUTEX_OWNER_DIED;
        if (arch_user_compare_exchange32(address, value, left, &found) != STATUS_OK)
            return;
        if (found == value) {
            if (value & LINUX_FUTEX_WAITERS)
                futex_wake_address(address, 1);
            return;
        }
        value = found;
    }
}

void futex_release_robust(struct thread *self)
{
    struct robust_head head;
    uint64_t list = self->user->robust_list;
    if (!list || arch_copy_from_user(&head, list, sizeof head) != STATUS_OK)
        return;
    uint64_t entry = head.first;
    for (unsigned i = 0; i < ROBUST_LIMIT && (entry & ~1ull) != list; i++) { // bounded: the list is the program's
        uint64_t next;
        if (arch_copy_from_user(&next, entry & ~1ull, sizeof next) != STATUS_OK)
            break;
        if (entry != head.pending)
            robust_release_one((entry & ~1ull) + head.offset);
        entry = next;
    }
    if (head.pending)
        robust_release_one((head.pending & ~1ull) + head.offset);
}
