// SPDX-License-Identifier: MIT
// show.c: the shell's commands about the machine and the kernel: version, uname, uptime, memory, statistics.
#include <lib/format.h>
#include <lib/string.h>

#include <arch/machine.h>
#include <arch/time.h>
#include <generated/profile.h>
#include <helix/cpu.h>
#include <helix/event.h>
#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/interrupt.h>
#include <helix/memory.h>
#include <helix/memory_watch.h>
#include <helix/pressure.h>
#include <helix/orchestrator.h>
#include <helix/process.h>
#include <helix/region_manager.h>
#include <helix/scheduler.h>
#include <helix/user.h>

#include "local.h"

typedef unsigned long long number;

#define VERSION_FORMAT    "%u.%u.%u-%s"
#define VERSION_ARGUMENTS kernel_version.major, kernel_version.minor, kernel_version.patch, kernel_version.suffix
enum { PAGE_KIB = PAGE_SIZE / KIB };

// ---- who and how long ----

static int run_version(struct shell *shell, int count, char **words)
{
    char clock[96] = "";
    arch_time_describe(clock, sizeof clock);
    shell_print(shell, "%sHelix " VERSION_FORMAT "%s\n", shell_colour(shell, "\033[1m"), VERSION_ARGUMENTS, shell_colour(shell, "\033[0m"));
    shell_print(shell, "  architecture  %s, %u CPU%s\n", arch_name(), cpu_count(), cpu_count() == 1 ? "" : "s");
    shell_print(shell, "  profile       %s (scheduler %s, frames %s, heap %s)\n", PROFILE_NAME, scheduler_name(), PROFILE_FRAMES_MODULE,
                PROFILE_HEAP_MODULE);
    shell_print(shell, "  clock         %s\n", clock);
    shell_print(shell, "  built with    %s\n", __VERSION__);
    shell_print(shell, "  state         %s, phase %s\n", kernel_state_name(kernel_state()), lifecycle_phase_name(lifecycle_phase()));
    return 0;
}
SHELL_COMMAND(version, "", "Print detailed version info", run_version);

static int uname_usage(struct shell *shell)
{
    shell_print(shell, "usage: uname [-asrvm]\n");
    return EXIT_USAGE;
}

static int run_uname(struct shell *shell, int count, char **words)
{
    const char *wanted = count > 1 ? words[1] : "-s";
    char text[160], *separator = "";
    struct text line = { .bytes = text, .size = sizeof text };

    if (count > 2 || wanted[0] != '-' || !wanted[1])
        return uname_usage(shell);
    for (const char *letter = wanted + 1; *letter; letter++) {
        if (!strchr("asrvm", *letter))
            return uname_usage(shell);
    }
    bool all = strchr(wanted, 'a');
    if (all || strchr(wanted, 's')) {
        text_add(&line, "Helix");
        separator = " ";
    }
    if (all || strchr(wanted, 'r')) {
        text_add(&line, "%s" VERSION_FORMAT, separator, VERSION_ARGUMENTS);
        separator = " ";
    }
    if (all || strchr(wanted, 'v')) {
        text_add(&line, "%sprofile %s, %s", separator, PROFILE_NAME, __VERSION__);
        separator = " ";
    }
    if (all || strchr(wanted, 'm'))
        text_add(&line, "%s%s", separator, arch_name());
    shell_print(shell, "%s\n", text);
    return 0;
}
SHELL_COMMAND(uname, "[-asrvm]", "Print kernel name and version", run_uname);

static int run_uptime(struct shell *shell, int count, char **words)
{
    uint64_t seconds = time_ns() / NS_PER_S, idle = 0;
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        idle += cpu_by_id(cpu)->idle_ns;
    uint64_t busy = time_ns() * cpu_count() > idle ? 1000 - idle / (time_ns() * cpu_count() / 1000 + 1) : 0;
    shell_print(shell, "System uptime: %llu days, %llu hours, %llu minutes, %llu seconds\n", (number)(seconds / 86400),
                (number)(seconds / 3600 % 24), (number)(seconds / 60 % 60), (number)(seconds % 60));
    shell_print(shell, "CPU busy %llu.%llu %% of that; %llu threads, %llu processes\n", (number)(busy / 10), (number)(busy % 10),
                (number)thread_count(), (number)process_count());
    return 0;
}
SHELL_COMMAND(uptime, "", "Show kernel uptime", run_uptime);

