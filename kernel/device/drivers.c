// SPDX-License-Identifier: MIT
// drivers.c: starts the consoles that are linked into this image and registers the devices that need no hardware.
#include <lib/string.h>

#include <helix/console.h>
#include <helix/log.h>
#include <helix/module.h>
#include <helix/random.h>
#include <helix/subsystem.h>

#include "local.h"

TABLE_DECLARE(struct module, helix_modules);

// A console that is not there is no failure: the early console goes on, and programs have no terminal.
static void start_consoles(void)
{
    TABLE_EACH(struct module, module, helix_modules) {
        if (!module->provides || !string_equal(module->provides, "console"))
            continue;
        const struct console_ops *ops = module->ops;
        enum status status = module->abi == CONSOLE_ABI ? ops->start() : STATUS_UNSUPPORTED;
        if (status != STATUS_OK)
            log_warn("drivers", "console %s: %s", module->name, status_text(status));
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
