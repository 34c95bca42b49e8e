// SPDX-License-Identifier: MIT
// pvh.h: the PVH start info, as a parser (Xen's public header arch-x86/hvm/start_info.h describes the layout).
#pragma once

#include <abi/status.h>

#include <arch/physical.h>

struct boot_info;

enum { PVH_MAGIC = 0x336ec578 };

// Fills `boot` from the start info at `data`. STATUS_BAD_FORMAT: it is none.
enum status pvh_parse(const struct physical_view *view, uint64_t data, struct boot_info *boot);
