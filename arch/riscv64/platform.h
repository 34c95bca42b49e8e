// SPDX-License-Identifier: MIT
// platform.h: what the port learned of the machine while booting, for its own files.
#pragma once

#include <lib/device_tree.h>
#include <lib/types.h>

// The hart that boots, as the firmware counts harts. [const] written by boot.S.
extern uint64_t boot_hart;

// Its node in the tree. False: there is no tree, or the hart is not in it.
bool platform_boot_hart_node(struct device_node *node);

// Whether that node's list of ISA extensions has `name`, in lower case: "sstc", "svpbmt".
bool platform_hart_has(const char *name);

// Maps the register that ends an emulator, so that a panic can use it. Memory mapping works.
void platform_map_power(void);

struct arch_frame;

// From the trap vector: any interrupt, with the scause it came with. Interrupts off, on the thread's kernel stack.
void interrupt_dispatch(struct arch_frame *frame, uint64_t cause);
