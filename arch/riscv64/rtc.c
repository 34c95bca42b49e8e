// SPDX-License-Identifier: MIT
// rtc.c: the battery-backed clock ("google,goldfish-rtc"): nanoseconds since 1970.

#include <arch/time.h>

#include <arch/device.h>

enum { LOW = 0, HIGH = 4 }; // reading the low half holds the high half

uint64_t arch_wall_clock_seconds(void)
{
    struct arch_device device;
    if (arch_device_find("google,goldfish-rtc", 0, &device) != STATUS_OK)
        return 0;
    uint64_t low = arch_read32(device.registers.memory + LOW);
    uint64_t high = arch_read32(device.registers.memory + HIGH);
    return (high << 32 | low) / NS_PER_S;
}
