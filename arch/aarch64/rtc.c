// SPDX-License-Identifier: MIT
// rtc.c: the battery-backed clock (PL031, Arm DDI 0224): one register that counts seconds.

#include <arch/time.h>

#include <arch/device.h>

enum { DATA = 0x000 };

uint64_t arch_wall_clock_seconds(void)
{
    struct arch_device device;
    if (arch_device_find("arm,pl031", 0, &device) != STATUS_OK)
        return 0;
    return arch_read32(device.registers.memory + DATA);
}
