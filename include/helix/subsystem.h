// SPDX-License-Identifier: MIT
// subsystem.h: a part of the kernel with a life cycle, registered beside its code, ordered by what it depends on.
#pragma once

#include <abi/status.h>
#include <lib/attributes.h>
#include <lib/types.h>

enum init_phase : uint8_t { INIT_BOOT, INIT_EARLY, INIT_CORE, INIT_LATE, INIT_RUNTIME, INIT_PHASES };

// What the kernel can do by now.
enum phase_capability : uint32_t {
    PHASE_CONSOLE = 1 << 0,
    PHASE_HEAP = 1 << 1,
    PHASE_MEMORY = 1 << 2,
    PHASE_INTERRUPTS = 1 << 3,
    PHASE_SCHEDULER = 1 << 4,
    PHASE_TIMERS = 1 << 5,
    PHASE_IPC = 1 << 6,
    PHASE_DRIVERS = 1 << 7,
    PHASE_FILESYSTEM = 1 << 8,
    PHASE_USERSPACE = 1 << 9,
    PHASE_NETWORK = 1 << 10,
    PHASE_MODULES = 1 << 11,
    PHASE_SECURITY = 1 << 12,
    PHASE_DEBUG = 1 << 13,
};

enum subsystem_state : uint8_t {
    SUBSYSTEM_REGISTERED,
    SUBSYSTEM_INITIALIZING,
    SUBSYSTEM_RUNNING,
    SUBSYSTEM_STOPPING,
    SUBSYSTEM_STOPPED,
    SUBSYSTEM_FAILED,
    SUBSYSTEM_RECOVERING,
    SUBSYSTEM_STATES,
};

enum health_status : uint8_t {
    HEALTH_HEALTHY,
    HEALTH_DEGRADED,
    HEALTH_UNRESPONSIVE,
    HEALTH_CRASHED,
    HEALTH_RECOVERING,
    HEALTH_UNKNOWN = 255,
};

struct component_statistics {
    uint64_t operations, errors;
    uint8_t load;          // 0 … 100
    uint64_t memory_usage; // bytes
};

// Any member may be nullptr: nothing to do then, healthy, no statistics.
struct component {
    enum status (*init)(void);
    enum status (*start)(void);
    enum status (*stop)(void);
    enum status (*suspend)(void);
    enum status (*resume)(void);
    enum health_status (*health)(void);
    void (*statistics)(struct component_statistics *statistics);
};

enum { SUBSYSTEM_DEPENDS = 8, SUBSYSTEM_MAX = 64 };

struct subsystem {
    const char *name;
    const char *version; // nullptr: the kernel's
    enum init_phase phase;
    uint32_t priority;                      // within the phase, smaller first
    const char *depends[SUBSYSTEM_DEPENDS]; // all required
    uint32_t provides;                      // enum phase_capability bits
    uint32_t
        requires; // refused while one of them is missing
    const struct component *ops;
};

#define SUBSYSTEM(name_, ...) TABLE_ROW(helix_subsystems) static const struct subsystem subsystem_##name_ = { .name = #name_, __VA_ARGS__ }
