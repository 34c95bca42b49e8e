// SPDX-License-Identifier: MIT
// thread_table.c: every thread by its id.

#include <helix/spinlock.h>
#include <helix/thread.h>

#include "execution.h"

static struct spinlock lock = SPINLOCK(RANK_THREAD_TABLE);
static struct id_table threads GUARDED_BY(lock) = ID_TABLE(threads);
static uint64_t count GUARDED_BY(lock);
static _Atomic uint64_t last_id;

// Ids are never reused: 2^22 is pid_max for display only, and a 64-bit counter does not wrap. Programs see 32 bits, so ids start
// anew from 2 after 2^30 and skip those in use.
uint64_t thread_id_new(void)
{
    enum : uint64_t { ID_LIMIT = 1ull << 30 };
    for (;;) {
        uint64_t id = atomic_fetch_add(&last_id, 1) % ID_LIMIT + 1;
        struct thread *taken = last_id < ID_LIMIT ? nullptr : thread_find(id);
        if (!taken)
            return id;
        thread_release(taken);
    }
}

void thread_table_add(struct thread *thread)
{
    bool on = spinlock_acquire_irq(&lock);
    id_table_add(&threads, &thread->id_node, thread->id);
    count++;
    spinlock_release_irq(&lock, on);
}

void thread_table_remove(struct thread *thread)
{
    bool on = spinlock_acquire_irq(&lock);
    id_table_remove(&thread->id_node);
    count--;
    spinlock_release_irq(&lock, on);
}

// A reference may only be taken of a thread that still has one.
static bool thread_retain_living(struct thread *thread)
{
    uint32_t references = thread->references;
    while (references) {
        if (atomic_compare_exchange_weak(&thread->references, &references, references + 1))
            return true;
    }
    return false;
}

struct thread *thread_find(uint64_t id)
{
    bool on = spinlock_acquire_irq(&lock);
    struct id_node *node = id_table_find(&threads, id);
    struct thread *found = node ? container_of(node, struct thread, id_node) : nullptr;
    if (found && !thread_retain_living(found))
        found = nullptr;
    spinlock_release_irq(&lock, on);
    return found;
}

void thread_each(void (*visit)(void *context, struct thread *thread), void *context)
{
    bool on = spinlock_acquire_irq(&lock);
    list_for_each(node, &threads.order) {
        visit(context, container_of(node, struct thread, id_node.order));
    }
    spinlock_release_irq(&lock, on);
}

uint64_t thread_count(void)
{
    bool on = spinlock_acquire_irq(&lock);
    uint64_t found = count;
    spinlock_release_irq(&lock, on);
    return found;
}
