// SPDX-License-Identifier: MIT
// core.h: what the files of this folder share and nobody else sees.
#pragma once

#include <stdatomic.h>

#include <abi/status.h>
#include <lib/types.h>

#include <helix/module.h>
#include <helix/subsystem.h>

// Value of the boot option exec.token, "-" when there is none. Static storage, valid from the first instruction.
const char *log_exec_token(void);

// A table of functions as tools/symbols.py makes it: `count` rows, offsets ascending from `base`.
struct symbol_table {
    uint64_t base, end;
    uint32_t count;
    const uint32_t *offsets; // of the functions, from base
    const uint32_t *names;   // of their names, in bytes
    const char *bytes;
};

// As symbol_name, in any table. Pure.
const char *symbol_find(const struct symbol_table *table, uint64_t address, uint64_t *offset);

// As slot_fill, from any rows. Pure.
enum status slot_fill_from(struct slot *slot, const struct module *first, const struct module *end, const char *name);

// ---- the engine of the orchestrator (bring_up.c): any set of rows, so that a test can bring its own ----

struct bring_up_entry {
    const struct subsystem *row;
    _Atomic uint8_t state; // enum subsystem_state
    uint64_t init_cycles;
};

struct bring_up {
    struct bring_up_entry entries[SUBSYSTEM_MAX]; // in the order of initialisation
    size_t count;
    _Atomic uint32_t capabilities; // enum phase_capability bits provided so far
};

// Orders the rows into an empty `all`. What subsystem_order returns.
enum status bring_up_gather(struct bring_up *all, const struct subsystem *const *rows, size_t count);

// As orchestrator_start, orchestrator_stop and orchestrator_state.
enum status bring_up_start(struct bring_up *all, enum init_phase phase);
void bring_up_stop(struct bring_up *all);
enum subsystem_state bring_up_state(const struct bring_up *all, const char *name);
