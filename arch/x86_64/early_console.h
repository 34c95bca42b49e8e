// SPDX-License-Identifier: MIT
// early_console.h: setting up the serial port that arch_early_console_write polls.
#pragma once

void early_console_init(void);
