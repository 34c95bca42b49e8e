// SPDX-License-Identifier: MIT
// interrupt_test.c: lines as the device tree gives them, on the machine that runs.

#include <arch/device.h>
#include <arch/interrupt.h>

#include <helix/test.h>

#include "gic.h"

KERNEL_TEST(gic, numbers_of_devices_are_those_of_the_controller)
{
    struct device_node timer;
    CHECK(platform_tree_find("arm,armv8-timer", 0, &timer));
    CHECK_EQUAL(interrupt_line(platform_tree(), timer, 2) & LINE_NUMBER, 27); // Arm BSA: the virtual timer's on every machine
    CHECK_EQUAL(interrupt_line(platform_tree(), timer, 99), ARCH_NO_LINE);
}

KERNEL_TEST(gic, lines_of_shared_and_private_interrupts_do_not_overlap)
{
    struct device_interrupt interrupt;
    struct device_node timer;
    CHECK(platform_tree_find("arm,armv8-timer", 0, &timer) && device_tree_interrupt(platform_tree(), timer, 0, &interrupt));
    static const struct {
        uint32_t kind, number, flags, line;
    } rows[] = {
        { 0, 0, 4, 32 },
        { 0, 1, 1, 33 | LINE_EDGE },
        { 0, 987, 8, 1019 },
        { 0, 988, 4, ARCH_NO_LINE },
        { 1, 0, 0xf08, 16 },
        { 1, 15, 2, 31 | LINE_EDGE },
        { 1, 16, 4, ARCH_NO_LINE },
        { 2, 0, 4, ARCH_NO_LINE },
        { 0, 1u << 31, 4, ARCH_NO_LINE },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        interrupt.cells[0] = rows[i].kind;
        interrupt.cells[1] = rows[i].number;
        interrupt.cells[2] = rows[i].flags;
        CHECK_EQUAL(platform_tree_line(&interrupt), rows[i].line);
    }
    interrupt.count = 1;
    CHECK_EQUAL(platform_tree_line(&interrupt), ARCH_NO_LINE);
    interrupt.count = 3;
    interrupt.controller = device_tree_root(platform_tree());
    CHECK_EQUAL(platform_tree_line(&interrupt), ARCH_NO_LINE);
}

KERNEL_TEST(gic, lines_that_no_device_can_have_are_refused)
{
    uint32_t vector = 0;
    CHECK(arch_interrupt_route(ARCH_NO_LINE, &vector) == STATUS_NO_DEVICE);
    CHECK(arch_interrupt_route(GIC_IPI, &vector) == STATUS_NO_DEVICE);
    CHECK(arch_interrupt_route(GIC_NUMBERS, &vector) == STATUS_NO_DEVICE);
    CHECK(arch_interrupt_route(33 | LINE_EDGE << 1, &vector) == STATUS_NO_DEVICE);
    CHECK_EQUAL(vector, 0);
}
