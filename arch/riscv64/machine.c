// SPDX-License-Identifier: MIT
// machine.c: power: the firmware's way first, then the test device of emulators.

#include <arch/machine.h>

#include <arch/cpu.h>
#include <arch/device.h>

#include "platform.h"
#include "sbi.h"

// What the test device ("sifive,test0") understands.
enum : uint32_t { TEST_FAIL = 0x3333, TEST_PASS = 0x5555, TEST_RESET = 0x7777, TEST_CODE_SHIFT = 16 };

static volatile uint8_t *test_device; // nullptr: there is none

void platform_map_power(void)
{
    struct arch_device device;
    if (arch_device_find("sifive,test0", 0, &device) == STATUS_OK)
        test_device = device.registers.memory;
}

static void test_write(uint32_t command)
{
    if (test_device)
        arch_write32(test_device, command);
}

void arch_power_off(void)
{
    (void)arch_interrupts_disable();
    sbi_power_off();
    test_write(TEST_PASS);
}

void arch_reboot(void)
{
    (void)arch_interrupts_disable();
    sbi_reboot();
    test_write(TEST_RESET);
    arch_cpu_halt();
}

// The emulator's status is the code.
void arch_exit_emulator(uint32_t code)
{
    test_write(code << TEST_CODE_SHIFT | TEST_FAIL);
}

const char *arch_name(void)
{
    return "riscv64";
}
