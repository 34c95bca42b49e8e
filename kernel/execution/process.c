// SPDX-License-Identifier: MIT
// process.c: the registry of processes: who exists, and who is whose child.
//
// The kernel is process 0 and the parent of whatever it starts. When a process ends its children become the kernel's; those that
// are zombies already are reaped at once, for the kernel waits for nobody. A zombie keeps its struct process, id and exit code
// until its parent reaps it; space, descriptors and threads are gone by then.

#include <helix/process.h>

#include <generated/profile.h>

#include <lib/string.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/panic.h>
#include <helix/space.h>
#include <helix/thread.h>
#include <helix/user.h>

#include "execution.h"

struct mutex process_registry_lock = MUTEX(process_registry_lock, RANK_REGISTRY);

static struct id_table processes GUARDED_BY(process_registry_lock) = ID_TABLE(processes); // the kernel not among them
static uint64_t count GUARDED_BY(process_registry_lock);
static struct process kernel = {
    .name = "kernel",
    .state = PROCESS_RUNNING,
    .threads = LIST_HEAD(kernel.threads),
    .children = LIST_HEAD(kernel.children),
    .sibling_link = LIST_HEAD(kernel.sibling_link),
    .child_event = WAIT_QUEUE(kernel.child_event),
    .references = 1,
};

struct process *process_kernel(void)
{
    return &kernel;
}

struct process *process_current(void)
{
    return thread_current()->process;
}

// One process costs its stack, its tables and its tables' frames: about 128 KiB when it has done anything. The limit keeps a fork
// bomb from taking more than half of memory.
static uint64_t limit_of_memory(void)
{
    enum : uint64_t { SMALLEST = 24, LARGEST = 4096, COST = 128 * KIB };
    struct frame_statistics statistics;
    frames_statistics(&statistics);
    uint64_t limit = statistics.total * PAGE_SIZE / 2 / COST;
    return limit < SMALLEST ? SMALLEST : limit > LARGEST ? LARGEST : limit;
}

// What the kernel's shell starts may go a little beyond, so that somebody can look.
static uint64_t process_limit(const struct process *parent)
{
    enum { SPARE = 16 };
    static uint64_t limit;
    if (!limit)
        limit = limit_of_memory();
    return parent == &kernel ? limit + SPARE : limit;
}

enum status process_create(struct process *parent, const char *name, struct process **made)
{
    if (process_count() >= process_limit(parent))
        return STATUS_LIMIT;
    struct process *process = heap_alloc_zeroed(1, sizeof *process);
    if (!process)
        return STATUS_NO_MEMORY;
    string_copy(process->name, name, sizeof process->name);
    list_init(&process->threads);
    list_init(&process->children);
    list_init(&process->sibling_link);
    wait_queue_init(&process->child_event);
    process->id = thread_id_new();
    process->references = 2; // the registry's and the caller's
    process->created_ns = time_ns();
    mutex_acquire(&process_registry_lock);
    process->parent = parent;
    process->parent_id = parent == &kernel ? PROCESS_INIT : parent->id;
    process->group = parent == &kernel ? process->id : parent->group;
    process->session = parent == &kernel ? process->id : parent->session;
    list_add_tail(&parent->children, &process->sibling_link);
    id_table_add(&processes, &process->id_node, process->id);
    count++;
    mutex_release(&process_registry_lock);
    *made = process;
    return STATUS_OK;
}

// Takes it out of the tree and the family; the registry's reference goes.
static void process_remove(struct process *process) MUST_HOLD(process_registry_lock)
{
    id_table_remove(&process->id_node);
    list_remove(&process->sibling_link);
    process->parent = nullptr;
    count--;
    process_become(process, PROCESS_DEAD);
    process_release(process);
}

void process_discard(struct process *process)
{
    mutex_acquire(&process_registry_lock);
    process_remove(process);
    mutex_release(&process_registry_lock);
    process_release(process);
}

void process_reap(struct process *process)
{
    process_remove(process);
}

static void children_leave(struct process *process) MUST_HOLD(process_registry_lock)
{
    list_for_each_safe(node, &process->children) {
        struct process *child = container_of(node, struct process, sibling_link);
        if (child->state == PROCESS_ZOMBIE) {
            process_reap(child);
            continue;
        }
        list_remove(&child->sibling_link);
        child->parent = &kernel;
        child->parent_id = PROCESS_INIT;
        list_add_tail(&kernel.children, &child->sibling_link);
    }
}

void process_finish(struct process *process)
{
    mutex_acquire(&process_registry_lock);
    preempt_disable();
    children_leave(process);
    process_become(process, PROCESS_ZOMBIE);
    struct process *parent = process->parent;
    bool wanted = parent == &kernel ? process->awaited : process_hooks()->became_zombie(process);
    if (!wanted)
        process_reap(process);
    wait_wake_all(&parent->child_event);
    mutex_release(&process_registry_lock);
}

void process_retain(struct process *process)
{
    atomic_fetch_add_explicit(&process->references, 1, memory_order_relaxed);
}

// As thread_release: may be the last step of a switch, so nothing here sleeps.
void process_release(struct process *process)
{
    if (atomic_fetch_sub(&process->references, 1) != 1)
        return;
    ASSERT(process->state == PROCESS_DEAD && !process->space);
    if (process->user)
        process_hooks()->release_user(process->user);
    heap_free(process);
}

struct process *process_find_locked(uint64_t id)
{
    struct id_node *node = id_table_find(&processes, id);
    return node ? container_of(node, struct process, id_node) : nullptr;
}

struct process *process_find(uint64_t id)
{
    mutex_acquire(&process_registry_lock);
    struct process *found = process_find_locked(id);
    if (found)
        process_retain(found);
    mutex_release(&process_registry_lock);
    return found;
}

void process_each_locked(void (*visit)(void *context, struct process *process), void *context)
{
    list_for_each_safe(node, &processes.order) {
        visit(context, container_of(node, struct process, id_node.order));
    }
}

void process_each(void (*visit)(void *context, struct process *process), void *context)
{
    mutex_acquire(&process_registry_lock);
    process_each_locked(visit, context);
    mutex_release(&process_registry_lock);
}

uint64_t process_count(void)
{
    mutex_acquire(&process_registry_lock);
    uint64_t found = count;
    mutex_release(&process_registry_lock);
    return found;
}
