// SPDX-License-Identifier: MIT
// host.h: what the files of the host port share.
#pragma once

#include <lib/types.h>

// Sets up RAM, the boot CPU, frames and heap, as boot code and the first subsystems would. Ends the process when it cannot.
void host_start(void);

// Runs `run` in a process of its own and returns whether it panicked with `message` in the report. For invariants that are
// checked before anything changes.
bool host_panics(void (*run)(void *argument), void *argument, const char *message);
