// SPDX-License-Identifier: MIT
// fault_row.h: for assembly: the instruction at `at` may fault on user memory and then goes on at `fixup`. Both are offsets from the
// row, so that the table needs no relocation.
// clang-format off

.macro fault_row at, fixup
    .pushsection helix_fault_table, "a", %progbits
    .p2align 3
77: .quad \at - 77b
    .quad \fixup - 77b
    .popsection
.endm
