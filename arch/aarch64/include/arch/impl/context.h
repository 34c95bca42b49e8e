// SPDX-License-Identifier: MIT
// context.h: what aarch64 keeps of a thread that does not run.
#pragma once

#include <abi/status.h>

struct arch_context {
    uint64_t sp; // callee-saved registers and the return address lie on the stack
};

// User state beyond the frame. The FPU area is made at the thread's first use of the unit, never before.
struct arch_thread {
    uint64_t tls;     // TPIDR_EL0, which programs may write themselves: valid while the thread does not run
    void *fpu;        // struct fpu_area; nullptr: never used the FPU
    uint32_t fpu_cpu; // CPU whose registers hold the newest state, valid while that CPU's fpu_owner is this
};