// ---- memory ----

static void show_zones(struct shell *shell, const struct frame_statistics *frames)
{
    static const char *const names[ZONES] = { "dma", "dma32", "normal", "high", "device" };
    shell_print(shell, "%-10s %12s %12s %12s\n", "zone", "total KiB", "used KiB", "free KiB");
    for (size_t i = 0; i < ZONES; i++) {
        uint64_t total = frames->zone[i].total, free = frames->zone[i].free;
        if (total)
            shell_print(shell, "%-10s %12llu %12llu %12llu\n", names[i], (number)(total * PAGE_KIB), (number)((total - free) * PAGE_KIB),
                        (number)(free * PAGE_KIB));
    }
    shell_print(shell, "%-10s %12llu %12llu %12llu\n", "total", (number)(frames->total * PAGE_KIB),
                (number)((frames->total - frames->free) * PAGE_KIB), (number)(frames->free * PAGE_KIB));
    shell_print(shell, "%llu allocations, %llu frees, %llu failures; %llu KiB of the free in caches, %llu KiB of them cleared ahead\n",
                (number)frames->allocations, (number)frames->frees, (number)frames->failures, (number)(frames->cached * PAGE_KIB),
                (number)(frames->zeroed_free * PAGE_KIB));
    if (frames->lost)
        shell_print(shell, "%llu KiB of the used are free and will not be handed out again\n", (number)(frames->lost * PAGE_KIB));
}

// One line: how many free runs there are of 4 KiB, of 8 KiB to less than 16, and so on up.
static void show_runs(struct shell *shell)
{
    struct frame_runs runs;
    frames_runs(&runs);
    shell_print(shell, "%s: largest free run %llu KiB; runs from 4 KiB up:", runs.policy, (number)(runs.largest * PAGE_KIB));
    for (size_t i = 0; i < FRAME_ORDERS; i++)
        shell_print(shell, " %llu", (number)runs.runs[i]);
    shell_print(shell, "\n");
}

static void show_heap(struct shell *shell, const struct heap_statistics *heap)
{
    shell_print(shell, "heap %s: %llu KiB used of %llu KiB held; %llu allocations, %llu frees, %llu failures; %llu large blocks\n",
                heap->policy, (number)(heap->used / KIB), (number)(heap->held / KIB), (number)heap->allocations, (number)heap->frees,
                (number)heap->failures, (number)heap->large_blocks);
    for (size_t i = 0; i < ARRAY_LENGTH(heap->classes); i++) {
        if (heap->classes[i].size)
            shell_print(shell, "  %5u bytes: %8llu used of %8llu\n", heap->classes[i].size, (number)heap->classes[i].used,
                        (number)heap->classes[i].capacity);
    }
    shell_print(shell, "boot heap: %llu KiB of %llu KiB used, %s\n", (number)(heap->boot_used / KIB), (number)(heap->boot_size / KIB),
                heap->boot_retired ? "retired" : "in use");
}

static void show_subscriber(void *context, const struct subscription *subscription)
{
    if (subscription->topics & event_bit(EVENT_MEMORY_PRESSURE))
        text_add(context, " %s %llu", subscription->name, (number)atomic_load_explicit(&subscription->told, memory_order_relaxed));
}

static void show_pressure(struct shell *shell, const struct frame_statistics *frames)
{
    char line[160] = "";
    struct text text = { .bytes = line, .size = sizeof line };
    struct memory_watch_statistics watch;
    memory_watch_statistics(&watch);
    event_each(show_subscriber, &text);
    shell_print(shell, "pressure: %s\n", pressure_name(frames_pressure()));
    shell_print(shell, "use: %s; %llu changes of pressure, told to:%s\n",
                memory_use_name(memory_use_of(frames->total, frames->total - frames->free)), (number)event_count(EVENT_MEMORY_PRESSURE),
                line);
    shell_print(shell, "out of memory: asked for more %llu times, %llu in vain; %llu programs ended for it\n", (number)watch.asked,
                (number)watch.refused, (number)watch.ended);
}

