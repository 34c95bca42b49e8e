// SPDX-License-Identifier: MIT
// psci.c: calls to the firmware that turn the machine off and restart it.
//
// Calls follow the SMC Calling Convention (Arm DEN 0028): function in x0, result in x0, x1 to x17 are the firmware's to change.

#include "psci.h"

#include <lib/string.h>

enum : uint32_t { VERSION = 0x8400'0000, SYSTEM_OFF = 0x8400'0008, SYSTEM_RESET = 0x8400'0009 }; // DEN 0022, chapter 5
enum { VERSION_LEAST = 2 };                                                                      // 0.2: the first with these numbers

static enum { CALL_NONE, CALL_HVC, CALL_SMC } method; // [const] after psci_start

#define PSCI_CALL(instruction_, result_)                                                                                             \
    __asm__ volatile(instruction_ " #0"                                                                                              \
                     : "+r"(result_)                                                                                                 \
                     :                                                                                                               \
                     : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", \
                       "memory")

static int32_t psci_call(uint32_t function)
{
    register uint64_t result __asm__("x0") = function;
    if (method == CALL_HVC)
        PSCI_CALL("hvc", result);
    else if (method == CALL_SMC)
        PSCI_CALL("smc", result);
    return (int32_t)result;
}

static bool method_is(const struct device_tree *tree, struct device_node node, const char *name)
{
    struct device_property property;
    const char *text;
    return device_tree_property(tree, node, "method", &property) && device_property_string(property, 0, &text) && string_equal(text, name);
}

void psci_start(const struct device_tree *tree)
{
    struct device_node root = device_tree_root(tree), node;
    if (!device_tree_compatible(tree, root, "arm,psci-1.0", &node) && !device_tree_compatible(tree, root, "arm,psci-0.2", &node))
        return;
    if (method_is(tree, node, "hvc"))
        method = CALL_HVC;
    else if (method_is(tree, node, "smc"))
        method = CALL_SMC;
    if (method != CALL_NONE && psci_call(VERSION) < VERSION_LEAST)
        method = CALL_NONE;
}

void psci_power_off(void)
{
    if (method != CALL_NONE)
        (void)psci_call(SYSTEM_OFF);
}

void psci_reset(void)
{
    if (method != CALL_NONE)
        (void)psci_call(SYSTEM_RESET);
}
