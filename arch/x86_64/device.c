// SPDX-License-Identifier: MIT
// device.c: the devices that a PC has at fixed places.

#include <arch/device.h>

#include <lib/string.h>

// COM1: its clock divided by 16 is the 115200 baud that a divisor of 1 gives.
enum { COM1 = 0x3f8, COM1_LINE = 4, COM1_CLOCK_HZ = 1'843'200 };

enum status arch_device_find(const char *compatible, uint32_t index, struct arch_device *device)
{
    if (index > 0 || !string_equal(compatible, "ns16550a"))
        return STATUS_NOT_FOUND;
    *device = (struct arch_device){ .registers = { .port = COM1 }, .line = COM1_LINE, .clock_hz = COM1_CLOCK_HZ };
    return STATUS_OK;
}
