// SPDX-License-Identifier: MIT
// port.h: the I/O ports of machines that have them: registers of old PC devices. Ports without I/O ports have no impl/port.h, and
// drivers that need one do not compile there.
#pragma once

#include <lib/types.h>

// One access of one byte.
static inline uint8_t arch_port_read8(uint16_t port);
static inline void arch_port_write8(uint16_t port, uint8_t value);

// Writes `size` bytes, one after the other, to one port.
static inline void arch_port_write_bytes(uint16_t port, const void *bytes, size_t size);

#include <arch/impl/port.h>
