// SPDX-License-Identifier: MIT
// early_console.h: choosing the firmware call that arch_early_console_write makes.
#pragma once

void early_console_init(void);
