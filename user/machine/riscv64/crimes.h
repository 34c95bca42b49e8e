// SPDX-License-Identifier: MIT
// crimes.h: what only hostile.c of riscv64 can do.
#pragma once

#define INSTRUCTION(name_, text_)                                                                     \
    static void name_(void)                                                                           \
    {                                                                                                 \
        __asm__ volatile(text_ : : : "t0", "t1", "t2", "a0", "a1", "a2", "a3", "a6", "a7", "memory"); \
    }

INSTRUCTION(no_stack, "li sp, 0\n sd a0, -16(sp)")
INSTRUCTION(kernel_stack_pointer, "li sp, 0xffffffff80001000\n sd a0, -16(sp)")
INSTRUCTION(unimp, "unimp")
INSTRUCTION(unimp_short, ".half 0")
INSTRUCTION(unimp_long, ".word 0xffffffff")
INSTRUCTION(ebreak, "ebreak")
INSTRUCTION(ebreak_long, ".option push\n .option norvc\n ebreak\n .option pop")
INSTRUCTION(wfi_forbidden, "wfi")
INSTRUCTION(sret, "sret")
INSTRUCTION(mret, ".word 0x30200073")
INSTRUCTION(flush_tlb, "sfence.vma")
INSTRUCTION(read_status, "csrr a0, sstatus")
INSTRUCTION(set_status, "li a0, 0x122\n csrs sstatus, a0")
INSTRUCTION(write_tables, "csrw satp, zero")
INSTRUCTION(write_vectors, "csrw stvec, zero")
INSTRUCTION(write_scratch, "csrw sscratch, zero")
INSTRUCTION(write_program_counter, "csrw sepc, zero")
INSTRUCTION(write_interrupts, "csrw sie, zero")
INSTRUCTION(write_counters, "csrw scounteren, zero")
INSTRUCTION(write_timer, "csrw 0x14d, zero") // stimecmp
INSTRUCTION(read_machine_status, "csrr a0, mstatus")
INSTRUCTION(read_hart, "csrr a0, mhartid")
INSTRUCTION(write_time, "csrw time, zero")
INSTRUCTION(read_cycles, "csrr a0, cycle")
INSTRUCTION(read_retired, "csrr a0, instret")
INSTRUCTION(read_guest, ".word 0x6002d573") // csrrwi of hstatus
INSTRUCTION(guest_load, ".word 0x60054573") // hlv.b a0, (a0)
INSTRUCTION(vector, ".word 0x0c0572d7")     // vsetvli t0, a0, e8, m1
INSTRUCTION(atomic_misaligned, "addi a0, sp, -61\n lr.d a1, (a0)")
INSTRUCTION(atomic_kernel, "li a0, 0xffffffc000000000\n amoadd.d a1, zero, (a0)")
INSTRUCTION(open_reservation, "addi a2, sp, -64\n lr.d a1, (a2)\n li a7, 172\n ecall\n sc.d a1, zero, (a2)")
INSTRUCTION(bad_rounding, "fsrm zero\n .word 0x02c5d553")                                // the rounding mode 5 is none
INSTRUCTION(call_firmware, "li a7, 0x53525354\n li a6, 0\n li a0, 0\n li a1, 0\n ecall") // to the kernel it is only a number

static void odd_jump(void)
{
    // The lowest bit of a target does not exist.
    __asm__ volatile("lla t0, 1f\n addi t0, t0, 1\n jr t0\n1:" : : : "t0");
}

// Linux lets programs read and write at any address, whatever the machine does by itself.
static void misaligned_data(void)
{
    static uint8_t bytes[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    uint64_t value;
    __asm__ volatile("ld %0, 1(%1)\n sd %0, 3(%1)" : "=&r"(value) : "r"(bytes) : "memory");
    CHECK_EQUAL(value, 0x0807060504030201);
    CHECK_EQUAL(bytes[3], 1);
}

// Dividing has no fault here: by zero gives all ones, and the one overflow the dividend.
static void divide(void)
{
    uint64_t quotient;
    int64_t overflow;
    __asm__ volatile("divu %0, %2, zero\n div %1, %3, %4" : "=&r"(quotient), "=&r"(overflow) : "r"(5L), "r"(INT64_MIN), "r"(-1L));
    CHECK_EQUAL(quotient, ~0UL);
    CHECK_EQUAL(overflow, INT64_MIN);
}

static void read_time(void)
{
    uint64_t one, two;
    __asm__ volatile("rdtime %0" : "=r"(one));
    usleep(2000);
    __asm__ volatile("rdtime %0" : "=r"(two));
    CHECK(two > one);
}

static volatile sig_atomic_t refused;

static void pass_over(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)info;
    *machine_pc(context) += 4;
    refused++;
}

// Every control register is read. Those of the kernel's and the firmware's levels must all be refused, reading and writing.
static void all_control_registers(void)
{
    static uint32_t code[4097];
    struct sigaction action = { .sa_sigaction = pass_over, .sa_flags = SA_SIGINFO };
    sigaction(SIGILL, &action, NULL);
    code_page = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int writing = 0; writing < 2; writing++) {
        int privileged = 0;
        size_t count = 0;
        for (uint32_t number = 0; number < 4096; number++)
            if (number & 0x300) {
                code[count++] = number << 20 | (writing ? 0x1073 : 0x2573); // csrrw zero, …, zero; csrrs a0, …, zero
                privileged++;
            }
        CHECK_EQUAL(mprotect(code_page, 5 * 4096, PROT_READ | PROT_WRITE), 0);
        memcpy(code_page, code, count * 4);
        machine_write_return(code_page + count * 4);
        machine_code_written(code_page, 5 * 4096);
        CHECK_EQUAL(mprotect(code_page, 5 * 4096, PROT_READ | PROT_EXEC), 0);
        refused = 0;
        call_code();
        CHECK_EQUAL(refused, privileged);
    }
}

static void remove_calls(uint8_t *code, size_t size)
{
    for (size_t i = 0; i + 4 <= size; i += 2)
        if (code[i] == 0x73 && code[i + 1] == 0 && code[i + 2] == 0 && code[i + 3] == 0)
            code[i + 2] = 0x10;
}

enum { RESTORERS = false };

#define MACHINE_CRIME_ROWS                                                                                                              \
    LIVES(divide), DIES(unimp, SIGILL), DIES(unimp_short, SIGILL), DIES(unimp_long, SIGILL), DIES(ebreak, SIGTRAP),                     \
        DIES(ebreak_long, SIGTRAP), DIES(wfi_forbidden, SIGILL), DIES(sret, SIGILL), DIES(mret, SIGILL), DIES(flush_tlb, SIGILL),       \
        DIES(read_status, SIGILL), DIES(set_status, SIGILL), DIES(write_tables, SIGILL), DIES(write_vectors, SIGILL),                   \
        DIES(write_scratch, SIGILL), DIES(write_program_counter, SIGILL), DIES(write_interrupts, SIGILL), DIES(write_counters, SIGILL), \
        DIES(write_timer, SIGILL), DIES(read_machine_status, SIGILL), DIES(read_hart, SIGILL), DIES(write_time, SIGILL),                \
        EITHER(read_cycles), EITHER(read_retired), DIES(read_guest, SIGILL), DIES(guest_load, SIGILL), EITHER(vector),                  \
        EITHER(atomic_misaligned), DIES(atomic_kernel, SIGSEGV), LIVES(open_reservation), DIES(bad_rounding, SIGILL),                   \
        LIVES(call_firmware), LIVES(odd_jump), LIVES(misaligned_data), LIVES(read_time), LIVES(all_control_registers),
