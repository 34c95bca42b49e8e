// SPDX-License-Identifier: MIT
// orchestrator.h: brings subsystems up in order, down in reverse; and the kernel's own state.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <helix/subsystem.h>

enum kernel_state : uint32_t {
    KERNEL_EARLY_BOOT,
    KERNEL_INITIALIZING,
    KERNEL_RUNNING,
    KERNEL_SHUTTING_DOWN,
    KERNEL_PANIC,
    KERNEL_SUSPENDED,
    KERNEL_STATES
};
enum lifecycle_phase : uint32_t {
    LIFECYCLE_BOOT,
    LIFECYCLE_EARLY_INIT,
    LIFECYCLE_CORE_INIT,
    LIFECYCLE_LATE_INIT,
    LIFECYCLE_RUNNING,
    LIFECYCLE_SHUTTING_DOWN,
    LIFECYCLE_HALTED,
    LIFECYCLE_PHASES
};
enum shutdown_reason {
    SHUTDOWN_USER_REQUEST,
    SHUTDOWN_ADMIN_COMMAND,
    SHUTDOWN_CRITICAL_FAILURE,
    SHUTDOWN_POWER_OFF,
    SHUTDOWN_REBOOT,
    SHUTDOWN_PANIC,
    SHUTDOWN_REASONS
};

struct kernel_version {
    uint16_t major, minor, patch;
    const char *suffix;
};
extern const struct kernel_version kernel_version; // 0.1.0-alpha

// From kernel_main to the last subsystem, 0 until then.
extern uint64_t boot_duration_ns;

// Any context.
enum kernel_state kernel_state(void);
const char *kernel_state_name(enum kernel_state state);
// STATUS_BAD_STATE for an illegal move; only the orchestrator and panic call it.
enum status kernel_set_state(enum kernel_state next);
// Whether `from` may become `to`; a table. Nothing leaves KERNEL_PANIC.
bool kernel_state_may_become(enum kernel_state from, enum kernel_state to);

// Order of `count` rows by dependencies, then phase, then priority (Kahn). STATUS_DEPENDENCY_CYCLE,
// STATUS_DEPENDENCY_MISSING (an unknown name; *culprit points at the row), STATUS_EXISTS (two of one name). Pure.
enum status subsystem_order(const struct subsystem *const *rows, size_t count, size_t *order, size_t *culprit);

// Initialises and starts every subsystem up to and including `phase`, in order. When one fails, those already up are
// stopped in reverse order and its status is returned.
enum status orchestrator_start(enum init_phase phase);
void orchestrator_stop(void);

// Of the row of that name; SUBSYSTEM_REGISTERED when there is none.
enum subsystem_state orchestrator_state(const char *name);
uint32_t orchestrator_capabilities(void); // enum phase_capability bits provided so far

// Calls visit for each row in initialisation order with its state and its init time.
void orchestrator_each(void (*visit)(void *context, const struct subsystem *row, enum subsystem_state state, uint64_t init_ns),
                       void *context);

// Logs in one line which share of the initialisation each subsystem took. The clock runs.
void orchestrator_report(void);

// Whether `from` may become `to`; a table.
bool subsystem_state_may_become(enum subsystem_state from, enum subsystem_state to);
const char *subsystem_state_name(enum subsystem_state state);
const char *init_phase_name(enum init_phase phase);

// ---- lifecycle ----
struct lifecycle_callback {
    void (*on_phase_enter)(enum lifecycle_phase phase);
    void (*on_phase_exit)(enum lifecycle_phase phase);
    void (*on_shutdown)(enum shutdown_reason reason); // in reverse order of registration
};
enum { LIFECYCLE_CALLBACKS = 16 };
enum status lifecycle_register(const struct lifecycle_callback *callback); // STATUS_NO_SPACE
enum status lifecycle_transition(enum lifecycle_phase next);               // forward only: STATUS_BAD_STATE
enum lifecycle_phase lifecycle_phase(void);
const char *lifecycle_phase_name(enum lifecycle_phase phase);
// One step forward, or from any phase before it to SHUTTING_DOWN; a table.
bool lifecycle_phase_may_become(enum lifecycle_phase from, enum lifecycle_phase to);

// Asks for an orderly end: callbacks, subsystems in reverse, then power off or reboot. Any thread; the first reason counts.
void lifecycle_request_shutdown(enum shutdown_reason reason);
// Carries it out on the calling thread; does not return.
[[noreturn]] void lifecycle_shutdown(enum shutdown_reason reason);
