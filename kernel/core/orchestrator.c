// SPDX-License-Identifier: MIT
// orchestrator.c: brings the kernel's subsystems up in the order of their dependencies, and down in reverse.
//
// Purpose     Every part of the kernel is a SUBSYSTEM row beside its code. Nobody keeps a list; this file puts the rows in order.
// How         The rows are ordered once (order.c). orchestrator_start(phase) walks the order (bring_up.c): a row starts when its
//             dependencies run and the capabilities it requires are there; init, then start, each measured. A failure stops what
//             is up, in reverse.
// Invariants  A row is RUNNING only while everything it depends on is. States change along one table of edges.
// Locks       None: one thread starts and, later, one thread stops. Readers see one word per row.
// Cost        O(rows²) once, of a few dozen rows; no allocation.
// Not here    What the states of the whole kernel are (state.c), and its phases (lifecycle.c).
#include <arch/time.h>
#include <helix/log.h>
#include <helix/orchestrator.h>
#include <helix/vfs.h>

#include "core.h"

TABLE_DECLARE(struct subsystem, helix_subsystems);

static struct bring_up kernel;

static enum status gather_linked_rows(void)
{
    const struct subsystem *rows[SUBSYSTEM_MAX];
    size_t count = 0;
    TABLE_EACH(struct subsystem, row, helix_subsystems) {
        if (count == SUBSYSTEM_MAX)
            return STATUS_LIMIT;
        rows[count++] = row;
    }
    return bring_up_gather(&kernel, rows, count);
}

enum status orchestrator_start(enum init_phase phase)
{
    if (kernel.count == 0)
        TRY(gather_linked_rows());
    return bring_up_start(&kernel, phase);
}

void orchestrator_stop(void)
{
    bring_up_stop(&kernel);
}

enum subsystem_state orchestrator_state(const char *name)
{
    return bring_up_state(&kernel, name);
}

uint32_t orchestrator_capabilities(void)
{
    return atomic_load_explicit(&kernel.capabilities, memory_order_acquire);
}

void orchestrator_each(void (*visit)(void *context, const struct subsystem *row, enum subsystem_state state, uint64_t init_ns),
                       void *context)
{
    for (size_t i = 0; i < kernel.count; i++) {
        const struct bring_up_entry *entry = &kernel.entries[i];
        visit(context, entry->row, (enum subsystem_state)atomic_load(&entry->state), arch_cycles_to_ns(entry->init_cycles));
    }
}

void orchestrator_report(void)
{
    char bytes[256];
    struct text text = { .bytes = bytes, .size = sizeof bytes };
    uint64_t total = 1;

    for (size_t i = 0; i < kernel.count; i++)
        total += kernel.entries[i].init_cycles;
    for (size_t i = 0; i < kernel.count; i++) {
        uint64_t permille = kernel.entries[i].init_cycles * 1000 / total;
        text_add(&text, "%s%s %llu.%llu%%", i ? ", " : "", kernel.entries[i].row->name, (unsigned long long)(permille / 10),
                 (unsigned long long)(permille % 10));
    }
    log_info("init", "shares of %llu us: %s", (unsigned long long)(arch_cycles_to_ns(total) / NS_PER_US), bytes);
}

static void show_row(void *context, const struct subsystem *row, enum subsystem_state state, uint64_t init_ns)
{
    struct text_writer *out = context;
    enum health_status health = row->ops && row->ops->health ? row->ops->health() : HEALTH_HEALTHY;
    text_write(out, "%-12s %-8s %3u  %-12s %6llu us  health %u", row->name, init_phase_name(row->phase), row->priority,
               subsystem_state_name(state), (unsigned long long)(init_ns / NS_PER_US), health);
    if (row->ops && row->ops->statistics) {
        struct component_statistics statistics = { 0 };
        row->ops->statistics(&statistics);
        text_write(out, "  operations %llu errors %llu memory %llu", (unsigned long long)statistics.operations,
                   (unsigned long long)statistics.errors, (unsigned long long)statistics.memory_usage);
    }
    text_write(out, "\n");
}

static void show_subsystems(struct text_writer *out)
{
    text_write(out, "kernel %s, phase %s, capabilities 0x%x\n", kernel_state_name(kernel_state()), lifecycle_phase_name(lifecycle_phase()),
               orchestrator_capabilities());
    orchestrator_each(show_row, out);
}

PROC_FILE(subsystems, "helix/subsystems", show_subsystems);
