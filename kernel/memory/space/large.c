// SPDX-License-Identifier: MIT
// large.c: which faults are served with 2 MiB at once, and the boot option that says so.
//
// A block becomes one page when it is private anonymous memory of one region, nothing of it is there yet, memory is plentiful, and the
// program is likely to use all of it: it writes to the block's first page first, or has said so by madvise. Stacks, which grow
// towards lower addresses, and the odd touch inside of a large mapping stay with small pages.
#include "space.h"

#include <lib/string.h>

#include <arch/interrupt.h>
#include <arch/table_walk.h>
#include <arch/user.h>

#include <helix/boot_info.h>
#include <helix/frames.h>

BOOT_OPTION(huge_pages, "huge_pages", "2 MiB pages for programs: on, madvise (only where they ask) or off");

enum huge_pages { HUGE_UNKNOWN, HUGE_ON, HUGE_MADVISE, HUGE_OFF };

enum : uint64_t { PLENTY_LEAST = 32 * MIB / PAGE_SIZE }; // frames in all; on smaller machines 2 MiB are much

static enum huge_pages huge_pages(void)
{
    static _Atomic enum huge_pages mode;
    enum huge_pages known = atomic_load_explicit(&mode, memory_order_relaxed);
    if (known)
        return known;
    char text[16] = "";
    (void)boot_option("huge_pages", text, sizeof text);
    known = strcmp(text, "off") == 0 ? HUGE_OFF : strcmp(text, "madvise") == 0 ? HUGE_MADVISE : HUGE_ON;
    atomic_store_explicit(&mode, known, memory_order_relaxed);
    return known;
}

static bool memory_is_plentiful(void)
{
    struct frame_statistics statistics;
    frames_statistics(&statistics);
    return statistics.total >= PLENTY_LEAST && statistics.free > statistics.total / 4;
}

static bool block_suits(const struct region *region, uint64_t page)
{
    uint64_t block = align_down(page, LARGE_SIZE);
    uint32_t flags = atomic_load_explicit(&region->flags, memory_order_relaxed);
    if (region->source || flags & (REGION_SHARED | REGION_GROWS_DOWN | REGION_STACK | REGION_NO_HUGE))
        return false;
    if (block < region->start || region->end - block < LARGE_SIZE)
        return false;
    return flags & REGION_HUGE ? huge_pages() != HUGE_OFF : page == block && huge_pages() == HUGE_ON;
}

bool space_fault_large(struct space *space, struct region *region, uint64_t page, uint32_t kind)
{
    phys_t run;
    if (!(kind & FAULT_WRITE) || !block_suits(region, page) || !arch_large_fits(&space->arch, page) || !memory_is_plentiful())
        return false;
    if (frame_alloc(LARGE_SIZE / PAGE_SIZE, FRAME_ALIGNED | FRAME_ZEROED | FRAME_USER, &run) != STATUS_OK)
        return false;
    if (arch_large_map(&space->arch, align_down(page, LARGE_SIZE), run, region->access | PAGE_USER) != STATUS_OK) {
        frame_free(run, LARGE_SIZE / PAGE_SIZE);
        return false;
    }
    region->flags |= REGION_ANONYMOUS_PAGES;
    atomic_fetch_add_explicit(&space->faults_minor, 1, memory_order_relaxed);
    return true;
}
