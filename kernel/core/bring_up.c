// SPDX-License-Identifier: MIT
// bring_up.c: the engine of the orchestrator: starts rows in order, stops them in reverse, and undoes a start that fails.
#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/time.h>
#include <helix/log.h>
#include <helix/orchestrator.h>

#include "core.h"

static const bool may_become[SUBSYSTEM_STATES][SUBSYSTEM_STATES] = {
    [SUBSYSTEM_REGISTERED] = { [SUBSYSTEM_INITIALIZING] = true },
    [SUBSYSTEM_INITIALIZING] = { [SUBSYSTEM_RUNNING] = true, [SUBSYSTEM_FAILED] = true },
    [SUBSYSTEM_RUNNING] = { [SUBSYSTEM_STOPPING] = true, [SUBSYSTEM_FAILED] = true },
    [SUBSYSTEM_STOPPING] = { [SUBSYSTEM_STOPPED] = true, [SUBSYSTEM_FAILED] = true },
    [SUBSYSTEM_STOPPED] = { [SUBSYSTEM_INITIALIZING] = true },
    [SUBSYSTEM_FAILED] = { [SUBSYSTEM_RECOVERING] = true },
    [SUBSYSTEM_RECOVERING] = { [SUBSYSTEM_RUNNING] = true, [SUBSYSTEM_FAILED] = true },
};

static const char *const state_names[SUBSYSTEM_STATES] = {
    "registered", "initializing", "running", "stopping", "stopped", "failed", "recovering",
};
static const char *const phase_names[INIT_PHASES] = { "boot", "early", "core", "late", "runtime" };

bool subsystem_state_may_become(enum subsystem_state from, enum subsystem_state to)
{
    return from < SUBSYSTEM_STATES && to < SUBSYSTEM_STATES && may_become[from][to];
}

const char *subsystem_state_name(enum subsystem_state state)
{
    return state < SUBSYSTEM_STATES ? state_names[state] : "unknown";
}

const char *init_phase_name(enum init_phase phase)
{
    return phase < INIT_PHASES ? phase_names[phase] : "unknown";
}

static enum subsystem_state entry_state(const struct bring_up_entry *entry)
{
    return (enum subsystem_state)atomic_load_explicit(&entry->state, memory_order_acquire);
}

static bool entry_become(struct bring_up_entry *entry, enum subsystem_state next)
{
    if (!subsystem_state_may_become(entry_state(entry), next))
        return false;
    atomic_store_explicit(&entry->state, next, memory_order_release);
    return true;
}

enum subsystem_state bring_up_state(const struct bring_up *all, const char *name)
{
    for (size_t i = 0; i < all->count; i++) {
        if (string_equal(all->entries[i].row->name, name))
            return entry_state(&all->entries[i]);
    }
    return SUBSYSTEM_REGISTERED;
}

enum status bring_up_gather(struct bring_up *all, const struct subsystem *const *rows, size_t count)
{
    size_t order[SUBSYSTEM_MAX], culprit = 0;
    enum status status = subsystem_order(rows, count, order, &culprit);
    if (status != STATUS_OK) {
        log_error("init", "subsystem \"%s\": %s", rows[culprit]->name, status_text(status));
        return status;
    }
    for (size_t i = 0; i < count; i++)
        all->entries[i].row = rows[order[i]];
    all->count = count;
    return STATUS_OK;
}

// Why the row may not start now, STATUS_OK if it may.
static enum status entry_check(const struct bring_up *all, const struct subsystem *row)
{
    for (size_t i = 0; i < SUBSYSTEM_DEPENDS && row->depends[i]; i++) {
        if (bring_up_state(all, row->depends[i]) != SUBSYSTEM_RUNNING) {
            log_error("init", "%s needs %s, which does not run", row->name, row->depends[i]);
            return STATUS_BAD_STATE;
        }
    }
    uint32_t missing = row->
                           requires
    & ~atomic_load(&all->capabilities);
    if (missing) {
        log_error("init", "%s requires capabilities 0x%x that nothing has provided", row->name, missing);
        return STATUS_BAD_STATE;
    }
    return STATUS_OK;
}

static enum status entry_run(const struct component *ops)
{
    if (ops && ops->init)
        TRY(ops->init());
    if (ops && ops->start)
        TRY(ops->start());
    return STATUS_OK;
}

// Before the clock is calibrated, cycles are all there is.
static void entry_report(const struct bring_up_entry *entry, const char *outcome)
{
    const struct subsystem *row = entry->row;
    uint64_t ns = arch_cycles_per_second() ? arch_cycles_to_ns(entry->init_cycles) : 0;
    if (ns)
        log_info("init", "%-7s %-10s %s, %llu us", init_phase_name(row->phase), row->name, outcome,
                 (unsigned long long)((ns + 500) / NS_PER_US));
    else
        log_info("init", "%-7s %-10s %s, %llu cycles", init_phase_name(row->phase), row->name, outcome,
                 (unsigned long long)entry->init_cycles);
}

static enum status entry_start(struct bring_up *all, struct bring_up_entry *entry)
{
    TRY(entry_check(all, entry->row));
    if (!entry_become(entry, SUBSYSTEM_INITIALIZING))
        return STATUS_BAD_STATE;
    uint64_t began = arch_cycles();
    enum status status = entry_run(entry->row->ops);
    entry->init_cycles = arch_cycles() - began;
    entry_become(entry, status == STATUS_OK ? SUBSYSTEM_RUNNING : SUBSYSTEM_FAILED);
    if (status == STATUS_OK)
        atomic_fetch_or(&all->capabilities, entry->row->provides);
    entry_report(entry, status == STATUS_OK ? "runs" : status_text(status));
    return status;
}

enum status bring_up_start(struct bring_up *all, enum init_phase phase)
{
    for (size_t i = 0; i < all->count; i++) {
        struct bring_up_entry *entry = &all->entries[i];
        if (entry->row->phase > phase || entry_state(entry) == SUBSYSTEM_RUNNING)
            continue;
        enum status status = entry_start(all, entry);
        if (status != STATUS_OK) {
            log_error("init", "%s: %s; stopping what is up", entry->row->name, status_text(status));
            bring_up_stop(all);
            return status;
        }
    }
    return STATUS_OK;
}

static void entry_stop(struct bring_up *all, struct bring_up_entry *entry)
{
    const struct component *ops = entry->row->ops;
    entry_become(entry, SUBSYSTEM_STOPPING);
    enum status status = ops && ops->stop ? ops->stop() : STATUS_OK;
    if (status != STATUS_OK)
        log_warn("init", "%s does not stop: %s", entry->row->name, status_text(status));
    entry_become(entry, status == STATUS_OK ? SUBSYSTEM_STOPPED : SUBSYSTEM_FAILED);
    atomic_fetch_and(&all->capabilities, ~entry->row->provides);
}

void bring_up_stop(struct bring_up *all)
{
    for (size_t i = all->count; i-- > 0;) {
        if (entry_state(&all->entries[i]) == SUBSYSTEM_RUNNING)
            entry_stop(all, &all->entries[i]);
    }
}
