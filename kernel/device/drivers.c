// SPDX-License-Identifier: MIT
// drivers.c: starts the consoles that are linked into this image and registers the devices that need no hardware.
#include <lib/string.h>

#include <generated/profile.h>
#include <helix/console.h>
#include <helix/log.h>
#include <helix/module.h>
#include <helix/random.h>
#include <helix/subsystem.h>

#include "local.h"

TABLE_DECLARE(struct module, helix_modules);

static bool is_chosen(const struct module *console)
{
    return string_equal(console->name, PROFILE_CONSOLE_MODULE);
}

static void start_console(const struct module *module)
{
    const struct console_ops *ops = module->ops;
    enum status status = module->abi == CONSOLE_ABI ? ops->start() : STATUS_UNSUPPORTED;
    if (status != STATUS_OK)
        log_warn("drivers", "console %s: %s", module->name, status_text(status));
}

// The profile's choice first: the first terminal there is becomes /dev/console and the shell's. A console that is not there is no
// failure: the early console goes on, and programs have no terminal.
static void start_consoles(void)
{
    for (int chosen = 1; chosen >= 0; chosen--) {
        TABLE_EACH(struct module, module, helix_modules) {
            bool is_console = module->provides && string_equal(module->provides, "console");
            if (is_console && is_chosen(module) == chosen)
                start_console(module);
        }
    }
}

static void seed_random(void)
{
    uint8_t first;
    random_bytes(&first, sizeof first);
    if (random_quality() == 0)
        log_warn("drivers", "no hardware source of entropy: random numbers rest on timer jitter");
}

static enum status drivers_init(void)
{
    start_consoles();
    seed_random();
    TRY(memory_devices_register());
    return kmsg_register();
}

static const struct component drivers_component = { .init = drivers_init };

SUBSYSTEM(drivers, .phase = INIT_LATE, .priority = 80, .depends = { "interrupts", "memory" }, .provides = PHASE_DRIVERS,
          .ops = &drivers_component);
