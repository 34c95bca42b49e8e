// SPDX-License-Identifier: MIT
// faults.h: what faults.c does on aarch64.
#pragma once

static void undefined_body(void)
{
    __asm__ volatile("udf #0");
}

static void privileged_body(void)
{
    __asm__ volatile("msr ttbr0_el1, xzr");
}

static void break_body(void)
{
    __asm__ volatile("brk #0");
}

static void misaligned_body(void)
{
    __asm__ volatile("br %0" : : "r"((uint64_t)misaligned_body + 2) : "memory");
}

static void kernel_read_body(void)
{
    (void)*(volatile char *)MACHINE_KERNEL_START;
}

static const struct fatal_fault fatal_faults[] = {
    { undefined_body, SIGILL },  { privileged_body, SIGILL },   { break_body, SIGTRAP },
    { misaligned_body, SIGBUS }, { kernel_read_body, SIGSEGV },
};

#define RUN(name_, instruction_, address_)                                                               \
    static uint64_t name_(struct place *place)                                                           \
    {                                                                                                    \
        register uint64_t x0 __asm__("x0") = (address_);                                                 \
        __asm__ volatile("adr %1, 1f\n1: " instruction_ "\n" : "+r"(x0), "=&r"(place->pc) : : "memory"); \
        place->address = (address_) ? (address_) : place->pc;                                            \
        return x0;                                                                                       \
    }

RUN(run_undefined, "udf #0", 0)
RUN(run_privileged, "msr vbar_el1, x0", 0)
RUN(run_break, "brk #0", 0)
RUN(run_kernel_read, "ldr x0, [x0]", MACHINE_KERNEL_START)
RUN(run_kernel_write, "str x0, [x0]", MACHINE_KERNEL_TEXT)

static const struct fault faults[] = {
    { run_undefined, SIGILL, ILL_ILLOPC, 4, 0 },      { run_privileged, SIGILL, ILL_ILLOPC, 4, 0 },
    { run_break, SIGTRAP, TRAP_BRKPT, 4, 0 },         { run_kernel_read, SIGSEGV, SEGV_MAPERR, 4, 0 },
    { run_kernel_write, SIGSEGV, SEGV_MAPERR, 4, 0 },
};

static long trap_number(ucontext_t *context)
{
    (void)context;
    return 0;
}

enum { FRAME_SIZE = 4560 }; // with the 4096 bytes for records

// Narrow: differences of a program's own addresses, which may stand in any register, look much the same.
static bool looks_like_the_kernels(uint64_t value)
{
    return (value >= MACHINE_KERNEL_START && value < 0xffffe00000000000) || (value >= MACHINE_KERNEL_IMAGE && value < 0xffffffffc0000000);
}

static void clobber_registers(void)
{
    __asm__ volatile(".irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,19,20,21,22,23,24,25,26,27,28\n mov x\\i, xzr\n .endr\n"
                     ".irp i, 0,1,2,3,4,5,6,7,8,15,16,17,24,31\n movi v\\i\\().2d, #0\n .endr\n"
                     "cmp xzr, xzr\n"
                     :
                     :
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
                       "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
                       "v8", "v15", "v16", "v17", "v24", "v31", "cc", "memory");
}

// x2 is what the loop reads the counter into; register n holds n repeated, vector register n holds n + 64.
long spin_with_patterns(volatile sig_atomic_t *counter, long target);
__asm__(
    ".text\n.globl spin_with_patterns\n"
    "spin_with_patterns:\n"
    " stp x19, x20, [sp, #-160]!\n stp x21, x22, [sp, #16]\n stp x23, x24, [sp, #32]\n stp x25, x26, [sp, #48]\n stp x27, x28, [sp, #64]\n"
    " stp x29, x30, [sp, #80]\n stp d8, d9, [sp, #96]\n stp d10, d11, [sp, #112]\n stp d12, d13, [sp, #128]\n stp d14, d15, [sp, #144]\n"
    ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    " ldr x3, =0x0101010101010101 * (\\i + 64)\n dup v\\i\\().2d, x3\n"
    ".endr\n"
    ".irp i, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
    " ldr x\\i, =0x0101010101010101 * \\i\n"
    ".endr\n"
    "1: ldr w2, [x0]\n cmp w2, w1\n b.lt 1b\n"
    ".irp i, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
    " ldr x2, =0x0101010101010101 * \\i\n cmp x2, x\\i\n b.ne 2f\n"
    ".endr\n"
    ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    " ldr x2, =0x0101010101010101 * (\\i + 64)\n"
    " umov x3, v\\i\\().d[0]\n cmp x2, x3\n b.ne 2f\n umov x3, v\\i\\().d[1]\n cmp x2, x3\n b.ne 2f\n"
    ".endr\n"
    " mov x0, #0\n b 3f\n"
    "2: mov x0, #1\n"
    "3: ldp d14, d15, [sp, #144]\n ldp d12, d13, [sp, #128]\n ldp d10, d11, [sp, #112]\n ldp d8, d9, [sp, #96]\n ldp x29, x30, [sp, #80]\n"
    " ldp x27, x28, [sp, #64]\n ldp x25, x26, [sp, #48]\n ldp x23, x24, [sp, #32]\n ldp x21, x22, [sp, #16]\n ldp x19, x20, [sp], #160\n"
    " ret\n .ltorg\n");
