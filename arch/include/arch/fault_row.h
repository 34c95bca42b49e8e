// SPDX-License-Identifier: MIT
// fault_row.h: for assembly: the instruction at `at`, or each from `from` up to `to`, may fault on user memory and then goes on at `fixup`.
// What a row holds are offsets from itself, so that the table needs no relocation.
// clang-format off

.macro fault_row at, fixup
    .pushsection helix_fault_table, "a", %progbits
    .p2align 3
77: .quad \at - 77b
    .quad 1
    .quad \fixup - 77b
    .popsection
.endm

.macro fault_rows from, to, fixup
    .pushsection helix_fault_table, "a", %progbits
    .p2align 3
77: .quad \from - 77b
    .quad \to - \from
    .quad \fixup - 77b
    .popsection
.endm
