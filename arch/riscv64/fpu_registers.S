// SPDX-License-Identifier: MIT
// fpu_registers.S: the floating-point registers of F and D to memory and back: f0 … f31, then fcsr, as Linux lays them out in signal
// frames. The unit is open.

.option arch, +f, +d

.section .text, "ax", @progbits

.macro each operation
    \operation f0, 0(a0)
    \operation f1, 8(a0)
    \operation f2, 16(a0)
    \operation f3, 24(a0)
    \operation f4, 32(a0)
    \operation f5, 40(a0)
    \operation f6, 48(a0)
    \operation f7, 56(a0)
    \operation f8, 64(a0)
    \operation f9, 72(a0)
    \operation f10, 80(a0)
    \operation f11, 88(a0)
    \operation f12, 96(a0)
    \operation f13, 104(a0)
    \operation f14, 112(a0)
    \operation f15, 120(a0)
    \operation f16, 128(a0)
    \operation f17, 136(a0)
    \operation f18, 144(a0)
    \operation f19, 152(a0)
    \operation f20, 160(a0)
    \operation f21, 168(a0)
    \operation f22, 176(a0)
    \operation f23, 184(a0)
    \operation f24, 192(a0)
    \operation f25, 200(a0)
    \operation f26, 208(a0)
    \operation f27, 216(a0)
    \operation f28, 224(a0)
    \operation f29, 232(a0)
    \operation f30, 240(a0)
    \operation f31, 248(a0)
.endm

// void fpu_state_save(void *area)
.globl fpu_state_save
.hidden fpu_state_save
fpu_state_save:
    each fsd
    csrr t0, fcsr
    sw t0, 256(a0)
    ret

// void fpu_state_load(const void *area)
.globl fpu_state_load
.hidden fpu_state_load
fpu_state_load:
    each fld
    lw t0, 256(a0)
    csrw fcsr, t0
    ret
