// SPDX-License-Identifier: MIT
// linux_image.h: the boot protocol of Linux images on machines with a device tree: the loader passes the tree's address.
#pragma once

// What the entry code stands for it with; the tree's own magic. For assembly too.
#define LINUX_IMAGE_MAGIC 0xd00dfeed

#ifndef __ASSEMBLER__

#include <abi/status.h>

#include <arch/physical.h>

struct boot_info;

// Fills `boot` from the device tree at `data`. STATUS_BAD_FORMAT: there is none that holds; STATUS_TOO_LONG: it is larger or deeper
// than any that is read.
enum status linux_image_parse(const struct physical_view *view, uint64_t data, struct boot_info *boot);

#endif
