// SPDX-License-Identifier: MIT
// statistics.c: the figures of memory as a whole, asked of those who keep them.
#include <helix/memory_statistics.h>

#include <arch/layout.h>
#include <arch/space.h>

#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/kernel_map.h>

void memory_statistics(struct memory_statistics *statistics)
{
    struct frame_statistics frames;
    struct flush_counters flushes;
    frames_statistics(&frames);
    arch_flush_count(&flushes);
    *statistics = (struct memory_statistics){
        .total_physical = frames.total * PAGE_SIZE,
        .free_physical = frames.free * PAGE_SIZE,
        .used_physical = (frames.total - frames.free) * PAGE_SIZE,
        .total_virtual = (KERNEL_STACKS_END - KERNEL_STACKS_START) + (DEVICES_END - DEVICES_START),
        .used_virtual = kernel_map_used(),
        .allocations = frames.allocations,
        .deallocations = frames.frees,
        .tlb_flushes = flushes.pages + flushes.whole,
    };
    for (uint32_t id = 0; id < cpu_count(); id++)
        statistics->page_faults += cpu_by_id(id)->page_faults;
}
