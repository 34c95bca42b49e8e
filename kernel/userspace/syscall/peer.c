// SPDX-License-Identifier: MIT
// peer.c: system calls between processes' memories: process_vm_readv and process_vm_writev, membarrier; and personality.
#include "calls.h"
#include "transfer.h"

#include <arch/user.h>

#include <helix/cpu.h>
#include <helix/heap.h>
#include <helix/process_view.h>
#include <helix/space.h>

// ---- another process's memory ----

// As Linux: root, or one that is the other's user and group in every respect.
static bool may_touch(const struct user_process *self, const struct user_process *other)
{
    bool same_user = self->user == other->user && self->user == other->effective_user && self->user == other->saved_user;
    bool same_group = self->group == other->group && self->group == other->effective_group && self->group == other->saved_group;
    return self->effective_user == 0 || (same_user && same_group);
}

// The space of that process, with a reference.
static enum status peer_space(struct thread *self, uint64_t id, struct space **space)
{
    struct process *process = process_find(id);
    if (!process)
        return STATUS_NO_PROCESS;
    enum status status = STATUS_NO_PROCESS;
    if (process->user)
        status = process == self->process || may_touch(user_process(self), process->user) ? STATUS_OK : STATUS_NOT_PERMITTED;
    if (status == STATUS_OK) {
        *space = process_view_space(process);
        status = *space ? STATUS_OK : STATUS_NO_PROCESS;
    }
    process_release(process);
    return status;
}

// Where the next bytes are: rows that are used up are passed over.
struct place {
    const struct vectors *vectors;
    uint64_t row, inside;
};

static uint64_t place_left(struct place *place)
{
    while (place->row < place->vectors->count && place->inside == place->vectors->rows[place->row].length) {
        place->row++;
        place->inside = 0;
    }
    return place->row < place->vectors->count ? place->vectors->rows[place->row].length - place->inside : 0;
}

static uint64_t place_address(const struct place *place)
{
    return place->vectors->rows[place->row].base + place->inside;
}

// One stretch by way of `page`; how many bytes went.
static size_t peer_move(struct space *space, bool write, uint64_t own, uint64_t other, char *page, size_t size)
{
    if (write) {
        if (arch_copy_from_user(page, own, size) != STATUS_OK)
            return 0;
        return space_write(space, other, page, size);
    }
    size_t got = space_read(space, other, page, size);
    return got && arch_copy_to_user(own, page, got) == STATUS_OK ? got : 0;
}

static enum status peer_move_all(struct space *space, bool write, const struct vectors *own, const struct vectors *other, size_t *done)
{
    struct place here = { .vectors = own }, there = { .vectors = other };
    char *page = heap_alloc(PAGE_SIZE);
    if (!page)
        return STATUS_NO_MEMORY;
    uint64_t part;
    size_t moved = 0;
    *done = 0;
    while ((part = MIN(MIN(place_left(&here), place_left(&there)), PAGE_SIZE)) > 0) {
        moved = peer_move(space, write, place_address(&here), place_address(&there), page, (size_t)part);
        *done += moved;
        here.inside += moved;
        there.inside += moved;
        if (moved < part)
            break;
    }
    heap_free(page);
    return part && moved < part && *done == 0 ? STATUS_BAD_ADDRESS : STATUS_OK;
}

static enum status peer_transfer(struct thread *self, const uint64_t *value, bool write, size_t *done)
{
    struct vectors own, other;
    struct space *space;
    if (value[5])
        return STATUS_BAD_ARGUMENT;
    TRY(vectors_get(&own, value[1], value[2]));
    enum status status = vectors_get(&other, value[3], value[4]);
    if (status == STATUS_OK) {
        status = peer_space(self, (uint32_t)value[0], &space);
        if (status == STATUS_OK) {
            status = peer_move_all(space, write, &own, &other, done);
            space_release(space);
        }
        vectors_put(&other);
    }
    vectors_put(&own);
    return status;
}

int64_t sys_process_vm_readv(struct thread *self, const struct syscall_arguments *arguments)
{
    size_t done = 0;
    enum status status = peer_transfer(self, arguments->value, false, &done);
    return status == STATUS_OK ? (int64_t)done : syscall_result(status);
}

int64_t sys_process_vm_writev(struct thread *self, const struct syscall_arguments *arguments)
{
    size_t done = 0;
    enum status status = peer_transfer(self, arguments->value, true, &done);
    return status == STATUS_OK ? (int64_t)done : syscall_result(status);
}

// ---- membarrier ----

enum : uint64_t {
    BARRIER_QUERY = 0,
    BARRIER_GLOBAL = 1 << 0,
    BARRIER_GLOBAL_EXPEDITED = 1 << 1,
    BARRIER_REGISTER_GLOBAL = 1 << 2,
    BARRIER_PRIVATE = 1 << 3,
    BARRIER_REGISTER_PRIVATE = 1 << 4,
};

// One CPU sees its own accesses in order, whichever thread makes them. More would have to be told; until they are, nothing is promised.
static uint64_t barriers_known(void)
{
    enum : uint64_t {
        ALL = BARRIER_GLOBAL | BARRIER_GLOBAL_EXPEDITED | BARRIER_REGISTER_GLOBAL | BARRIER_PRIVATE | BARRIER_REGISTER_PRIVATE
    };
    return cpu_count() == 1 ? ALL : 0;
}

int64_t sys_membarrier(struct thread *self, const struct syscall_arguments *arguments)
{
    uint64_t command = (uint32_t)arguments->value[0];
    struct user_process *user = user_process(self);
    if ((uint32_t)arguments->value[1] || command & (command - 1) || command & ~barriers_known())
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (command == BARRIER_QUERY)
        return (int64_t)barriers_known();
    if (command == BARRIER_REGISTER_PRIVATE)
        user->barriers_registered = true;
    if (command == BARRIER_PRIVATE && !user->barriers_registered)
        return syscall_result(STATUS_NOT_PERMITTED);
    atomic_thread_fence(memory_order_seq_cst);
    return 0;
}

// ---- personality ----

// Linux keeps whatever it is given; here only what has an effect, or is what every program has anyway.
int64_t sys_personality(struct thread *self, const struct syscall_arguments *arguments)
{
    enum : uint32_t { ASK = UINT32_MAX };
    struct user_process *user = user_process(self);
    uint32_t wanted = (uint32_t)arguments->value[0], before = user->personality;
    if (wanted == ASK)
        return before;
    if (wanted & ~(uint32_t)PERSONALITY_NO_RANDOM)
        return syscall_result(STATUS_BAD_ARGUMENT);
    user->personality = wanted;
    return before;
}
