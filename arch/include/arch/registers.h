// SPDX-License-Identifier: MIT
// registers.h: access to the registers of devices: mapped ones on every port, I/O ports where the machine has them.
//
// Accesses are single, of the width that is named, in program order among themselves; what the CPU wrote to memory before a
// write to a register is visible to the device when it sees the write.
#pragma once

#include <lib/types.h>

#include <arch/impl/registers.h> // arch_read8 … arch_write64 and struct arch_registers with its functions

// One mapped register. `at` comes from device_map().
static inline uint8_t arch_read8(const volatile void *at);
static inline uint32_t arch_read32(const volatile void *at);
static inline uint64_t arch_read64(const volatile void *at);
static inline void arch_write8(volatile void *at, uint8_t value);
static inline void arch_write32(volatile void *at, uint32_t value);
static inline void arch_write64(volatile void *at, uint64_t value);

// A block of byte registers as old serial ports have them, wherever it lies. `number` counts registers.
static inline uint8_t arch_registers_read(const struct arch_registers *block, uint32_t number);
static inline void arch_registers_write(const struct arch_registers *block, uint32_t number, uint8_t value);

// Writes `size` bytes, one after the other, to one register.
static inline void arch_registers_write_run(const struct arch_registers *block, uint32_t number, const void *bytes, size_t size);
