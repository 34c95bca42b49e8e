// SPDX-License-Identifier: MIT
// space.c: address spaces: their life, and looking at them.
//
// Purpose     What a user program's addresses mean: which are valid, what they may be used for, and where their pages come from.
// How         Regions [start, end) in a balanced tree say what was promised; the port's page tables hold what was delivered. A
//             fault (fault.c) delivers: a zeroed frame, a page of a file, or a private copy of a shared frame. fork
//             (fork.c) shares frames read-only and lets the next write decide.
// Invariants  Regions never overlap, are not empty, and alike neighbours are one. A mapped page holds one reference on its frame.
//             A writable entry of a private region means that this space alone has the frame (its count is 1). A region that never
//             got a page of its own (REGION_ANONYMOUS_PAGES) can be rebuilt from its source.
// Locks       space->lock (a reader-writer lock, RANK_SPACE): exclusive round everything that changes regions, shared round looking
//             and faults. A fault holds its region's own lock (RANK_REGION) as well, which keeps the pages of that region still;
//             whoever has space->lock exclusively needs no region's. A page source is asked with them held, so sources must not
//             touch user memory. `references` and the fault counters are atomic.
// Cost        A fault costs one look at the last region used, one walk to look and one to map. Finding a region or room for one takes
//             as many steps as the tree is high. Nothing walks pages that are not there.
// Limits      Overcommit is allowed: promises are kept by frames at fault time. Refused are a single request larger than RAM, what
//             RLIMIT_AS, RLIMIT_DATA and RLIMIT_STACK forbid, and anything while free memory is at the reserve (reserve.c).
// Not here    Who is to die when memory ends (kernel/userspace/fault.c); page tables (arch/PORT/space.c).
#include "space.h"

#include <lib/string.h>

#include <arch/interrupt.h>
#include <arch/user.h>

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/spinlock.h>

enum status space_make(struct space **made)
{
    if (!frames_user_allowed())
        return STATUS_NO_MEMORY;
    struct space *space = heap_alloc_zeroed(1, sizeof *space);
    if (!space)
        return STATUS_NO_MEMORY;
    enum status outcome = arch_space_create(&space->arch);
    if (outcome != STATUS_OK) {
        heap_free(space);
        return outcome;
    }
    rwlock_init(&space->lock, RANK_SPACE);
    wait_queue_init(&space->fault_waiters);
    list_init(&space->link);
    space->map_top = align_down(arch_user_end() - STACK_GUARD_GAP, PAGE_SIZE);
    space->keys = SPACE_KEYS_FIRST;
    space->limit_data = space->limit_space = space->limit_stack = space->limit_locked = UINT64_MAX;
    atomic_store_explicit(&space->references, 1, memory_order_relaxed);
    *made = space;
    return STATUS_OK;
}

enum status space_create(struct space **space)
{
    TRY(space_make(space));
    space_publish(*space);
    return STATUS_OK;
}

void space_retain(struct space *space)
{
    atomic_fetch_add_explicit(&space->references, 1, memory_order_relaxed);
}

// Between reading a pointer to a space and taking a reference on it, the space must not go.
static struct spinlock slot_lock = SPINLOCK(RANK_PAGES);

struct space *space_borrow(struct space *const *slot)
{
    spinlock_acquire(&slot_lock);
    struct space *space = *slot;
    if (space)
        space_retain(space);
    spinlock_release(&slot_lock);
    return space;
}

struct space *space_exchange(struct space **slot, struct space *space)
{
    spinlock_acquire(&slot_lock);
    struct space *old = *slot;
    *slot = space;
    spinlock_release(&slot_lock);
    return old;
}

// Not analysed inside: nobody else has the space, so its lock is not taken.
NO_LOCK_ANALYSIS void space_release(struct space *space)
{
    if (atomic_fetch_sub_explicit(&space->references, 1, memory_order_acq_rel) != 1)
        return;
    space_withdraw(space);
    regions_free_all(space);
    arch_space_destroy(&space->arch);
    heap_free(space);
}

void space_each(struct space *space, void (*visit)(void *context, const struct region *region), void *context)
{
    rwlock_acquire_shared(&space->lock);
    for (struct region *region = region_of(tree_first(&space->regions)); region; region = region_next(region))
        visit(context, region);
    rwlock_release_shared(&space->lock);
}

bool space_holds(struct space *space, uint64_t at, uint64_t size)
{
    if (at + size < at)
        return false;
    rwlock_acquire_shared(&space->lock);
    bool whole = region_overlap(space, at, at + size) == size;
    rwlock_release_shared(&space->lock);
    return whole;
}

