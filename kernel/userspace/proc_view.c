// SPDX-License-Identifier: MIT
// proc_view.c: looking at a process from outside while it may end.
//
// A process says under the registry lock that it is exiting, and lets go of what it holds only after that. So whoever holds the
// registry and finds it not exiting may take references.
#include <helix/process_view.h>

#include <lib/string.h>

#include <helix/preempt.h>
#include <helix/space.h>
#include <helix/user.h>

// The Linux part of a process that holds everything it needs; nullptr: it does not (any more).
static struct user_process *living_user(struct process *process) MUST_HOLD(process_registry_lock)
{
    bool alive = !process->exiting && (process->state == PROCESS_RUNNING || process->state == PROCESS_STOPPED);
    return alive ? process->user : nullptr;
}

struct space *process_view_space(struct process *process)
{
    mutex_acquire(&process_registry_lock);
    preempt_disable(); // execve replaces it without the registry, the old one released after the new one stands
    struct space *space = living_user(process) ? process->space : nullptr;
    if (space)
        space_retain(space);
    preempt_enable();
    mutex_release(&process_registry_lock);
    return space;
}

void process_view_owner(struct process *process, uint32_t *user, uint32_t *group)
{
    const struct user_process *owner = process->user;
    *user = owner ? owner->effective_user : 0;
    *group = owner ? owner->effective_group : 0;
}

static enum status place_copy(struct process *process, struct vfs_context *place)
{
    mutex_acquire(&process_registry_lock);
    const struct user_process *user = living_user(process);
    enum status status = user && user->place.root ? vfs_context_copy(&user->place, place) : STATUS_NOT_FOUND;
    mutex_release(&process_registry_lock);
    return status;
}

enum status process_view_path(struct process *process, enum process_path which, char *path, size_t size)
{
    if (which == PROCESS_EXECUTABLE) {
        const struct user_process *user = process->user;
        if (!user || !user->executable[0] || process->state == PROCESS_ZOMBIE)
            return STATUS_NOT_FOUND;
        return string_copy(path, user->executable, size) ? STATUS_OK : STATUS_TOO_LONG;
    }
    struct vfs_context place;
    TRY(place_copy(process, &place));
    enum status status = vfs_path(vfs_kernel_context(), which == PROCESS_ROOT ? place.root : place.current, path, size);
    vfs_context_release(&place);
    return status;
}

// With a reference; nullptr: none.
static struct descriptor_table *table_of(struct process *process)
{
    mutex_acquire(&process_registry_lock);
    struct user_process *user = living_user(process);
    struct descriptor_table *table = user ? user->files : nullptr;
    if (table)
        atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
    mutex_release(&process_registry_lock);
    return table;
}

enum status process_view_file(struct process *process, int number, struct open_file **file)
{
    struct descriptor_table *table = table_of(process);
    if (!table)
        return STATUS_NOT_FOUND;
    enum status status = descriptor_get(table, number, file);
    descriptor_table_release(table);
    return status == STATUS_OK ? STATUS_OK : STATUS_NOT_FOUND;
}

int process_view_next_file(struct process *process, int number)
{
    struct descriptor_table *table = table_of(process);
    int found = -1;
    if (!table)
        return -1;
    spinlock_acquire(&table->lock);
    for (uint32_t i = (uint32_t)number; i < table->capacity && found < 0; i++) {
        if (table->files[i])
            found = (int)i;
    }
    spinlock_release(&table->lock);
    descriptor_table_release(table);
    return found;
}

uint32_t process_view_file_slots(struct process *process)
{
    struct descriptor_table *table = table_of(process);
    if (!table)
        return 0;
    uint32_t slots = table->capacity;
    descriptor_table_release(table);
    return slots;
}

// Keeps `ids` the smallest ones in order.
static size_t id_insert(uint64_t *ids, size_t count, size_t limit, uint64_t id)
{
    size_t at = count;
    while (at > 0 && ids[at - 1] > id)
        at--;
    if (at == limit)
        return count;
    if (count < limit)
        count++;
    memmove(ids + at + 1, ids + at, (count - at - 1) * sizeof(*ids));
    ids[at] = id;
    return count;
}

size_t process_view_threads(struct process *process, uint64_t from, uint64_t *ids, size_t limit)
{
    size_t count = 0;
    mutex_acquire(&process_registry_lock);
    list_for_each(node, &process->threads) {
        const struct thread *thread = container_of(node, struct thread, process_link);
        if (thread->id >= from)
            count = id_insert(ids, count, limit, thread->id);
    }
    mutex_release(&process_registry_lock);
    return count;
}
