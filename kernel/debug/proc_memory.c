// SPDX-License-Identifier: MIT
// proc_memory.c: /proc/meminfo, vmstat, helix/memory, helix/slab and, with [debug] heap_checks, helix/leaks.
#include <generated/profile.h>

#include <arch/space.h>

#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/heap_leaks.h>
#include <helix/page_cache.h>
#include <helix/panic.h>
#include <helix/kernel_map.h>
#include <helix/memory_statistics.h>
#include <helix/region_manager.h>
#include <helix/thread.h>
#include <helix/timer.h>
#include <helix/vfs.h>

static void write_kib(struct text_writer *out, const char *name, uint64_t bytes)
{
    text_write(out, "%s:%*llu kB\n", name, 24 - (int)__builtin_strlen(name), bytes / KIB);
}

// Cached and Dirty are pages of files that have somewhere to be read from again; ramfs files are the only copy of what they hold, and
// count among what is used. What is free, or clean in the cache, is available.
static void show_meminfo(struct text_writer *out)
{
    struct frame_statistics frames = {};
    struct heap_statistics heap = {};
    frames_statistics(&frames);
    heap_statistics(&heap);
    struct page_cache_statistics cache;
    page_cache_statistics(&cache);
    write_kib(out, "MemTotal", frames.total * PAGE_SIZE);
    write_kib(out, "MemFree", frames.free * PAGE_SIZE);
    write_kib(out, "MemAvailable", (frames.free + cache.cached - cache.dirty) * PAGE_SIZE);
    write_kib(out, "Buffers", 0);
    write_kib(out, "Cached", cache.cached * PAGE_SIZE);
    write_kib(out, "SwapCached", 0);
    write_kib(out, "SwapTotal", 0);
    write_kib(out, "SwapFree", 0);
    write_kib(out, "Dirty", cache.dirty * PAGE_SIZE);
    write_kib(out, "Writeback", 0);
    write_kib(out, "Slab", heap.held);
    write_kib(out, "SReclaimable", 0);
    write_kib(out, "SUnreclaim", heap.held);
    write_kib(out, "KernelStack", thread_count() * KERNEL_STACK_SIZE);
}
PROC_FILE(meminfo, "meminfo", show_meminfo);

static void show_zones(struct text_writer *out, const struct frame_statistics *frames)
{
    static const char *const names[ZONES] = { "dma", "dma32", "normal", "high", "device" };
    text_write(out, "zone          total       used       free\n");
    for (size_t zone = 0; zone < ZONES; zone++)
        text_write(out, "%-8s %10lu %10lu %10lu\n", names[zone], frames->zone[zone].total,
                   frames->zone[zone].total - frames->zone[zone].free, frames->zone[zone].free);
    text_write(out, "%-8s %10lu %10lu %10lu\n", "all", frames->total, frames->total - frames->free, frames->free);
}

static void show_runs(struct text_writer *out)
{
    struct frame_runs runs;
    frames_runs(&runs);
    text_write(out, "policy %s\nlargest_free %lu\nfree_runs", runs.policy, runs.largest);
    for (size_t i = 0; i < FRAME_ORDERS; i++)
        text_write(out, " %lu", runs.runs[i]);
    text_write(out, "\n");
}

// Frames by zone, then a name and its figure in every line; free_runs counts those of 1, 2 to 3, 4 to 7, … frames.
static void show_memory(struct text_writer *out)
{
    struct frame_statistics frames = {};
    struct memory_statistics memory;
    frames_statistics(&frames);
    memory_statistics(&memory);
    show_zones(out, &frames);
    text_write(out, "total_physical %lu\nfree_physical %lu\nused_physical %lu\n", memory.total_physical, memory.free_physical,
               memory.used_physical);
    text_write(out, "total_virtual %lu\nused_virtual %lu\n", memory.total_virtual, memory.used_virtual);
    text_write(out, "allocations %lu\ndeallocations %lu\nfailures %lu\nlost %lu\n", memory.allocations, memory.deallocations,
               frames.failures, frames.lost);
    text_write(out, "cached %lu\nzeroed %lu\nzeroed_hits %lu\nzeroed_misses %lu\n", frames.cached, frames.zeroed_free, frames.zeroed_hits,
               frames.zeroed_misses);
    struct page_cache_statistics cache;
    page_cache_statistics(&cache);
    text_write(out, "file_pages %lu\nfile_dirty %lu\nfile_hits %lu\nfile_misses %lu\nfile_ahead %lu\nfile_reclaimed %lu\nfile_failed %lu\n",
               cache.cached, cache.dirty, cache.hits, cache.misses, cache.ahead, cache.reclaimed, cache.failed);
    text_write(out, "page_faults %lu\ntlb_flushes %lu\npressure %d\n", memory.page_faults, memory.tlb_flushes, (int)frames_pressure());
    show_runs(out);
}
PROC_FILE(helix_memory, "helix/memory", show_memory);

