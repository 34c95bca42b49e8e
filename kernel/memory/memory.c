// SPDX-License-Identifier: MIT
// memory.c: the memory subsystem: what comes up in which order, and how it is doing.
//
// Purpose     Turns the boot memory map into frames, a kernel heap, kernel stacks and address spaces.
// How         1. frames/boot.c hands out zeroed pages from the memory map; nothing is freed yet.
//             2. arch_space_init_kernel builds the kernel's page tables from them: image W^X, direct map of all RAM.
//             3. frames_init lays out the frame database and gives what is left to the profile's frame policy.
//             4. heap_init puts the profile's heap in place of the boot heap, whose untouched pages become frames.
//             5. kernel_map.c can now map stacks and device registers; space*.c make user address spaces.
// Invariants  No memory is handed out twice across the steps: each takes over exactly what the one before did not use.
//             Every frame that is given out is counted, and comes back when its last user goes.
// Locks       RANK_SPACE, RANK_KERNEL_MAP, RANK_KERNEL_SPACE, RANK_HEAP, RANK_FRAMES, in this order; each file says which are its own.
// Not here    Which frame, which slab: policies in modules/frames and modules/heap.

#include <helix/memory.h>

#include <arch/space.h>

#include <helix/boot_info.h>
#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/kernel_map.h>
#include <helix/log.h>
#include <helix/region_manager.h>
#include <helix/space.h>
#include <helix/subsystem.h>

static enum status memory_init(void)
{
    if (!region_manager_init(boot_info()))
        log_warn("memory", "the map of physical memory has no room for all that the loader tells");
    arch_space_init_kernel(boot_info());
    space_init();
    TRY(frames_init(boot_info()));
    return heap_init();
}

static enum health_status memory_health(void)
{
    enum memory_pressure pressure = frames_pressure();
    return pressure == PRESSURE_NORMAL || pressure == PRESSURE_LOW ? HEALTH_HEALTHY : HEALTH_DEGRADED;
}

static void memory_statistics(struct component_statistics *statistics)
{
    struct frame_statistics frames;
    frames_statistics(&frames);
    uint64_t used = frames.total - frames.free;
    *statistics = (struct component_statistics){
        .operations = frames.allocations + frames.frees,
        .errors = frames.failures,
        .load = (uint8_t)(frames.total ? used * 100 / frames.total : 0),
        .memory_usage = used * PAGE_SIZE,
    };
}

TABLE_DECLARE(struct memory_trimmer, helix_memory_trimmers);

void memory_trim(void)
{
    TABLE_EACH(struct memory_trimmer, row, helix_memory_trimmers)
        row->trim();
    kernel_stacks_trim();
    heap_trim();
    frames_trim();
}

static const struct component memory_component = {
    .init = memory_init,
    .health = memory_health,
    .statistics = memory_statistics,
};

SUBSYSTEM(memory, .phase = INIT_EARLY, .priority = 30, .depends = { "cpu" }, .provides = PHASE_HEAP | PHASE_MEMORY,
          .ops = &memory_component);
