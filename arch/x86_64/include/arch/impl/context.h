// SPDX-License-Identifier: MIT
// context.h: what x86_64 keeps of a thread that does not run.
#pragma once

#include <abi/status.h>

struct arch_context {
    uint64_t sp; // callee-saved registers and the return address lie on the stack
};

// User state beyond the frame. The FPU area is made at the thread's first use of the unit (#NM), never before.
struct arch_thread {
    uint64_t fs_base, gs_base;
    void *fpu;        // XSAVE area; nullptr: never used the FPU
    uint32_t fpu_cpu; // CPU whose registers hold the newest state, valid while that CPU's fpu_owner is this
    uint32_t keys;    // what differs from KEYS_DEFAULT in PKRU while the thread does not run (keys.c)
};
