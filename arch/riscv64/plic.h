// SPDX-License-Identifier: MIT
// plic.h: the platform-level interrupt controller (RISC-V Platform-Level Interrupt Controller 1.0.0).
//
// A source is a line of a device, from 1 on; a context is what interrupts are delivered to: a hart in one of its modes. Only the
// supervisor mode of the boot hart is used.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <lib/device_tree.h>

enum { PLIC_SOURCES = 1024 };

// Finds the controller that reaches the boot hart, and silences everything. Memory mapping works. STATUS_NO_DEVICE: there is none.
enum status plic_init(void);

// Whether this node of the tree is that controller, and whether it has that source.
bool plic_is(struct device_node controller);
bool plic_has(uint32_t source);

// Connects a source to the context, masked. Callers exclude each other. Masking and unmasking is one write.
void plic_connect(uint32_t source);
void plic_mask(uint32_t source, bool masked);

// Takes the most urgent source that is pending, 0: none; and lets it interrupt again. Interrupts off.
uint32_t plic_claim(void);
void plic_complete(uint32_t source);
