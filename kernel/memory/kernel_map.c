// SPDX-License-Identifier: MIT
// kernel_map.c: kernel stacks between guard pages, and windows onto device registers.
//
// Purpose     Gives every thread a stack whose overflow cannot reach anything, and drivers their registers.
// How         The stack area is cut into slots of one guard page and one stack; the next slot's guard closes it above. A bit
//             per slot says whether it is taken. Freed stacks keep slot and mapping in a small cache. Registers are mapped one behind
//             the other and stay.
// Invariants  A guard page is never mapped. A slot is taken while its pages are mapped, in the cache or with a thread.
// Locks       map_lock, innermost, for bitmap, cache and the device area; never held while frames or page tables are touched.
// Cost        A stack from the cache: some 20 instructions. A new one: four frames and four page table entries.

#include <helix/kernel_map.h>

#include <stdatomic.h>

#include <lib/bitmap.h>

#include <arch/layout.h>
#include <arch/space.h>

#include <helix/frames.h>
#include <helix/region_manager.h>
#include <helix/spinlock.h>

#include "memory.h"

enum : uint64_t { STACK_PAGES = KERNEL_STACK_SIZE / PAGE_SIZE, SLOT_SIZE = PAGE_SIZE + KERNEL_STACK_SIZE };
enum { STACK_SLOTS = 32 * 1024, STACK_CACHE = 16 };
static_assert(STACK_SLOTS * SLOT_SIZE + PAGE_SIZE <= KERNEL_STACKS_END - KERNEL_STACKS_START);

extern const char boot_stack_guard[]; // the page below the stack that boot runs on, which is none of the slots

static struct spinlock map_lock = SPINLOCK(RANK_KERNEL_MAP);
static uint64_t slots[BITMAP_WORDS(STACK_SLOTS)] GUARDED_BY(map_lock);
static size_t slot_hint GUARDED_BY(map_lock); // no free slot below
static virt_t cached[STACK_CACHE] GUARDED_BY(map_lock);
static uint32_t cached_count GUARDED_BY(map_lock);
static uint64_t device_next GUARDED_BY(map_lock) = DEVICES_START;
static _Atomic uint64_t used; // bytes mapped; every CPU adds and subtracts

static virt_t slot_stack(size_t slot)
{
    return (virt_t){ KERNEL_STACKS_START + slot * SLOT_SIZE + PAGE_SIZE };
}

static enum status slot_take(size_t *slot)
{
    spinlock_acquire(&map_lock);
    size_t found = bitmap_find_clear(slots, STACK_SLOTS, slot_hint);
    if (found < STACK_SLOTS) {
        bitmap_set(slots, found);
        slot_hint = found + 1;
    }
    spinlock_release(&map_lock);
    *slot = found;
    return found < STACK_SLOTS ? STATUS_OK : STATUS_NO_MEMORY;
}

static void slot_give(virt_t low)
{
    size_t slot = (low.raw - KERNEL_STACKS_START) / SLOT_SIZE;
    spinlock_acquire(&map_lock);
    bitmap_clear(slots, slot);
    slot_hint = MIN(slot_hint, slot);
    spinlock_release(&map_lock);
}

uint64_t kernel_map_used(void)
{
    return atomic_load_explicit(&used, memory_order_relaxed);
}

static void used_change(int64_t bytes)
{
    atomic_fetch_add_explicit(&used, (uint64_t)bytes, memory_order_relaxed);
}

// Unmaps the first `pages` pages of a stack and frees their frames.
static void stack_unmap(virt_t low, size_t pages)
{
    phys_t frames[STACK_PAGES];
    for (size_t i = 0; i < pages; i++)
        (void)arch_space_query(arch_space_kernel(), (virt_t){ low.raw + i * PAGE_SIZE }, &frames[i], nullptr);
    arch_kernel_unmap(low, pages);
    used_change(-(int64_t)(pages * PAGE_SIZE));
    for (size_t i = 0; i < pages; i++)
        frame_free(frames[i], 1);
}

