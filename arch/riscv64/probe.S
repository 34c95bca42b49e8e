// SPDX-License-Identifier: MIT
// probe.S: instructions that a CPU may lack or its firmware forbid, tried with a way out.

#include <arch/fault_row.h>

.option arch, +f, +d

#define CSR_SEED     0x015
#define CSR_SENVCFG  0x10a
#define CSR_SSTATEEN 0x10c // the first of four

.section .text, "ax", @progbits

// bool probe_float(void): whether there are floating-point registers of 64 bits. The unit is open.
.globl probe_float
.hidden probe_float
probe_float:
1:  fmv.d.x f0, zero
    li a0, 1
    ret
    fault_row 1b, probe_failed

// bool probe_clear_senvcfg(void), bool probe_clear_sstateen(void): the register is 0, or false: there is none for us (Privileged
// Architecture 1.12, 4.1.10; State Enable Extension 1.0).
.macro probe_clear name, register
.globl \name
.hidden \name
\name:
77777: csrw \register, zero
    li a0, 1
    ret
    fault_row 77777b, probe_failed
.endm
    probe_clear probe_clear_senvcfg, CSR_SENVCFG
    probe_clear probe_clear_sstateen, CSR_SSTATEEN

// int64_t probe_seed(void): one reading of the entropy source's CSR (Cryptography Extensions 1.0.1, 4.1), −1: there is none for us.
.globl probe_seed
.hidden probe_seed
probe_seed:
1:  csrrw a0, CSR_SEED, zero
    slli a0, a0, 32
    srli a0, a0, 32
    ret
    fault_row 1b, probe_no_seed

probe_failed:
    li a0, 0
    ret

probe_no_seed:
    li a0, -1
    ret
