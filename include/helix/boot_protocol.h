// SPDX-License-Identifier: MIT
// boot_protocol.h: a boot protocol is a row: how the port's entry code recognises it and who reads its data.
#pragma once

#include <abi/status.h>
#include <lib/attributes.h>
#include <lib/types.h>

#include <arch/physical.h>

struct boot_info;

struct boot_protocol {
    const char *name;
    uint64_t magic; // what the entry code got from the loader, or stands for
    // Fills `boot` from the loader's data at `data`, which is as hostile as any input. Pure: no hardware.
    // STATUS_BAD_FORMAT: this is not the protocol's data; nothing usable was found.
    enum status (*parse)(const struct physical_view *view, uint64_t data, struct boot_info *boot);
};

#define BOOT_PROTOCOL(name_, ...) \
    TABLE_ROW(helix_boot_protocols) static const struct boot_protocol boot_protocol_##name_ = { .name = #name_, __VA_ARGS__ }
