// SPDX-License-Identifier: MIT
// reference.h: clocks of known frequency, to calibrate the others with.
#pragma once

#include <lib/types.h>

struct reference {
    const char *name;
    uint64_t hz;                   // valid after start()
    uint64_t window_ns;            // how long to watch it for four good digits
    bool (*start)(void);           // false: it is not there
    bool (*read)(uint64_t *ticks); // since any moment, without wrapping for at least 50 ms; false: it has stopped being usable
};

enum { REFERENCES = 5 };
extern struct reference references[REFERENCES]; // the best first

// Cycles per second of the TSC as the CPU or the hypervisor states it, 0: neither does; *by: who did.
uint64_t tsc_stated_hz(const char **by);

// The CPU's nominal frequency where it states one, 0: it does not. Only for want of anything better.
uint64_t tsc_nominal_hz(void);
