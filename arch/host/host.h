// SPDX-License-Identifier: MIT
// host.h: what the files of the host port share.
#pragma once

#include <lib/types.h>

// Takes the interrupt that another CPU has sent, if it has and interrupts are on: a thread is interrupted only where it calls this.
void host_ipi_take(void);

// Makes RAM this process's own, as it is now: for one that was forked.
void host_memory_own(void);

// Runs `run` in a process of its own and returns whether it panicked with `message` in the report. `run` may change
// RAM (the process has its own), but no kernel stack.
bool host_panics(void (*run)(void *argument), void *argument, const char *message);
