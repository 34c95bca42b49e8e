// SPDX-License-Identifier: MIT
// boot.c: physical pages before there is an allocator: a bump pointer in every piece of the boot memory map.

#include "../memory.h"

#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/frame_policy.h>
#include <helix/log.h>
#include <helix/panic.h>

#include <generated/profile.h>

// A run of usable frames in one zone. [next, end) has not been handed out.
struct piece {
    uint64_t first, next, end; // frame numbers
};

enum { PIECES = BOOT_MEMORY_RANGES + ZONES };
enum : uint64_t { LOW_MEMORY_END = 1 * MIB / PAGE_SIZE };

static struct piece pieces[PIECES]; // ascending
static uint32_t piece_count;
static bool initialised, retired;

static uint64_t zone_end(enum memory_zone zone)
{
    return zone == ZONE_DMA ? ZONE_DMA_END : zone == ZONE_DMA32 ? ZONE_DMA32_END : ZONE_NORMAL_END;
}

// Cuts [first, end) at the zone boundaries.
static void pieces_add(uint64_t first, uint64_t end)
{
    while (first < end && piece_count < PIECES) {
        uint64_t here = MIN(end, zone_end(frame_zone(first)));
        pieces[piece_count++] = (struct piece){ first, first, here };
        first = here;
    }
}

void boot_frames_init(const struct boot_info *boot, uint64_t limit_bytes)
{
    uint64_t limit = limit_bytes ? limit_bytes / PAGE_SIZE : ZONE_NORMAL_END; // frames of RAM, wherever they lie
    uint64_t taken = 0;
    piece_count = 0;
    retired = false;
    initialised = true;
    for (uint32_t i = 0; i < boot->memory_count && limit; i++) {
        const struct memory_range *range = &boot->memory[i];
        if (range->kind != MEMORY_USABLE)
            continue;
        uint64_t first = align_up(range->start.raw, PAGE_SIZE) / PAGE_SIZE;
        uint64_t end = MIN((range->start.raw + range->size) / PAGE_SIZE, ZONE_NORMAL_END);
        if (first >= end)
            continue;
        end = MIN(end, first + limit);
        if (piece_count && !boot_frames_worth(pieces[0].first, end, taken + end - first)) {
            log_warn("memory", "%lu KiB at 0x%lx lie too far from the rest; left out", (unsigned long)(range->size / KIB),
                     (unsigned long)range->start.raw);
            continue;
        }
        limit -= end - first;
        taken += end - first;
        pieces_add(first, end);
    }
}

// What is worth keeping longest comes last: memory that old devices reach, and what only firmware calls and trampolines can use.
// Memory from 4 GiB on comes last of all, because boot code's page tables need not cover it.
static unsigned piece_rank(const struct piece *piece)
{
    if (piece->end <= LOW_MEMORY_END)
        return 2;
    static const unsigned ranks[ZONES] = { [ZONE_DMA] = 1, [ZONE_DMA32] = 0, [ZONE_NORMAL] = 3 };
    return ranks[frame_zone(piece->next)];
}

static struct piece *piece_for(size_t pages)
{
    struct piece *best = nullptr;
    for (uint32_t i = 0; i < piece_count; i++) {
        struct piece *piece = &pieces[i];
        if (piece->end - piece->next >= pages && (!best || piece_rank(piece) < piece_rank(best)))
            best = piece;
    }
    return best;
}

static void boot_frames_begin(void)
{
    if (!initialised)
        boot_frames_init(boot_info(), PROFILE_MEMORY_MAXIMUM_BYTES);
}

bool boot_frames_take(size_t pages, phys_t *first)
{
    boot_frames_begin();
    struct piece *piece = retired ? nullptr : piece_for(pages);
    if (!piece)
        return false;
    first->raw = piece->next * PAGE_SIZE;
    piece->next += pages;
    return true;
}

phys_t frame_alloc_boot_garbage(size_t pages)
{
    phys_t first;
    if (retired)
        panic("boot memory asked for after the frame allocator took over");
    if (!boot_frames_take(pages, &first))
        panic("the machine has too little memory: no %zu free pages for the start of the kernel", pages);
    return first;
}

phys_t frame_alloc_boot(size_t pages)
{
    phys_t first = frame_alloc_boot_garbage(pages);
    memset(direct_map(first), 0, pages * PAGE_SIZE);
    return first;
}

void boot_frames_extent(uint64_t *first, uint64_t *end)
{
    boot_frames_begin();
    *first = piece_count ? pieces[0].first : 0;
    *end = piece_count ? pieces[piece_count - 1].end : 0;
}

void boot_frames_retire(void (*visit)(void *context, uint64_t first, uint64_t count), void *context)
{
    retired = true;
    for (uint32_t i = 0; i < piece_count; i++) {
        if (pieces[i].next < pieces[i].end)
            visit(context, pieces[i].next, pieces[i].end - pieces[i].next);
    }
}
