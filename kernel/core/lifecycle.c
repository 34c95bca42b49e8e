// SPDX-License-Identifier: MIT
// lifecycle.c: the phases the kernel goes through, those who want to know, and its orderly end.
#include <stdatomic.h>

#include <arch/cpu.h>
#include <arch/machine.h>
#include <helix/log.h>
#include <helix/orchestrator.h>
#include <helix/spinlock.h>
#include <helix/thread.h>

static _Atomic uint32_t phase = LIFECYCLE_BOOT;
static const struct lifecycle_callback *callbacks[LIFECYCLE_CALLBACKS]; // in order of registration, never removed
static _Atomic uint32_t callback_count;
static struct spinlock lock = SPINLOCK(RANK_THREAD);  // registration only
static _Atomic uint32_t requested = SHUTDOWN_REASONS; // the first reason; SHUTDOWN_REASONS: none yet
static _Atomic bool ending;

static const char *const phase_names[LIFECYCLE_PHASES] = {
    "Boot", "EarlyInit", "CoreInit", "LateInit", "Running", "ShuttingDown", "Halted"
};
static const char *const reason_names[SHUTDOWN_REASONS] = {
    "user request", "administrator's command", "critical failure", "power off", "reboot", "panic",
};

enum lifecycle_phase lifecycle_phase(void)
{
    return (enum lifecycle_phase)atomic_load_explicit(&phase, memory_order_acquire);
}

const char *lifecycle_phase_name(enum lifecycle_phase wanted)
{
    return wanted < LIFECYCLE_PHASES ? phase_names[wanted] : "unknown";
}

bool lifecycle_phase_may_become(enum lifecycle_phase from, enum lifecycle_phase to)
{
    if (from >= LIFECYCLE_PHASES || to >= LIFECYCLE_PHASES)
        return false;
    return to == from + 1 || (to == LIFECYCLE_SHUTTING_DOWN && from < LIFECYCLE_SHUTTING_DOWN);
}

enum status lifecycle_register(const struct lifecycle_callback *callback)
{
    bool on = spinlock_acquire_irq(&lock);
    uint32_t count = atomic_load(&callback_count);
    bool fits = count < LIFECYCLE_CALLBACKS;
    if (fits) {
        callbacks[count] = callback;
        atomic_store_explicit(&callback_count, count + 1, memory_order_release);
    }
    spinlock_release_irq(&lock, on);
    return fits ? STATUS_OK : STATUS_NO_SPACE;
}

enum status lifecycle_transition(enum lifecycle_phase next)
{
    uint32_t now = atomic_load(&phase);
    do {
        if (!lifecycle_phase_may_become((enum lifecycle_phase)now, next))
            return STATUS_BAD_STATE;
    } while (!atomic_compare_exchange_weak(&phase, &now, next));

    uint32_t count = atomic_load_explicit(&callback_count, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
        if (callbacks[i]->on_phase_exit)
            callbacks[i]->on_phase_exit((enum lifecycle_phase)now);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (callbacks[i]->on_phase_enter)
            callbacks[i]->on_phase_enter(next);
    }
    return STATUS_OK;
}

static void notify_shutdown(enum shutdown_reason reason)
{
    for (uint32_t i = atomic_load_explicit(&callback_count, memory_order_acquire); i-- > 0;) {
        if (callbacks[i]->on_shutdown)
            callbacks[i]->on_shutdown(reason);
    }
}

[[noreturn]] static void end_machine(enum shutdown_reason reason)
{
    if (reason == SHUTDOWN_REBOOT)
        arch_reboot();
    arch_power_off();
    log_warn("lifecycle", "this machine has no way to power off; halted");
    arch_cpu_halt();
}

void lifecycle_shutdown(enum shutdown_reason reason)
{
    if (atomic_exchange(&ending, true)) {
        for (;;) // another thread is at it; this one only has to stay out of its way
            (void)thread_block_uninterruptible(BLOCK_OTHER, UINT64_MAX);
    }
    log_info("lifecycle", "shutting down: %s", reason < SHUTDOWN_REASONS ? reason_names[reason] : "unknown");
    (void)kernel_set_state(KERNEL_SHUTTING_DOWN);
    (void)lifecycle_transition(LIFECYCLE_SHUTTING_DOWN);
    notify_shutdown(reason);
    orchestrator_stop();
    (void)lifecycle_transition(LIFECYCLE_HALTED);
    end_machine(reason);
}

static void shutdown_main(void *unused)
{
    lifecycle_shutdown((enum shutdown_reason)atomic_load(&requested));
}

void lifecycle_request_shutdown(enum shutdown_reason reason)
{
    uint32_t none = SHUTDOWN_REASONS;
    if (!atomic_compare_exchange_strong(&requested, &none, reason))
        return;
    struct thread *thread = nullptr;
    if (thread_spawn("shutdown", shutdown_main, nullptr, &thread) != STATUS_OK)
        lifecycle_shutdown(reason); // no memory for a thread: on this one then
    thread_release(thread);
}
