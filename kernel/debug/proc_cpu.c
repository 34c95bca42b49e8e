// SPDX-License-Identifier: MIT
// proc_cpu.c: /proc/stat, uptime, loadavg and cpuinfo: where the time went.
//
// What is not idle is busy, to the nanosecond. How much of it was user code is the sum over threads, which the clock sampled; what
// belonged to processes that nobody waited for leaves the sum, so the total only ever takes its growth.
#include <abi/linux/time.h>
#include <lib/format.h>

#include <helix/cpu.h>
#include <helix/interrupt.h>
#include <helix/process.h>
#include <helix/text_writer.h>
#include <helix/timer.h>
#include <helix/user.h>

#include "load.h"

enum : uint64_t { TICK_NS = NS_PER_S / LINUX_CLOCK_TICKS, FRACTION = 100 };

static uint64_t cpu_idle_ns(uint32_t id)
{
    const struct cpu *cpu = cpu_by_id(id);
    bool idle_now = cpu->idle && cpu->idle->state == THREAD_RUNNING;
    uint64_t since = idle_now ? time_ns() - MIN(cpu->switched_at_ns, time_ns()) : 0;
    return cpu->idle_ns + since;
}

static void write_cpu(struct text_writer *out, const char *name, uint64_t user_ns, uint64_t kernel_ns, uint64_t idle_ns)
{
    text_write(out, "%s %lu 0 %lu %lu 0 0 0 0 0 0\n", name, user_ns / TICK_NS, kernel_ns / TICK_NS, idle_ns / TICK_NS);
}

static void write_cpus(struct text_writer *out)
{
    uint64_t user = 0, kernel = 0, idle = 0;
    for (uint32_t id = 0; id < cpu_count(); id++) {
        user += cpu_by_id(id)->user_ns;
        kernel += cpu_by_id(id)->kernel_ns;
        idle += cpu_idle_ns(id);
    }
    write_cpu(out, "cpu ", user, kernel, idle);
    for (uint32_t id = 0; id < cpu_count(); id++) {
        char name[16];
        format_text(name, sizeof name, "cpu%u", id);
        write_cpu(out, name, cpu_by_id(id)->user_ns, cpu_by_id(id)->kernel_ns, cpu_idle_ns(id));
    }
}

static void show_stat(struct text_writer *out)
{
    struct thread_census census;
    uint64_t interrupts = 0, switches = 0, now = time_ns(), boot_ns = time_wall_ns() - now;
    thread_census(&census);
    for (uint32_t id = 0; id < cpu_count(); id++) {
        interrupts += cpu_by_id(id)->interrupts;
        switches += cpu_by_id(id)->switches;
    }
    write_cpus(out);
    text_write(out, "intr %lu\nctxt %lu\nbtime %llu\n", interrupts, switches, boot_ns / NS_PER_S);
    text_write(out, "procs_running %lu\nprocs_blocked %lu\n", census.ready, census.uninterruptible);
}
PROC_FILE(stat, "stat", show_stat);

static void write_seconds(struct text_writer *out, uint64_t ns, const char *behind)
{
    text_write(out, "%llu.%02llu%s", ns / NS_PER_S, ns % NS_PER_S / (NS_PER_S / FRACTION), behind);
}

static void show_uptime(struct text_writer *out)
{
    uint64_t idle = 0;
    for (uint32_t id = 0; id < cpu_count(); id++)
        idle += cpu_idle_ns(id);
    write_seconds(out, time_ns(), " ");
    write_seconds(out, idle, "\n");
}
PROC_FILE(uptime, "uptime", show_uptime);

static void newest(void *context, struct process *process)
{
    uint64_t *id = context;
    *id = MAX(*id, process->id);
}

static void show_loadavg(struct text_writer *out)
{
    uint64_t loads[3], last = 0;
    struct thread_census census;
    load_averages(loads);
    thread_census(&census);
    process_each(newest, &last);
    for (int i = 0; i < 3; i++)
        text_write(out, "%lu.%02lu ", loads[i] >> LOAD_FRACTION_BITS,
                   ((loads[i] & ((1 << LOAD_FRACTION_BITS) - 1)) * FRACTION) >> LOAD_FRACTION_BITS);
    text_write(out, "%lu/%lu %lu\n", census.ready, census.threads, last);
}
PROC_FILE(loadavg, "loadavg", show_loadavg);

static void show_cpuinfo(struct text_writer *out)
{
    char text[1536];
    for (uint32_t id = 0; id < cpu_count(); id++) {
        size_t length = arch_cpu_information(id, text, sizeof text);
        text_write_bytes(out, text, MIN(length, sizeof text - 1));
    }
}
PROC_FILE(cpuinfo, "cpuinfo", show_cpuinfo);
