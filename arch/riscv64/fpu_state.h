// SPDX-License-Identifier: MIT
// fpu_state.h: what a floating-point save area holds. Linux's struct __riscv_d_ext_state.
#pragma once

#include <stdint.h>

struct fpu_state {
    uint64_t f[32];
    uint32_t control; // fcsr
    uint32_t unused;
};

// fpu_registers.S. The unit is open.
void fpu_state_save(void *area);
void fpu_state_load(const void *area);

// Whether the CPU has a unit at all.
bool fpu_present(void);
