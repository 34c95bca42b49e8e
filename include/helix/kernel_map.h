// SPDX-License-Identifier: MIT
// kernel_map.h: areas of kernel virtual addresses, and what lives in them: kernel stacks with guard pages, device registers.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

enum { KERNEL_STACK_SIZE = 16 * 1024 };

// A kernel stack of KERNEL_STACK_SIZE with an unmapped page on either side. *low is its lowest address.
// Freed stacks are kept mapped in a small cache, so that making a thread is cheap.
enum status kernel_stack_alloc(virt_t *low);
void kernel_stack_free(virt_t low);

// Unmaps the stacks in that cache and gives their frames back.
void kernel_stacks_trim(void);

// Whether the address lies in a guard page, and then of which stack; that of boot has one, too.
bool kernel_stack_guard_hit(uint64_t address, virt_t *low);

// Maps device registers, uncached, writable, never executable; stays for ever. STATUS_NO_SPACE: the area is full.
enum status device_map(phys_t start, uint64_t size, volatile void **at);

// Bytes mapped in these areas, the stacks in the cache among them.
uint64_t kernel_map_used(void);
