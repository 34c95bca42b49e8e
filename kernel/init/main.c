// SPDX-License-Identifier: MIT
// main.c: from the end of a boot protocol to the shell: the phases in order, each subsystem by its row.
#include <arch/cpu.h>
#include <arch/machine.h>
#include <arch/time.h>
#include <helix/boot_info.h>
#include <helix/log.h>
#include <helix/orchestrator.h>
#include <helix/panic.h>
#include <helix/scheduler.h>
#include <helix/shell.h>
#include <helix/test.h>

#include "init.h"

// What the lifecycle calls each phase of initialisation.
static const enum lifecycle_phase lifecycle_of[INIT_PHASES] = {
    [INIT_BOOT] = LIFECYCLE_BOOT,      [INIT_EARLY] = LIFECYCLE_EARLY_INIT,  [INIT_CORE] = LIFECYCLE_CORE_INIT,
    [INIT_LATE] = LIFECYCLE_LATE_INIT, [INIT_RUNTIME] = LIFECYCLE_LATE_INIT,
};

static void log_memory(const struct boot_info *boot)
{
    uint64_t usable = 0, archives = 0;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        if (boot->memory[i].kind == MEMORY_USABLE)
            usable += boot->memory[i].size;
    }
    for (uint32_t i = 0; i < boot->initramfs_count; i++)
        archives += boot->initramfs[i].size;
    log_info("boot", "memory: %llu KiB usable in %u ranges; initramfs: %u archives, %llu KiB", (unsigned long long)(usable / KIB),
             boot->memory_count, boot->initramfs_count, (unsigned long long)(archives / KIB));
}

static void start_phase(enum init_phase phase)
{
    if (lifecycle_of[phase] != lifecycle_phase())
        ASSERT(lifecycle_transition(lifecycle_of[phase]) == STATUS_OK);
    enum status status = orchestrator_start(phase);
    if (status != STATUS_OK)
        panic("boot failed in phase %s: %s", init_phase_name(phase), status_text(status));
}

static void start_everything(void)
{
    ASSERT(kernel_set_state(KERNEL_INITIALIZING) == STATUS_OK);
    for (enum init_phase phase = INIT_BOOT; phase < INIT_PHASES; phase++)
        start_phase(phase);
    ASSERT(lifecycle_transition(LIFECYCLE_RUNNING) == STATUS_OK);
    ASSERT(kernel_set_state(KERNEL_RUNNING) == STATUS_OK);
}

#ifdef HELIX_TESTS
BOOT_OPTION(test_run, "test.run", "runs the unit tests, then powers off");
BOOT_OPTION(test_pattern, "test.pattern", "of the unit tests only those whose \"subject.name\" contains the value");

static void run_tests(void)
{
    char pattern[128];
    if (!boot_flag("test.run"))
        return;
    bool chosen = boot_option("test.pattern", pattern, sizeof pattern) && pattern[0];
    log_set_console_level(LOG_ERROR);
    (void)test_run_all(chosen ? pattern : nullptr, true);
    lifecycle_shutdown(SHUTDOWN_POWER_OFF);
}
#else
static void run_tests(void)
{
}
#endif

void kernel_main(struct boot_info *boot)
{
    uint64_t began = arch_cycles();
    boot_info_finish(boot);
    log_configure();
    log_memory(boot);
    start_everything();
    boot_options_check();
    orchestrator_report();
    uint64_t cycles = arch_cycles() - began;
    boot_duration_ns = arch_cycles_to_ns(cycles);
    log_info("init", "ready in %llu.%llu ms (%llu cycles)", (unsigned long long)(boot_duration_ns / NS_PER_MS),
             (unsigned long long)(boot_duration_ns / 100'000 % 10), (unsigned long long)cycles);
    run_tests();
    panic_test_run();

    struct thread *shell;
    enum status status = thread_spawn("shell", shell_main, nullptr, &shell);
    if (status != STATUS_OK)
        panic("no shell: %s", status_text(status));
    thread_release(shell);
    thread_exit(0);
}
