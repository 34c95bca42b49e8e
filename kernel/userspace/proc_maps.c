// SPDX-License-Identifier: MIT
// proc_maps.c: /proc/PID/maps, smaps and smaps_rollup, in Linux's formats.
//
// The entries of page tables are made with their accessed and dirty bits set, so that no CPU has to write them: there is no line that says
// what was lately used (Referenced). MADV_FREE takes pages back at once, so that none is waiting (LazyFree).
#include <lib/format.h>
#include <lib/string.h>

#include <arch/keys.h>
#include <arch/table_walk.h>

#include <helix/heap.h>
#include <helix/process_view.h>
#include <helix/space.h>
#include <helix/user.h>

enum { PATH_SHOWN = 1024, NAME_COLUMN = 73 };

struct map_writer {
    struct text_writer *out;
    char *path; // PATH_SHOWN bytes
    struct space *space;
    struct region_usage sum; // smaps_rollup
    uint64_t locked;         // of sum, in 1/4096 bytes
    uint64_t first, last;    // addresses; first UINT64_MAX: nothing yet
};

static const char *region_name(const struct region *region, char *path)
{
    if (region->flags & REGION_HEAP)
        return "[heap]";
    if (region->flags & REGION_STACK)
        return "[stack]";
    if (!region->source || !region->source->ops->describe)
        return "";
    path[0] = '\0';
    region->source->ops->describe(region->source, path, PATH_SHOWN);
    return path;
}

static void write_region(void *context, const struct region *region)
{
    const struct map_writer *writer = context;
    char line[128];
    uint64_t device = 0, number = 0;
    const char *name = region_name(region, writer->path);
    if (region->source && region->source->ops->identify)
        region->source->ops->identify(region->source, &device, &number);
    size_t length = format_text(line, sizeof line, "%08lx-%08lx %c%c%c%c %08lx %02lx:%02lx %lu ", region->start, region->end,
                                region->access & PAGE_READ ? 'r' : '-', region->access & PAGE_WRITE ? 'w' : '-',
                                region->access & PAGE_EXECUTE ? 'x' : '-', region->flags & REGION_SHARED ? 's' : 'p',
                                region->source ? region->offset : 0, device >> 8, device & 0xff, number);
    if (*name)
        text_write(writer->out, "%-*s%s\n", NAME_COLUMN, line, name);
    else
        text_write(writer->out, "%.*s\n", (int)length, line);
}

static void each_region(struct text_writer *out, struct process *process, void (*visit)(void *context, const struct region *region),
                        void (*after)(const struct map_writer *writer))
{
    struct map_writer writer = { .out = out, .path = heap_alloc(PATH_SHOWN), .space = process_view_space(process), .first = UINT64_MAX };
    if (writer.space && writer.path) {
        space_each(writer.space, visit, &writer);
        if (after)
            after(&writer);
    }
    heap_free(writer.path);
    if (writer.space)
        space_release(writer.space);
}

static void show_maps(struct text_writer *out, struct process *process)
{
    each_region(out, process, write_region, nullptr);
}

PROC_PROCESS_FILE(maps, "maps", show_maps);

// ---- smaps ----

static void write_kib(struct text_writer *out, const char *name, uint64_t bytes)
{
    text_write(out, "%s:%*llu kB\n", name, 23 - (int)strlen(name), bytes / KIB);
}

static void write_usage(struct text_writer *out, const struct region_usage *usage, uint64_t locked)
{
    write_kib(out, "Rss", usage->resident);
    write_kib(out, "Pss", usage->proportional >> PAGE_SHIFT);
    write_kib(out, "Shared_Clean", usage->shared_clean);
    write_kib(out, "Shared_Dirty", usage->shared_dirty);
    write_kib(out, "Private_Clean", usage->private_clean);
    write_kib(out, "Private_Dirty", usage->private_dirty);
    write_kib(out, "Anonymous", usage->anonymous);
    write_kib(out, "LazyFree", 0);
    write_kib(out, "AnonHugePages", usage->large);
    write_kib(out, "Swap", 0);
    write_kib(out, "SwapPss", 0);
    write_kib(out, "Locked", locked >> PAGE_SHIFT);
}

