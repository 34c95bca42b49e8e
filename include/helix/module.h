// SPDX-License-Identifier: MIT
// module.h: modules and the slots they fill.
//
// A module is a folder under modules/ or drivers/ whose MODULE row names the interface it provides. A slot is a place in
// the kernel that one module fills; the profile says which. kernel/ never names a module.
#pragma once

#include <abi/status.h>
#include <lib/attributes.h>
#include <lib/types.h>

struct module {
    const char *name;
    const char *version;     // "major.minor.patch"; same major is compatible
    const char *description; // one line
    const char *provides;    // the interface: "scheduler_policy", "frame_policy", "heap_policy", "file_system", "console"
    uint32_t abi;            // of that interface, as compiled
    const void *ops;         // the interface's table
};

#define MODULE(name_, ...) TABLE_ROW(helix_modules) static const struct module module_##name_ = { .name = #name_, __VA_ARGS__ }

struct slot {
    const char *name;      // what the place is called: "scheduler"
    const char *interface; // what its module must provide
    uint32_t abi;
    const struct module *module; // nullptr: empty
};

// The statically linked module of that name and interface, nullptr if there is none.
const struct module *module_find(const char *interface, const char *name);

// Fills an empty slot. STATUS_NOT_FOUND: no such module in this image; STATUS_UNSUPPORTED: another interface ABI;
// STATUS_BUSY: the slot is filled.
enum status slot_fill(struct slot *slot, const char *module_name);
