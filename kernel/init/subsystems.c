// SPDX-License-Identifier: MIT
// subsystems.c: the rows of the requirement table whose code is in more than one folder.
#include <arch/cpu.h>
#include <arch/interrupt.h>
#include <arch/machine.h>
#include <arch/time.h>
#include <generated/profile.h>
#include <helix/boot_info.h>
#include <helix/cpu.h>
#include <helix/log.h>
#include <helix/orchestrator.h>
#include <helix/panic.h>
#include <helix/scheduler.h>
#include <helix/timer.h>
#include <helix/user.h>

static enum status boot_init(void)
{
    const struct boot_info *boot = boot_info();
    log_info("boot", "Helix %u.%u.%u-%s on %s, by %s%s%s", kernel_version.major, kernel_version.minor, kernel_version.patch,
             kernel_version.suffix, arch_name(), boot->protocol, boot->loader && boot->loader[0] ? " from " : "",
             boot->loader ? boot->loader : "");
    log_info("boot", "command line: %s", boot->command_line[0] ? boot->command_line : "(empty)");
    if (PROFILE_COMMAND_LINE[0])
        log_info("boot", "behind it, the profile's: %s", PROFILE_COMMAND_LINE);
    return STATUS_OK;
}
static const struct component boot_component = { .init = boot_init };
SUBSYSTEM(boot, .phase = INIT_BOOT, .priority = 0, .provides = PHASE_CONSOLE, .ops = &boot_component);

static enum status cpu_init(void)
{
    char text[160];
    text[0] = '\0';
    arch_cpu_describe(text, sizeof text);
    log_info("cpu", "%s", text);
    if (boot_info()->cpu_count > cpu_count())
        log_info("cpu", "%u of %u CPUs are used", cpu_count(), boot_info()->cpu_count);
    return STATUS_OK;
}
static const struct component cpu_component = { .init = cpu_init };
SUBSYSTEM(cpu, .phase = INIT_EARLY, .priority = 10, .depends = { "boot" }, .ops = &cpu_component);

// Panics name functions: checked once, so that a missing table is known before it is needed.
static enum status debug_init(void)
{
    uint64_t offset = 0;
    if (symbol_name(virt_of((const void *)debug_init).raw, &offset)[0] == '?')
        log_warn("debug", "this image has no function names; stack traces show addresses");
    return STATUS_OK;
}
static const struct component debug_component = { .init = debug_init };
SUBSYSTEM(debug, .phase = INIT_EARLY, .priority = 20, .depends = { "boot" }, .provides = PHASE_DEBUG, .ops = &debug_component);

static enum status interrupts_init(void)
{
    TRY(arch_interrupt_init(boot_info()));
    log_info("interrupts", "controller: %s", arch_interrupt_controller_name());
    return STATUS_OK;
}
static const struct component interrupts_component = { .init = interrupts_init };
SUBSYSTEM(interrupts, .phase = INIT_CORE, .priority = 40, .depends = { "memory" }, .provides = PHASE_INTERRUPTS,
          .ops = &interrupts_component);

static enum status timers_init(void)
{
    char text[96];
    TRY(arch_time_init(boot_info()));
    text[0] = '\0';
    arch_time_describe(text, sizeof text);
    log_info("timers", "clock: %s", text);
    uint64_t seconds = arch_wall_clock_seconds();
    if (seconds)
        time_set_wall_ns(seconds * NS_PER_S);
    else
        log_warn("timers", "no battery-backed clock: the date begins in 1970");
    return STATUS_OK;
}
static const struct component timers_component = { .init = timers_init };
SUBSYSTEM(timers, .phase = INIT_CORE, .priority = 50, .depends = { "interrupts" }, .provides = PHASE_TIMERS, .ops = &timers_component);

static enum status scheduler_init(void)
{
    TRY(execution_init());
    log_info("scheduler", "policy: %s", scheduler_name());
    return STATUS_OK;
}
static const struct component scheduler_component = { .init = scheduler_init };
SUBSYSTEM(scheduler, .phase = INIT_CORE, .priority = 60, .depends = { "timers", "memory" }, .provides = PHASE_SCHEDULER,
          .ops = &scheduler_component);

static const struct component userland_component = { .init = userspace_init };
SUBSYSTEM(userland, .phase = INIT_RUNTIME, .priority = 110, .depends = { "filesystem", "scheduler" }, .provides = PHASE_USERSPACE,
          .requires = PHASE_MEMORY | PHASE_FILESYSTEM | PHASE_SCHEDULER, .ops = &userland_component);
