// SPDX-License-Identifier: MIT
// faults.h: what faults.c does on riscv64.
#pragma once

static void illegal_body(void)
{
    __asm__ volatile("unimp");
}

static void privileged_body(void)
{
    __asm__ volatile("csrw satp, zero");
}

static void break_body(void)
{
    __asm__ volatile("ebreak");
}

static void kernel_read_body(void)
{
    (void)*(volatile char *)MACHINE_KERNEL_START;
}

static const struct fatal_fault fatal_faults[] = {
    { illegal_body, SIGILL },
    { privileged_body, SIGILL },
    { break_body, SIGTRAP },
    { kernel_read_body, SIGSEGV },
};

// Without compressed forms every instruction here has four bytes.
#define RUN(name_, instruction_, address_)                                                                \
    static uint64_t name_(struct place *place)                                                            \
    {                                                                                                     \
        register uint64_t a0 __asm__("a0") = (address_);                                                  \
        __asm__ volatile(".option push\n .option norvc\n lla %1, 1f\n1: " instruction_ "\n .option pop\n" \
                         : "+r"(a0), "=&r"(place->pc)                                                     \
                         :                                                                                \
                         : "memory");                                                                     \
        place->address = (address_) ? (address_) : place->pc;                                             \
        return a0;                                                                                        \
    }

RUN(run_illegal, "unimp", 0)
RUN(run_privileged, "csrw stvec, a0", 0)
RUN(run_break, "ebreak", 0)
RUN(run_kernel_read, "ld a0, 0(a0)", MACHINE_KERNEL_START)
RUN(run_kernel_write, "sd a0, 0(a0)", MACHINE_KERNEL_TEXT)

static const struct fault faults[] = {
    { run_illegal, SIGILL, ILL_ILLOPC, 4, 0 },        { run_privileged, SIGILL, ILL_ILLOPC, 4, 0 },
    { run_break, SIGTRAP, TRAP_BRKPT, 4, 0 },         { run_kernel_read, SIGSEGV, SEGV_MAPERR, 4, 0 },
    { run_kernel_write, SIGSEGV, SEGV_MAPERR, 4, 0 },
};

static long trap_number(ucontext_t *context)
{
    (void)context;
    return 0;
}

enum { FRAME_SIZE = 960 };

// Narrow: differences of a program's own addresses, which may stand in any register, look much the same.
static bool looks_like_the_kernels(uint64_t value)
{
    return (value >= MACHINE_KERNEL_START && value < 0xffffffd000000000) || (value >= 0xfffffff000000000 && value < 0xfffffff200000000) ||
           (value >= MACHINE_KERNEL_IMAGE && value < 0xffffffffc0000000);
}

static void clobber_registers(void)
{
    __asm__ volatile(".irp i, t0,t1,t2,t3,t4,t5,t6,a0,a1,a2,a3,a4,a5,a6,a7,s2,s3,s4,s5,s6,s7,s8,s9,s10,s11\n mv \\i, zero\n .endr\n"
                     ".irp i, ft0,ft1,ft11,fa0,fa7,fs0,fs11\n fmv.d.x \\i, zero\n .endr\n"
                     :
                     :
                     : "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5",
                       "s6", "s7", "s8", "s9", "s10", "s11", "ft0", "ft1", "ft11", "fa0", "fa7", "fs0", "fs11", "memory");
}

// All but what handlers need (gp, tp) and t0, which the loop reads the counter into. Register n holds n repeated, floating-point
// register n holds n + 64.
long spin_with_patterns(volatile sig_atomic_t *counter, long target);
__asm__(".text\n.globl spin_with_patterns\n"
        "spin_with_patterns:\n"
        " addi sp, sp, -208\n sd ra, 0(sp)\n sd s0, 8(sp)\n sd s1, 16(sp)\n"
        ".irp i, 2,3,4,5,6,7,8,9,10,11\n sd s\\i, 8 + 8 * \\i(sp)\n .endr\n"
        ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11\n fsd fs\\i, 104 + 8 * \\i(sp)\n .endr\n"
        ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        " li t1, 0x0101010101010101 * (\\i + 64)\n fmv.d.x f\\i, t1\n"
        ".endr\n"
        ".irp i, 1,6,7,8,9,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        " li x\\i, 0x0101010101010101 * \\i\n"
        ".endr\n"
        "1: lw t0, 0(a0)\n blt t0, a1, 1b\n"
        ".irp i, 1,6,7,8,9,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        " li t0, 0x0101010101010101 * \\i\n beq t0, x\\i, 2f\n j 8f\n2:\n"
        ".endr\n"
        ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        " li t0, 0x0101010101010101 * (\\i + 64)\n fmv.x.d t1, f\\i\n beq t0, t1, 2f\n j 8f\n2:\n"
        ".endr\n"
        " li a0, 0\n j 9f\n"
        "8: li a0, 1\n"
        "9: ld ra, 0(sp)\n ld s0, 8(sp)\n ld s1, 16(sp)\n"
        ".irp i, 2,3,4,5,6,7,8,9,10,11\n ld s\\i, 8 + 8 * \\i(sp)\n .endr\n"
        ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11\n fld fs\\i, 104 + 8 * \\i(sp)\n .endr\n"
        " addi sp, sp, 208\n ret\n");
