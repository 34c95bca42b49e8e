// SPDX-License-Identifier: MIT
// device.h: the devices that the machine itself says it has: by firmware tables, or at the platform's fixed places.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <arch/registers.h>

enum { ARCH_NO_LINE = UINT32_MAX };

struct arch_device {
    struct arch_registers registers; // mapped
    phys_t start;                    // where its registers lie; 0 for I/O ports
    uint32_t line;                   // for interrupt_connect(); ARCH_NO_LINE: none
    uint64_t clock_hz;               // what its divisors divide; 0: not said
};

// The `index`th device that calls itself `compatible`, in the words of device trees ("ns16550a", "arm,pl011"). Its registers are
// mapped; asking again returns another mapping. Memory mapping works. STATUS_NOT_FOUND: there is none; or what device_map says.
enum status arch_device_find(const char *compatible, uint32_t index, struct arch_device *device);
