// SPDX-License-Identifier: MIT
// multiboot2.h: the Multiboot2 boot information, as a parser (Multiboot2 specification 2.0, section 3.6).
#pragma once

#include <abi/status.h>

#include <arch/physical.h>

struct boot_info;

enum { MULTIBOOT2_MAGIC = 0x36d76289 };

// Fills `boot` from the information at `data`. STATUS_BAD_FORMAT: it is none.
enum status multiboot2_parse(const struct physical_view *view, uint64_t data, struct boot_info *boot);
