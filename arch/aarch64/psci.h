// SPDX-License-Identifier: MIT
// psci.h: the firmware's power services (Power State Coordination Interface, Arm DEN 0022).
#pragma once

#include <lib/device_tree.h>

// Finds out how the firmware is called and that it answers. Without it, or before, the others return at once.
void psci_start(const struct device_tree *tree);

// They return only when the firmware does not do it. Any context, also in a panic.
void psci_power_off(void);
void psci_reset(void);
