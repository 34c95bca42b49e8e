// SPDX-License-Identifier: MIT
// console.h: what a module that provides "console" does.
#pragma once

#include <abi/status.h>

enum { CONSOLE_ABI = 1 };

struct console_ops {
    // Finds the device, registers a log writer and a terminal. Thread context, once. STATUS_NO_DEVICE: it is not there.
    enum status (*start)(void);
};
