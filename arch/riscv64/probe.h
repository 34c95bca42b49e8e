// SPDX-License-Identifier: MIT
// probe.h: instructions that a CPU may lack or its firmware forbid (probe.S).
#pragma once

#include <stdint.h>

// Whether there are floating-point registers of 64 bits. The unit is open.
bool probe_float(void);

// One reading of the entropy source, −1: there is none for the kernel.
int64_t probe_seed(void);
