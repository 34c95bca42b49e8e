// SPDX-License-Identifier: MIT
// database.c: one struct frame for every frame of RAM, and how memory comes into it.
//
// Writing all of it at boot would cost more than the rest of booting on a large machine. So it is written in blocks of 512 frames, each
// when the framework first has to do with a frame in it; a byte for each block says whether that has happened. Until then a block is
// wholly free and the policy's (BLOCK_FREE), or no frame of it was ever the policy's (BLOCK_UNKNOWN). What is neither is opened at once.

#include <helix/frames.h>

#include <helix/boot_info.h>
#include <helix/log.h>
#include <helix/module.h>
#include <helix/panic.h>

#include <generated/profile.h>

#include "parts.h"
#include "../memory.h"

enum { RESERVE_SHARE = 64, RESERVE_LARGEST = 1024 };

alignas(64) struct frame_map frame_map;

struct spinlock frames_lock = SPINLOCK(RANK_FRAMES);
const struct frame_policy *frame_policy;
_Atomic uint64_t frame_zone_total[ZONES];
_Atomic uint64_t frame_total, frame_reserve;

// ---- blocks ----

static uint64_t head_of_state(enum frame_state state)
{
    return (struct frame){ .state = state }.head;
}

static void heads_write(uint64_t first, uint64_t end, enum frame_state state)
{
    for (uint64_t number = first; number < end; number++)
        frame_map.database[number].head = head_of_state(state);
}

// Another CPU may want the same block at the same time: one writes, the others wait for it.
void frame_block_open(uint64_t block)
{
    _Atomic enum frame_block *state = &frame_map.blocks[block];
    for (;;) {
        enum frame_block before = atomic_load_explicit(state, memory_order_acquire);
        if (before == BLOCK_READY)
            return;
        if (before == BLOCK_OPENING || !atomic_compare_exchange_strong(state, &before, BLOCK_OPENING)) {
            arch_cpu_relax();
            continue;
        }
        uint64_t first = MAX(block * FRAME_BLOCK, frame_map.first), end = MIN((block + 1) * FRAME_BLOCK, frame_map.limit);
        heads_write(first, end, before == BLOCK_FREE ? FRAME_FREE : FRAME_RESERVED);
        atomic_store_explicit(state, BLOCK_READY, memory_order_release);
        return;
    }
}

// Frames [first, end) of one block are reserved no more.
static void block_part_free(uint64_t first, uint64_t end)
{
    uint64_t block = first / FRAME_BLOCK;
    enum frame_block state = atomic_load_explicit(&frame_map.blocks[block], memory_order_relaxed);
    if (state == BLOCK_UNKNOWN && end - first == FRAME_BLOCK) {
        atomic_store_explicit(&frame_map.blocks[block], BLOCK_FREE, memory_order_release);
        return;
    }
    if (state == BLOCK_FREE)
        panic("donating frame %#lx, which is not reserved", (unsigned long)first);
    frame_block_open(block);
    for (uint64_t number = first; number < end; number++) {
        if (frame_map.database[number].state != FRAME_RESERVED)
            panic("donating frame %#lx, which is not reserved", (unsigned long)number);
        frame_map.database[number].head = 0;
    }
}

// ---- memory comes in ----

// A run in one zone becomes the policy's.
static void run_add(uint64_t first, uint64_t count)
{
    for (uint64_t at = first; at < first + count;) {
        uint64_t end = MIN(align_down(at, FRAME_BLOCK) + FRAME_BLOCK, first + count);
        block_part_free(at, end);
        at = end;
    }
    spinlock_acquire(&frames_lock);
    frame_policy->add(first, count);
    atomic_fetch_add_explicit(&frame_zone_total[frame_zone(first)], count, memory_order_relaxed);
    uint64_t total = atomic_fetch_add_explicit(&frame_total, count, memory_order_relaxed) + count;
    atomic_store_explicit(&frame_reserve, MIN(total / RESERVE_SHARE, RESERVE_LARGEST), memory_order_relaxed);
    spinlock_release(&frames_lock);
}

static void boot_run_add(void *unused, uint64_t first, uint64_t count)
{
    run_add(first, count);
}