static enum status stack_map_page(virt_t at)
{
    phys_t frame;
    TRY(frame_alloc(1, 0, &frame));
    enum status outcome = arch_kernel_map(at, frame, 1, PAGE_READ | PAGE_WRITE);
    if (outcome == STATUS_OK)
        used_change(PAGE_SIZE);
    else
        frame_free(frame, 1);
    return outcome;
}

static enum status stack_map(virt_t low)
{
    for (size_t i = 0; i < STACK_PAGES; i++) {
        enum status outcome = stack_map_page((virt_t){ low.raw + i * PAGE_SIZE });
        if (outcome != STATUS_OK) {
            stack_unmap(low, i);
            return outcome;
        }
    }
    return STATUS_OK;
}

static bool cache_take(virt_t *low)
{
    spinlock_acquire(&map_lock);
    bool found = cached_count;
    if (found)
        *low = cached[--cached_count];
    spinlock_release(&map_lock);
    return found;
}

static bool cache_put(virt_t low)
{
    spinlock_acquire(&map_lock);
    bool room = cached_count < STACK_CACHE;
    if (room)
        cached[cached_count++] = low;
    spinlock_release(&map_lock);
    return room;
}

enum status kernel_stack_alloc(virt_t *low)
{
    if (cache_take(low))
        return STATUS_OK;
    size_t slot;
    TRY(slot_take(&slot));
    virt_t stack = slot_stack(slot);
    enum status outcome = stack_map(stack);
    if (outcome != STATUS_OK) {
        slot_give(stack);
        return outcome;
    }
    *low = stack;
    return STATUS_OK;
}

static void stack_discard(virt_t low)
{
    stack_unmap(low, STACK_PAGES);
    slot_give(low);
}

void kernel_stack_free(virt_t low)
{
    if (!cache_put(low))
        stack_discard(low);
}

void kernel_stacks_trim(void)
{
    virt_t low;
    while (cache_take(&low))
        stack_discard(low);
}

bool kernel_stack_guard_hit(uint64_t address, virt_t *low)
{
    uint64_t offset = address - KERNEL_STACKS_START, boot_guard = virt_of(boot_stack_guard).raw;
    if (address - boot_guard < PAGE_SIZE) {
        *low = (virt_t){ boot_guard + PAGE_SIZE };
        return true;
    }
    if (address < KERNEL_STACKS_START || offset >= STACK_SLOTS * SLOT_SIZE || offset % SLOT_SIZE >= PAGE_SIZE)
        return false;
    *low = slot_stack(offset / SLOT_SIZE);
    return true;
}

// Reserves addresses for good.
static enum status device_area_take(uint64_t size, uint64_t *at)
{
    enum status outcome = STATUS_NO_SPACE;
    spinlock_acquire(&map_lock);
    if (size <= DEVICES_END - device_next) {
        *at = device_next;
        device_next += size;
        outcome = STATUS_OK;
    }
    spinlock_release(&map_lock);
    return outcome;
}

enum status device_map(phys_t start, uint64_t size, volatile void **at)
{
    uint64_t first = align_down(start.raw, PAGE_SIZE);
    if (!size || size > DEVICES_END - DEVICES_START || start.raw > UINT64_MAX - size - PAGE_MASK)
        return STATUS_BAD_ARGUMENT;
    uint64_t whole = align_up(start.raw + size, PAGE_SIZE) - first;
    uint64_t area;
    TRY(device_area_take(whole, &area));
    TRY(arch_kernel_map((virt_t){ area }, (phys_t){ first }, whole / PAGE_SIZE, PAGE_READ | PAGE_WRITE | PAGE_UNCACHED));
    used_change((int64_t)whole);
    (void)region_manager_add(first, whole, PHYSICAL_DEVICE, "Device registers"); // known already, or more than it has room for: as good
    *at = virt_pointer((virt_t){ area + (start.raw - first) });
    return STATUS_OK;
}