static int show_regions(struct shell *shell)
{
    struct physical_region *regions = heap_alloc(PHYSICAL_REGIONS_MAX * sizeof *regions);
    if (!regions) {
        shell_error(shell, "mem: %s", status_text(STATUS_NO_MEMORY));
        return 1;
    }
    size_t found = MIN(region_manager_all(regions, PHYSICAL_REGIONS_MAX), (size_t)PHYSICAL_REGIONS_MAX);
    for (size_t i = 0; i < found; i++)
        shell_print(shell, "%012llx-%012llx %-11s %s%s\n", (number)regions[i].start, (number)(regions[i].start + regions[i].size - 1),
                    physical_type_name(regions[i].type), regions[i].name, regions[i].reserved ? " (reserved)" : "");
    shell_print(shell, "%llu KiB of RAM, %llu KiB of it usable\n", (number)(region_manager_total_ram() / KIB),
                (number)(region_manager_usable_ram() / KIB));
    heap_free(regions);
    return 0;
}

static void show_flushes(struct shell *shell)
{
    struct flush_counters flushes;
    arch_flush_count(&flushes);
    shell_print(shell, "tlb_flushes: %llu pages, %llu whole, %llu remote\n", (number)flushes.pages, (number)flushes.whole,
                (number)flushes.remote);
}

static int run_mem(struct shell *shell, int count, char **words)
{
    if (count == 2 && strcmp(words[1], "regions") == 0)
        return show_regions(shell);
    if (count > 1) {
        shell_error(shell, "usage: mem [regions]");
        return 2;
    }
    struct frame_statistics frames;
    struct heap_statistics heap;
    memory_trim(); // what is shown then depends on what lives, not on what ran before
    frames_statistics(&frames);
    heap_statistics(&heap);
    show_zones(shell, &frames);
    show_runs(shell);
    show_pressure(shell, &frames);
    show_heap(shell, &heap);
    show_flushes(shell);
    return 0;
}
SHELL_COMMAND(mem, "[regions]", "Display memory statistics, or what lies where", run_mem);

// ---- statistics ----

static void show_cpus(struct shell *shell)
{
    for (uint32_t id = 0; id < cpu_count(); id++) {
        const struct cpu *cpu = cpu_by_id(id);
        shell_print(shell, "cpu %u: %llu interrupts, %llu switches, %llu page faults, %llu ms idle\n", id, (number)cpu->interrupts,
                    (number)cpu->switches, (number)cpu->page_faults, (number)(cpu->idle_ns / NS_PER_MS));
    }
}

static void show_interrupts(struct shell *shell)
{
    for (uint32_t vector = 0; vector < 256; vector++) {
        if (interrupt_count(vector))
            shell_print(shell, "interrupt vector %u (%s): %llu\n", vector, interrupt_name(vector) ? interrupt_name(vector) : "nobody",
                        (number)interrupt_count(vector));
    }
}

static void show_syscalls(struct shell *shell)
{
    uint64_t total = 0;
    uint32_t column = 0;
    for (uint32_t call = 0; call < SYSCALL_SLOTS; call++)
        total += syscall_count(call);
    shell_print(shell, "system calls: %llu\n", (number)total);
    for (uint32_t call = 0; call < SYSCALL_SLOTS; call++) {
        if (!syscall_name(call) || !syscall_count(call))
            continue;
        shell_print(shell, "  %-18s %10llu%s", syscall_name(call), (number)syscall_count(call), column % 3 == 2 ? "\n" : "");
        column++;
    }
    if (column % 3)
        shell_print(shell, "\n");
}

static int run_stats(struct shell *shell, int count, char **words)
{
    struct scheduler_statistics scheduler = { 0 };
    scheduler_statistics(&scheduler);
    shell_print(shell, "shell: %llu commands, %llu programs\n", (number)shell->commands, (number)shell->programs);
    shell_print(shell, "now: %llu threads, %llu processes\n", (number)thread_count(), (number)process_count());
    shell_print(shell, "scheduler %s: %llu switches, %llu preemptions, %llu yields, %llu ticks; %llu runnable, %llu blocked\n",
                scheduler_name(), (number)scheduler.context_switches, (number)scheduler.preemptions, (number)scheduler.voluntary_yields,
                (number)scheduler.ticks, (number)scheduler.runnable, (number)scheduler.blocked);
    show_cpus(shell);
    show_interrupts(shell);
    show_syscalls(shell);
    return 0;
}
SHELL_COMMAND(stats, "", "Display system statistics", run_stats);