void frames_donate(phys_t start, uint64_t size)
{
    uint64_t first = MAX(align_up(start.raw, PAGE_SIZE) / PAGE_SIZE, frame_map.first);
    uint64_t end = MIN((start.raw + size) / PAGE_SIZE, frame_map.limit);
    while (first < end) {
        uint64_t zone_end = first < ZONE_DMA_END ? ZONE_DMA_END : first < ZONE_DMA32_END ? ZONE_DMA32_END : ZONE_NORMAL_END;
        uint64_t here = MIN(end, zone_end);
        run_add(first, here - first);
        first = here;
    }
}

// ---- the beginning ----

// RAM that is in use now and may be donated later needs a struct frame too.
static struct frame_range database_range(const struct boot_info *boot)
{
    struct frame_range range;
    boot_frames_extent(&range.first, &range.limit);
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct memory_range *memory = &boot->memory[i];
        bool may_come = memory->kind == MEMORY_INITRAMFS || memory->kind == MEMORY_KERNEL || memory->kind == MEMORY_BOOTLOADER;
        uint64_t lowest = MIN(range.first, memory->start.raw / PAGE_SIZE);
        uint64_t highest = MAX(range.limit, MIN((memory->start.raw + memory->size) / PAGE_SIZE, ZONE_NORMAL_END));
        if (!may_come || !boot_frames_worth(lowest, highest, range.limit - range.first))
            continue;
        range = (struct frame_range){ lowest, highest };
    }
    range.first = align_down(range.first, 1ull << BUDDY_MAX_ORDER); // so that no block of a policy begins before it
    return range;
}

static uint64_t pages_for(uint64_t bytes)
{
    return (bytes + PAGE_MASK) / PAGE_SIZE;
}

// Nothing changes if it refuses but boot memory.
static enum status frames_attach(const struct boot_info *boot, const struct frame_policy *chosen)
{
    struct frame_range range = database_range(boot);
    uint64_t overhead = chosen->overhead(range);
    struct frame *rows = direct_map(frame_alloc_boot_garbage(pages_for((range.limit - range.first) * sizeof(struct frame))));
    frame_map.database = rows - range.first;
    frame_map.blocks = direct_map(frame_alloc_boot(pages_for(range.limit / FRAME_BLOCK + 1)));
    void *memory = overhead ? direct_map(frame_alloc_boot(pages_for(overhead))) : nullptr;
    TRY(chosen->attach(memory, frame_map.database, range));
    frame_policy = chosen;
    // The mark of this boot, so that what an earlier run of the machine left in memory looks like no frame of ours.
    frame_map.head_used = (struct frame){ .references = 1, .state = FRAME_USED, .mark = (uint8_t)arch_cycles() }.head;
    frame_map.first = range.first;
    frame_map.limit = range.limit;
    frame_map.span = range.limit - range.first;
    frame_check_attach(range.first, range.limit);
    boot_frames_retire(boot_run_add, nullptr);
    return STATUS_OK;
}

static struct slot frames_slot = { .name = "frames", .interface = "frame_policy", .abi = FRAME_POLICY_ABI };

static void check_minimum(const struct boot_info *boot)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        enum memory_kind kind = boot->memory[i].kind;
        if (kind == MEMORY_USABLE || kind == MEMORY_KERNEL || kind == MEMORY_INITRAMFS || kind == MEMORY_BOOTLOADER)
            bytes += boot->memory[i].size;
    }
    // Firmware keeps up to a megabyte of what the machine was given.
    if (bytes + 1 * MIB < PROFILE_MEMORY_MINIMUM_BYTES)
        panic("this machine has %lu MiB of memory; the profile %s needs at least %lu MiB (memory.min_ram_mb)", (unsigned long)(bytes / MIB),
              PROFILE_NAME, (unsigned long)(PROFILE_MEMORY_MINIMUM_BYTES / MIB));
}

enum status frames_init(const struct boot_info *boot)
{
    check_minimum(boot);
    TRY(slot_fill(&frames_slot, PROFILE_FRAMES_MODULE));
    TRY(frames_attach(boot, frames_slot.module->ops));
    log_info("memory", "%lu MiB in frames, by %s", (unsigned long)(atomic_load(&frame_total) * PAGE_SIZE / MIB), frame_policy->name);
    return STATUS_OK;
}
