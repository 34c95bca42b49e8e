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

static struct mutex user_time_lock = MUTEX(user_time_lock, RANK_FILES);
static uint64_t user_total_ns GUARDED_BY(user_time_lock);
static uint64_t user_sum_ns GUARDED_BY(user_time_lock); // as it was seen last

static uint64_t cpu_idle_ns(uint32_t id)
{
    const struct cpu *cpu = cpu_by_id(id);
    bool idle_now = cpu->idle && cpu->idle->state == THREAD_RUNNING;
    uint64_t since = idle_now ? time_ns() - MIN(cpu->switched_at_ns, time_ns()) : 0;
    return cpu->idle_ns + since;
}

struct sum {
    uint64_t user_ns;
};

static void add_process(void *context, struct process *process)
{
    struct sum *sum = context;
    sum->user_ns += process->dead_user_ns + process->reaped_user_ns;
    list_for_each(node, &process->threads)
        sum->user_ns += thread_user_time(container_of(node, struct thread, process_link));
}

static uint64_t user_time_ns(uint64_t busy_ns)
{
    struct sum sum = { .user_ns = process_kernel()->reaped_user_ns };
    process_each(add_process, &sum);
    mutex_acquire(&user_time_lock);
    if (sum.user_ns > user_sum_ns)
        user_total_ns = MIN(user_total_ns + sum.user_ns - user_sum_ns, busy_ns);
    user_sum_ns = sum.user_ns;
    uint64_t total = user_total_ns;
    mutex_release(&user_time_lock);
    return total;
}

static void write_cpu(struct text_writer *out, const char *name, uint64_t user_ns, uint64_t busy_ns, uint64_t idle_ns)
{
    text_write(out, "%s %lu 0 %lu %lu 0 0 0 0 0 0\n", name, user_ns / TICK_NS, (busy_ns - user_ns) / TICK_NS, idle_ns / TICK_NS);
}

static void write_cpus(struct text_writer *out)
{
    uint64_t now = time_ns(), busy = 0, idle = 0;
    for (uint32_t id = 0; id < cpu_count(); id++) {
        uint64_t own = MIN(cpu_idle_ns(id), now);
        idle += own;
        busy += now - own;
    }
    uint64_t user = user_time_ns(busy);
    write_cpu(out, "cpu ", user, busy, idle);
    for (uint32_t id = 0; id < cpu_count(); id++) {
        char name[16];
        uint64_t own_idle = MIN(cpu_idle_ns(id), now), own_busy = now - own_idle;
        // Which CPU the user time was spent on is not kept: each gets its share of what was busy.
        uint64_t own_user =
            busy / NS_PER_MS ? MIN(user / NS_PER_MS * (own_busy / NS_PER_US) / (busy / NS_PER_MS) * NS_PER_US, own_busy) : 0;
        format_text(name, sizeof name, "cpu%u", id);
        write_cpu(out, name, own_user, own_busy, own_idle);
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