// Whether a fault could bring in a large page.
static bool large_eligible(const struct region *region)
{
    bool anonymous = !region->source && !(region->flags & (REGION_SHARED | REGION_NO_HUGE | REGION_GROWS_DOWN));
    return anonymous && align_up(region->start, LARGE_SIZE) + LARGE_SIZE <= region->end;
}

static void write_flags(struct text_writer *out, const struct region *region)
{
    const struct {
        bool set;
        const char *name;
    } flags[] = {
        { region->access & PAGE_READ, "rd" },
        { region->access & PAGE_WRITE, "wr" },
        { region->access & PAGE_EXECUTE, "ex" },
        { region->flags & REGION_SHARED, "sh" },
        { true, "mr" },
        { !(region->flags & REGION_NO_WRITE), "mw" },
        { true, "me" },
        { region->flags & REGION_SHARED, "ms" },
        { region->flags & REGION_GROWS_DOWN, "gd" },
        { region->flags & REGION_LOCKED, "lo" },
        { region->flags & REGION_DONT_FORK, "dc" },
        { region->flags & REGION_NO_RESERVE, "nr" },
        { region->flags & REGION_WIPE_ON_FORK, "wf" },
        { region->flags & REGION_HUGE, "hg" },
        { region->flags & REGION_NO_HUGE, "nh" },
    };
    text_write(out, "VmFlags: ");
    for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
        if (flags[i].set)
            text_write(out, "%s ", flags[i].name);
    }
    text_write(out, "\n");
}

// By space_each, which holds the lock shared.
NO_LOCK_ANALYSIS static void write_smaps(void *context, const struct region *region)
{
    const struct map_writer *writer = context;
    struct region_usage usage;
    region_usage(writer->space, region, &usage);
    write_region(context, region);
    write_kib(writer->out, "Size", region->end - region->start);
    write_kib(writer->out, "KernelPageSize", PAGE_SIZE);
    write_kib(writer->out, "MMUPageSize", PAGE_SIZE);
    write_usage(writer->out, &usage, region->flags & REGION_LOCKED ? usage.proportional : 0);
    text_write(writer->out, "THPeligible:    %u\n", large_eligible(region));
    if (arch_keys() > 1)
        text_write(writer->out, "ProtectionKey:  %8u\n", (region->access & PAGE_KEYS) >> PAGE_KEY_SHIFT);
    write_flags(writer->out, region);
}

static void show_smaps(struct text_writer *out, struct process *process)
{
    each_region(out, process, write_smaps, nullptr);
}

NO_LOCK_ANALYSIS static void add_smaps(void *context, const struct region *region)
{
    struct map_writer *writer = context;
    struct region_usage usage;
    region_usage(writer->space, region, &usage);
    uint64_t *sum = (uint64_t *)&writer->sum;
    const uint64_t *part = (const uint64_t *)&usage;
    for (size_t i = 0; i < sizeof usage / sizeof *part; i++)
        sum[i] += part[i];
    writer->locked += region->flags & REGION_LOCKED ? usage.proportional : 0;
    writer->first = MIN(writer->first, region->start);
    writer->last = region->end;
}

static void write_rollup(const struct map_writer *writer)
{
    char line[80];
    if (writer->first == UINT64_MAX)
        return;
    (void)format_text(line, sizeof line, "%08lx-%08lx ---p 00000000 00:00 0", writer->first, writer->last);
    text_write(writer->out, "%-*s[rollup]\n", NAME_COLUMN, line);
    write_usage(writer->out, &writer->sum, writer->locked);
}

static void show_rollup(struct text_writer *out, struct process *process)
{
    each_region(out, process, add_smaps, write_rollup);
}

PROC_PROCESS_FILE(smaps, "smaps", show_smaps);
PROC_PROCESS_FILE(smaps_rollup, "smaps_rollup", show_rollup);
