// SPDX-License-Identifier: MIT
// boot_tree.h: for boot protocols that pass a device tree: what it says about memory, archive, command line, seeds.
#pragma once

#include <abi/status.h>
#include <lib/device_tree.h>

struct boot_info;

// Adds to `boot` what the tree at physical `start` says. The tree's own memory is kept, mapped, and not given out. Seeds are taken:
// they are zeroes in the tree afterwards, whose bytes must be writable. STATUS_TOO_LONG: more regions than anybody has.
enum status boot_device_tree(const struct device_tree *tree, uint64_t start, struct boot_info *boot);
