// SPDX-License-Identifier: MIT
// probe.h: instructions that a CPU may lack or its firmware forbid (probe.S).
#pragma once

#include <stdint.h>

// Whether there are floating-point registers of 64 bits. The unit is open.
bool probe_float(void);

// What user mode may do beyond what it always may (senvcfg), and which state of extensions it has (sstateen0): nothing from now on.
// False: the CPU has no such register, or keeps it from the kernel.
bool probe_clear_senvcfg(void);
bool probe_clear_sstateen(void);

// One reading of the entropy source, −1: there is none for the kernel.
int64_t probe_seed(void);
