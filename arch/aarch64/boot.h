// SPDX-License-Identifier: MIT
// boot.h: what early code of this port may ask of the boot tables.
#pragma once

#include <lib/types.h>

// Maps the page of device registers at `registers` at EARLY_CONSOLE_VA, for good; returns where the register itself is then.
// There is one such page; nullptr: it is taken.
volatile void *boot_map_device(phys_t registers);
