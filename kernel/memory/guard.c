// SPDX-License-Identifier: MIT
// guard.c: guard pages of the kernel: which there are, and taking away what is mapped there.
//
// Whoever reports a fatal fault asks without a lock, in any state of the kernel: a guard is known by its address, which is written last
// when it comes and first when it goes. Kernel stacks have no rows here: their guards are known by arithmetic (kernel_map.c).
#include <helix/protection.h>

#include <stdatomic.h>

#include <arch/layout.h>
#include <arch/space.h>

#include <helix/kernel_map.h>
#include <helix/spinlock.h>
#include <helix/virtual_mapper.h>

#include "memory.h"

struct row {
    _Atomic uint64_t address; // 0: free
    _Atomic uint64_t size;
    const char *_Atomic owner;
};

static struct spinlock guard_lock = SPINLOCK(RANK_KERNEL_SPACE); // round who takes and frees rows
static struct row rows[GUARD_PAGES_MOST];

static const struct virtual_mapper kernel = { nullptr };

static struct page page_at(uint64_t at)
{
    return (struct page){ { at }, PAGE_SIZE_4K };
}

// ---- what is mapped there ----

// The flags of the page, 0 when there is none or it gives no right. STATUS_DENIED: not virtual_map's.
static enum status page_flags_of(uint64_t at, uint64_t *flags)
{
    uint32_t access = 0;
    *flags = 0;
    if (!arch_space_query(arch_space_kernel(), (virt_t){ at }, nullptr, &access))
        return STATUS_OK;
    if (!(access & PAGE_BORROWED))
        return STATUS_DENIED;
    if (access & (PAGE_READ | PAGE_WRITE | PAGE_EXECUTE))
        *flags = PAGE_FLAG_PRESENT | (access & PAGE_WRITE ? PAGE_FLAG_WRITABLE : 0) | (access & PAGE_EXECUTE ? 0 : PAGE_FLAG_NO_EXECUTE);
    return STATUS_OK;
}

static enum status guard_check(const struct guard_page *guard, uint64_t *flags)
{
    uint64_t at = guard->address, size = guard->size;
    if (!size || !guard->owner)
        return STATUS_BAD_ARGUMENT;
    if (!is_aligned(at | size, PAGE_SIZE))
        return STATUS_BAD_ALIGNMENT;
    if (!kernel_area_holds(at, size))
        return STATUS_BAD_ADDRESS;
    TRY(page_flags_of(at, flags));
    for (uint64_t page = at; page < at + size; page += PAGE_SIZE) {
        uint64_t other;
        TRY(page_flags_of(page, &other));
        if (other != *flags)
            return STATUS_BAD_ARGUMENT;
    }
    return STATUS_OK;
}

static enum status pages_update(const struct guard_page *guard, uint64_t flags)
{
    for (uint64_t page = guard->address; page < guard->address + guard->size; page += PAGE_SIZE)
        TRY(virtual_update_flags(&kernel, page_at(page), flags)); // fails only for large pages, at the first
    return STATUS_OK;
}

// ---- rows ----

static bool row_overlaps(const struct row *row, const struct guard_page *guard)
{
    uint64_t address = atomic_load_explicit(&row->address, memory_order_relaxed);
    return address && address < guard->address + guard->size && guard->address < address + row->size;
}

static enum status row_take(const struct guard_page *guard)
{
    struct row *free = nullptr;
    enum status outcome = STATUS_OK;
    spinlock_acquire(&guard_lock);
    for (size_t i = 0; i < GUARD_PAGES_MOST; i++) {
        if (row_overlaps(&rows[i], guard))
            outcome = STATUS_EXISTS;
        if (!rows[i].address)
            free = &rows[i];
    }
    if (outcome == STATUS_OK && !free)
        outcome = STATUS_NO_SPACE;
    if (outcome == STATUS_OK) {
        free->size = guard->size;
        free->owner = guard->owner;
        atomic_store_explicit(&free->address, guard->address, memory_order_release);
    }
    spinlock_release(&guard_lock);
    return outcome;
}

static bool row_free(const struct guard_page *guard)
{
    bool found = false;
    spinlock_acquire(&guard_lock);
    for (size_t i = 0; i < GUARD_PAGES_MOST && !found; i++) {
        found = guard->address && rows[i].address == guard->address && rows[i].size == guard->size;
        if (found)
            atomic_store_explicit(&rows[i].address, 0, memory_order_release);
    }
    spinlock_release(&guard_lock);
    return found;
}

enum status guard_page_install(struct guard_page *guard)
{
    uint64_t flags;
    TRY(guard_check(guard, &flags));
    TRY(row_take(guard));
    enum status outcome = flags ? pages_update(guard, PAGE_FLAG_NO_EXECUTE) : STATUS_OK;
    if (outcome != STATUS_OK) {
        (void)row_free(guard);
        return outcome;
    }
    guard->flags = flags;
    return STATUS_OK;
}

enum status guard_page_remove(struct guard_page *guard)
{
    if (!row_free(guard))
        return STATUS_BAD_STATE;
    return guard->flags ? pages_update(guard, guard->flags) : STATUS_OK;
}

bool guard_page_hit(uint64_t address, struct guard_page *found)
{
    virt_t stack;
    if (kernel_stack_guard_hit(address, &stack)) {
        *found = (struct guard_page){ .address = stack.raw - PAGE_SIZE, .size = PAGE_SIZE, .owner = "kernel stack" };
        return true;
    }
    for (size_t i = 0; i < GUARD_PAGES_MOST; i++) {
        struct guard_page guard = { .address = atomic_load_explicit(&rows[i].address, memory_order_acquire) };
        guard.size = rows[i].size;
        guard.owner = rows[i].owner;
        if (guard.address && guard_page_check(&guard, address)) {
            *found = guard;
            return true;
        }
    }
    return false;
}
