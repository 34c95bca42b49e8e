// SPDX-License-Identifier: MIT
// module.c: modules linked into this image, and the slots they fill.
//
// Purpose     A slot is a place in the kernel (the scheduler, the frame allocator) that one module fills; which one is the
//             profile's choice, by name. kernel/ asks for an interface and never names a module.
// How         MODULE rows are gathered by the linker. Filling looks the row up by interface and name, compares the interface's
//             ABI number and publishes the row in the slot.
// Invariants  A filled slot's module provides the slot's interface at the slot's ABI.
// Locks       None: slots are filled by the subsystem that owns them, on one thread, before anybody uses them.
// Not here    What a module does with its place; the profile's choice (generated/profile.h).
#include <lib/string.h>

#include "core.h"

TABLE_DECLARE(struct module, helix_modules);

static const struct module *module_search(const struct module *first, const struct module *end, const char *interface, const char *name)
{
    for (const struct module *module = first; module < end; module++) {
        if (string_equal(module->name, name) && string_equal(module->provides, interface))
            return module;
    }
    return nullptr;
}

const struct module *module_find(const char *interface, const char *name)
{
    return module_search(__start_helix_modules, __stop_helix_modules, interface, name);
}

enum status slot_fill_from(struct slot *slot, const struct module *first, const struct module *end, const char *name)
{
    if (slot->module)
        return STATUS_BUSY;
    const struct module *module = module_search(first, end, slot->interface, name);
    if (!module)
        return STATUS_NOT_FOUND;
    if (module->abi != slot->abi)
        return STATUS_UNSUPPORTED;
    slot->module = module;
    return STATUS_OK;
}

enum status slot_fill(struct slot *slot, const char *module_name)
{
    return slot_fill_from(slot, __start_helix_modules, __stop_helix_modules, module_name);
}