bool space_holds_locked(struct space *space, uint64_t at, uint64_t size)
{
    bool locked = false;
    rwlock_acquire_shared(&space->lock);
    for (struct region *region = region_after(space, at); region && region->start < at + size; region = region_next(region))
        locked |= region_flags(region) & REGION_LOCKED;
    rwlock_release_shared(&space->lock);
    return locked;
}

static uint64_t resident_note(struct space *space) MUST_SHARE(space->lock)
{
    uint64_t pages = arch_space_count(&space->arch, (virt_t){ 0 }, (virt_t){ arch_user_end() });
    if (pages > atomic_load_explicit(&space->resident_peak, memory_order_relaxed))
        atomic_store_explicit(&space->resident_peak, pages, memory_order_relaxed);
    return pages;
}

void space_note_fall(struct space *space, uint64_t bytes)
{
    enum : uint64_t { WORTH_COUNTING = MIB, SHARE = 4 };
    if (space->mapped > space->mapped_peak)
        space->mapped_peak = space->mapped;
    if (UNLIKELY(bytes >= WORTH_COUNTING && bytes >= space->mapped / SHARE))
        (void)resident_note(space);
}

uint64_t space_resident(struct space *space)
{
    rwlock_acquire_shared(&space->lock);
    uint64_t pages = resident_note(space);
    rwlock_release_shared(&space->lock);
    return pages;
}

static void usage_add(void *context, const struct region *region)
{
    struct space_usage *usage = context;
    uint64_t size = region_size(region);
    if (region->source)
        usage->shared += size;
    if (region->access & PAGE_EXECUTE)
        usage->text += size;
    else if (region->flags & REGION_STACK)
        usage->stack += size;
    else if (region->access & PAGE_WRITE && !(region->flags & REGION_SHARED))
        usage->data += size;
}

void space_usage(struct space *space, struct space_usage *usage)
{
    *usage = (struct space_usage){};
    space_each(space, usage_add, usage);
    usage->mapped = space->mapped;
    usage->locked = space->locked;
    usage->resident = space_resident(space) * PAGE_SIZE;
    usage->mapped_peak = MAX(space->mapped_peak, space->mapped);
    usage->resident_peak = atomic_load_explicit(&space->resident_peak, memory_order_relaxed) * PAGE_SIZE;
    usage->faults_minor = space->faults_minor;
    usage->faults_copied = space->faults_copied;
}

// ---- another space's memory ----

static enum status page_reach(struct space *space, uint64_t at, bool write, char **page) MUST_HOLD(space->lock)
{
    const virt_t where = { align_down(at, PAGE_SIZE) };
    phys_t frame;
    uint32_t access;
    if (at >= arch_user_end()) // the kernel's half hangs on the same root
        return STATUS_NOT_MAPPED;
    if (!arch_space_query(&space->arch, where, &frame, &access) || !(access & (write ? PAGE_WRITE : PAGE_READ))) {
        TRY(space_fault_locked(space, at, write ? FAULT_WRITE : 0));
        if (!arch_space_query(&space->arch, where, &frame, &access))
            return STATUS_NOT_MAPPED;
    }
    *page = direct_map(frame);
    return STATUS_OK;
}

enum status space_page(struct space *space, uint64_t at, bool write, void **page)
{
    char *bytes = nullptr;
    rwlock_acquire(&space->lock);
    enum status outcome = page_reach(space, at, write, &bytes);
    rwlock_release(&space->lock);
    if (outcome == STATUS_OK)
        *page = bytes;
    return outcome;
}

// Copies with the lock held, so that the frame cannot go: `to_space` from `bytes`, else to them.
static size_t space_copy(struct space *space, uint64_t at, char *bytes, size_t size, bool to_space)
{
    size_t done = 0;
    while (done < size) {
        uint64_t inside = (at + done) & PAGE_MASK;
        size_t part = (size_t)MIN(PAGE_SIZE - inside, (uint64_t)(size - done));
        char *page;
        rwlock_acquire(&space->lock);
        enum status outcome = page_reach(space, at + done, to_space, &page);
        if (outcome == STATUS_OK && to_space) {
            memcpy(page + inside, bytes + done, part);
            frame_written(direct_map_phys(page));
        } else if (outcome == STATUS_OK) {
            memcpy(bytes + done, page + inside, part);
        }
        rwlock_release(&space->lock);
        if (outcome != STATUS_OK)
            break;
        done += part;
    }
    return done;
}

size_t space_read(struct space *space, uint64_t at, void *to, size_t size)
{
    return space_copy(space, at, to, size, false);
}

size_t space_write(struct space *space, uint64_t at, const void *from, size_t size)
{
    return space_copy(space, at, (char *)(uintptr_t)from, size, true);
}