// Linux's names, of what there is to count. The flushes of other CPUs are counted by them, who receive messages.
static void show_vmstat(struct text_writer *out)
{
    struct flush_counters flushes;
    uint64_t total, free, page_faults = 0;
    for (uint32_t id = 0; id < cpu_count(); id++)
        page_faults += cpu_by_id(id)->page_faults;
    frames_count(&total, &free);
    arch_flush_count(&flushes);
    text_write(out, "nr_free_pages %lu\npgfault %lu\n", free, page_faults);
    text_write(out, "nr_tlb_remote_flush %lu\nnr_tlb_remote_flush_received %lu\n", flushes.remote, flushes.received);
    text_write(out, "nr_tlb_local_flush_all %lu\nnr_tlb_local_flush_one %lu\n", flushes.whole, flushes.pages);
}
PROC_FILE(vmstat, "vmstat", show_vmstat);

// As Linux has it: RAM in one piece, and indented what of it is somebody's.
static void show_iomem(struct text_writer *out)
{
    struct physical_region *regions = heap_alloc(PHYSICAL_REGIONS_MAX * sizeof *regions);
    size_t count = regions ? MIN(region_manager_all(regions, PHYSICAL_REGIONS_MAX), (size_t)PHYSICAL_REGIONS_MAX) : 0;
    for (size_t i = 0, ram_end = 0; i < count; i++) {
        const struct physical_region *region = &regions[i];
        bool plain = region->type == PHYSICAL_RAM && !region->reserved;
        if (physical_is_ram(region) && i >= ram_end) {
            for (ram_end = i + 1; ram_end < count && physical_is_ram(&regions[ram_end]); ram_end++)
                if (regions[ram_end].start != regions[ram_end - 1].start + regions[ram_end - 1].size)
                    break;
            const struct physical_region *last = &regions[ram_end - 1];
            text_write(out, "%08lx-%08lx : System RAM\n", region->start, last->start + last->size - 1);
        }
        if (!plain)
            text_write(out, "%s%08lx-%08lx : %s\n", physical_is_ram(region) ? "  " : "", region->start, region->start + region->size - 1,
                       region->name);
    }
    heap_free(regions);
}
PROC_FILE(iomem, "iomem", show_iomem);

static void show_slab(struct text_writer *out)
{
    struct heap_statistics heap = {};
    heap_statistics(&heap);
    text_write(out, "policy %s\nallocations %lu frees %lu failures %lu\nused_bytes %lu held_bytes %lu large_blocks %lu\n",
               heap.policy ? heap.policy : "none", heap.allocations, heap.frees, heap.failures, heap.used, heap.held, heap.large_blocks);
    text_write(out, "boot_size %lu boot_used %lu boot_retired %d\n", heap.boot_size, heap.boot_used, heap.boot_retired);
    text_write(out, "  size       used   capacity\n");
    for (size_t i = 0; i < ARRAY_LENGTH(heap.classes); i++) {
        if (heap.classes[i].size)
            text_write(out, "%6u %10lu %10lu\n", heap.classes[i].size, heap.classes[i].used, heap.classes[i].capacity);
    }
}
PROC_FILE(helix_slab, "helix/slab", show_slab);

#if PROFILE_HEAP_CHECKS
// Live blocks by the place that allocated them; the report's own are among them.
static void show_leaks(struct text_writer *out)
{
    enum { SITES = 256 };
    uint64_t blocks = 0, bytes = 0;
    struct leak_site *sites = heap_alloc(SITES * sizeof *sites);
    size_t count = sites ? heap_leaks(0, sites, SITES, &blocks, &bytes) : 0;
    text_write(out, "  blocks      bytes   oldest_ms site\n");
    for (size_t i = 0; i < count; i++) {
        char name[80];
        symbol_text(name, sizeof name, sites[i].by);
        text_write(out, "%8lu %10lu %11llu %s\n", sites[i].blocks, sites[i].bytes, (time_ns() - sites[i].oldest_ns) / NS_PER_MS, name);
    }
    text_write(out, "%8lu %10lu\n", blocks, bytes);
    heap_free(sites);
}
PROC_FILE(helix_leaks, "helix/leaks", show_leaks);
#endif
