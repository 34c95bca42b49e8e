// SPDX-License-Identifier: MIT
// access.h: for assembly: opens and closes user memory to the kernel (SMAP). On a CPU that has no SMAP the instructions are overwritten at
// boot (cpu.c), so that nobody asks on the way.
// clang-format off

.macro access_instruction name
77: \name
    .pushsection helix_access_sites, "a", @progbits
    .long 77b - .
    .popsection
.endm
