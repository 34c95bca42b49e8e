// SPDX-License-Identifier: MIT
// state.c: the kernel's state, and which states may follow which.
#include <stdatomic.h>

#include <helix/orchestrator.h>

static _Atomic uint32_t state = KERNEL_EARLY_BOOT;

// Nothing leaves a panic; an orderly end may still fail.
static const bool may_become[KERNEL_STATES][KERNEL_STATES] = {
    [KERNEL_EARLY_BOOT] = { [KERNEL_INITIALIZING] = true, [KERNEL_PANIC] = true },
    [KERNEL_INITIALIZING] = { [KERNEL_RUNNING] = true, [KERNEL_SHUTTING_DOWN] = true, [KERNEL_PANIC] = true },
    [KERNEL_RUNNING] = { [KERNEL_SHUTTING_DOWN] = true, [KERNEL_SUSPENDED] = true, [KERNEL_PANIC] = true },
    [KERNEL_SHUTTING_DOWN] = { [KERNEL_PANIC] = true },
    [KERNEL_SUSPENDED] = { [KERNEL_RUNNING] = true, [KERNEL_PANIC] = true },
};

static const char *const names[KERNEL_STATES] = { "EarlyBoot", "Initializing", "Running", "ShuttingDown", "Panic", "Suspended" };

enum kernel_state kernel_state(void)
{
    return (enum kernel_state)atomic_load_explicit(&state, memory_order_acquire);
}

const char *kernel_state_name(enum kernel_state wanted)
{
    return wanted < KERNEL_STATES ? names[wanted] : names[KERNEL_PANIC];
}

bool kernel_state_may_become(enum kernel_state from, enum kernel_state to)
{
    return from < KERNEL_STATES && to < KERNEL_STATES && may_become[from][to];
}

enum status kernel_set_state(enum kernel_state next)
{
    uint32_t now = atomic_load_explicit(&state, memory_order_acquire);
    do {
        if (!kernel_state_may_become((enum kernel_state)now, next))
            return STATUS_BAD_STATE;
    } while (!atomic_compare_exchange_weak(&state, &now, next));
    return STATUS_OK;
}
