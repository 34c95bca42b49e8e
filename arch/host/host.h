// SPDX-License-Identifier: MIT
// host.h: what the files of the host port share.
#pragma once

#include <lib/types.h>

// Runs `run` in a process of its own and returns whether it panicked with `message` in the report. For invariants that are
// checked before anything changes.
bool host_panics(void (*run)(void *argument), void *argument, const char *message);
