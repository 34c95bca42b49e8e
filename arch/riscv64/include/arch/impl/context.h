// SPDX-License-Identifier: MIT
// context.h: what riscv64 keeps of a thread that does not run.
#pragma once

#include <abi/status.h>

// The registers that a function must preserve, in the order of arch_context_switch.
struct arch_context {
    uint64_t ra, sp, s[12];
};

// User state beyond the frame, which has the thread pointer. The area is made at the thread's first use of the unit, never before.
struct arch_thread {
    void *fpu;        // nullptr: never used the unit
    uint32_t fpu_cpu; // CPU whose registers hold the newest state, valid while that CPU's fpu_owner is this

    uint64_t fault_address; // of its last page fault in user mode
};
