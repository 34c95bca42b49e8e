// SPDX-License-Identifier: MIT
// crimes.h: what only hostile.c of aarch64 can do.
#pragma once

#define INSTRUCTION(name_, text_)                                                          \
    static void name_(void)                                                                \
    {                                                                                      \
        __asm__ volatile(text_ : : : "x0", "x1", "x2", "x3", "x8", "x30", "memory", "cc"); \
    }

INSTRUCTION(no_stack, "mov x0, #0\n mov sp, x0\n str x1, [sp, #-16]!")
INSTRUCTION(kernel_stack_pointer, "ldr x0, =0xffffffff80001000\n mov sp, x0\n str x1, [sp, #-16]!")
INSTRUCTION(udf, "udf #0")
INSTRUCTION(breakpoint, "brk #0")
INSTRUCTION(hlt, "hlt #1")
INSTRUCTION(hvc, "hvc #0")
INSTRUCTION(smc, "smc #0")
INSTRUCTION(eret, "mov x30, #0x10000\n eret")
INSTRUCTION(mask_interrupts, "msr daifset, #2")
INSTRUCTION(read_masks, "mrs x0, daif")
INSTRUCTION(unmask_interrupts, "msr daifclr, #15")
INSTRUCTION(select_stack, "msr spsel, #1")
INSTRUCTION(read_control, "mrs x0, sctlr_el1")
INSTRUCTION(write_control, "mov x0, #0\n msr sctlr_el1, x0")
INSTRUCTION(write_tables, "mov x0, #0\n msr ttbr0_el1, x0")
INSTRUCTION(write_vectors, "mov x0, #0\n msr vbar_el1, x0")
INSTRUCTION(write_return_state, "mov x0, #5\n msr spsr_el1, x0")
INSTRUCTION(write_kernel_pointer, "mov x0, #0\n msr tpidr_el1, x0")
INSTRUCTION(write_read_only_pointer, "mov x0, #0\n msr tpidrro_el0, x0")
INSTRUCTION(write_debug_control, "mov x0, #0x8000\n msr mdscr_el1, x0")
INSTRUCTION(read_timer_control, "mrs x0, cntv_ctl_el0")
INSTRUCTION(write_timer, "mov x0, #1\n msr cntp_ctl_el0, x0")
INSTRUCTION(read_cycles, "mrs x0, pmccntr_el0")
INSTRUCTION(invalidate_tlb, "tlbi vmalle1")
INSTRUCTION(invalidate_instructions, "ic iallu")
INSTRUCTION(invalidate_data, "mov x0, sp\n dc ivac, x0")
INSTRUCTION(clean_by_set, "mov x0, #0\n dc csw, x0")
INSTRUCTION(translate, "mov x0, sp\n at s1e1r, x0")
INSTRUCTION(translate_user, "mov x0, sp\n at s1e0r, x0")
INSTRUCTION(clean_kernel_line, "mov x0, #0xffff800000000000\n dc cvau, x0")
INSTRUCTION(zero_kernel_line, "mov x0, #0xffff800000000000\n dc zva, x0")
INSTRUCTION(prefetch_kernel, "mov x0, #0xffff800000000000\n prfm pldl1keep, [x0]\n prfm pstl1keep, [x0]")
INSTRUCTION(misaligned_jump, "adr x0, 1f\n add x0, x0, #2\n br x0\n1: nop\n nop")
INSTRUCTION(misaligned_stack, "mov x0, sp\n add x0, x0, #1\n mov sp, x0\n ldr x1, [sp]\n mov x0, sp\n sub x0, x0, #1\n mov sp, x0")
INSTRUCTION(misaligned_exclusive, "sub x0, sp, #256\n and x0, x0, #~63\n add x0, x0, #13\n ldxr x1, [x0]")
INSTRUCTION(open_exclusive, "sub x0, sp, #64\n ldxr x1, [x0]\n mov x8, #172\n svc #0\n sub x0, sp, #64\n stxr w2, x1, [x0]\n clrex")
INSTRUCTION(scalable_vector, ".inst 0x04bf5020")                   // rdvl x0, #1
INSTRUCTION(streaming_mode, ".inst 0xd503477f\n .inst 0xd503467f") // smstart, smstop
INSTRUCTION(wait_for_event, "sevl\n wfe\n yield")
INSTRUCTION(any_call_immediate, "mov x8, #172\n svc #0xffff\n svc #1")

// Dividing has no fault here: by zero gives zero, and the one overflow the dividend.
static void divide(void)
{
    uint64_t quotient;
    int64_t overflow;
    __asm__ volatile("udiv %0, %2, xzr\n sdiv %1, %3, %4" : "=&r"(quotient), "=&r"(overflow) : "r"(5L), "r"(INT64_MIN), "r"(-1L));
    CHECK_EQUAL(quotient, 0);
    CHECK_EQUAL(overflow, INT64_MIN);
}

// It waits or is passed over; either way the program goes on.
static void wait_for_interrupt(void)
{
    struct sigaction action = { .sa_handler = crime_on_signal };
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = { .it_value = { 0, 30000 } };
    setitimer(ITIMER_REAL, &timer, NULL);
    __asm__ volatile("wfi");
}

// What compilers do at run time: clean the data, invalidate the instructions, zero a block.
static void own_cache_lines(void)
{
    static uint8_t block[4096] __attribute__((aligned(4096)));
    uint64_t type, zero_size;
    __asm__ volatile("mrs %0, ctr_el0\n mrs %1, dczid_el0" : "=r"(type), "=r"(zero_size));
    CHECK(type != 0);
    memset(block, 1, sizeof block);
    __asm__ volatile("dc cvau, %0\n dc civac, %0\n dsb ish\n ic ivau, %0\n dsb ish\n isb" : : "r"(block) : "memory");
    if (!(zero_size & 16)) {
        __asm__ volatile("dc zva, %0" : : "r"(block) : "memory");
        CHECK_EQUAL(block[0], 0);
        CHECK_EQUAL(block[4095], 1);
    }
}

static volatile sig_atomic_t refused;

static void pass_over(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)info;
    *machine_pc(context) += 4;
    refused++;
}

// Runs `count` instructions and returns how many of them were refused.
static int count_refused(const uint32_t *instructions, size_t count)
{
    size_t size = (count * 4 + 4 + 4095) & ~(size_t)4095;
    if (!code_page) {
        code_page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        struct sigaction action = { .sa_sigaction = pass_over, .sa_flags = SA_SIGINFO };
        sigaction(SIGILL, &action, NULL);
    }
    CHECK_EQUAL(mprotect(code_page, size, PROT_READ | PROT_WRITE), 0);
    memcpy(code_page, instructions, count * 4);
    machine_write_return(code_page + count * 4);
    machine_code_written(code_page, size);
    CHECK_EQUAL(mprotect(code_page, size, PROT_READ | PROT_EXEC), 0);
    refused = 0;
    call_code();
    return refused;
}

// Every system register is read, and those of the kernel's levels are written. Only identification registers may be readable
// there (Linux answers for them), and nothing may be writable.
static void all_system_registers(void)
{
    static uint32_t reads[1024], writes[1024];
    for (uint32_t op1 = 0; op1 < 8; op1++)
        for (uint32_t high = 0; high < 16; high++) {
            size_t count = 0;
            for (uint32_t low = 0; low < 128; low++) { // CRm and op2
                uint32_t which = 3 << 19 | op1 << 16 | high << 12 | (low >> 3) << 8 | (low & 7) << 5;
                reads[count] = 0xd5200000 | which;         // mrs x0, …
                writes[count++] = 0xd5000000 | which | 31; // msr …, xzr
            }
            int read = 128 - count_refused(reads, count);
            if (op1 == 3)
                continue;
            CHECK(read == 0 || (op1 <= 1 && high == 0));
            CHECK_EQUAL(count_refused(writes, count), 128);
        }
}

static void all_immediates(void)
{
    static uint32_t code[2];
    for (uint32_t immediate = 0; immediate < 0x10000; immediate += 0x0411) {
        code[0] = 0xd4200000 | immediate << 5; // brk
        code_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memcpy(code_page, code, 4);
        machine_write_return(code_page + 4);
        machine_code_written(code_page, 8);
        CHECK_EQUAL(mprotect(code_page, 4096, PROT_READ | PROT_EXEC), 0);
        int status = check_child(call_code);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP);
        munmap(code_page, 4096);
    }
}

static void remove_calls(uint8_t *code, size_t size)
{
    for (size_t i = 0; i + 4 <= size; i += 4) {
        uint32_t *word = (uint32_t *)(void *)(code + i);
        if ((*word & 0xffe0001f) == 0xd4000001)
            *word = 0;
    }
}

enum { RESTORERS = true };

#define MACHINE_CRIME_ROWS                                                                                                           \
    LIVES(divide), DIES(udf, SIGILL), DIES(breakpoint, SIGTRAP), DIES(hlt, SIGILL), DIES(hvc, SIGILL), DIES(smc, SIGILL),            \
        DIES(eret, SIGILL), DIES(mask_interrupts, SIGILL), DIES(read_masks, SIGILL), DIES(unmask_interrupts, SIGILL),                \
        DIES(select_stack, SIGILL), DIES(read_control, SIGILL), DIES(write_control, SIGILL), DIES(write_tables, SIGILL),             \
        DIES(write_vectors, SIGILL), DIES(write_return_state, SIGILL), DIES(write_kernel_pointer, SIGILL),                           \
        DIES(write_read_only_pointer, SIGILL), DIES(write_debug_control, SIGILL), DIES(read_timer_control, SIGILL),                  \
        DIES(write_timer, SIGILL), DIES(read_cycles, SIGILL), DIES(invalidate_tlb, SIGILL), DIES(invalidate_instructions, SIGILL),   \
        DIES(invalidate_data, SIGILL), DIES(clean_by_set, SIGILL), DIES(translate, SIGILL), DIES(translate_user, SIGILL),            \
        EITHER(clean_kernel_line), DIES(zero_kernel_line, SIGSEGV), LIVES(prefetch_kernel), DIES(misaligned_jump, SIGBUS),           \
        EITHER(misaligned_stack), DIES(misaligned_exclusive, SIGBUS), LIVES(open_exclusive), EITHER(scalable_vector),                \
        EITHER(streaming_mode), LIVES(wait_for_event), LIVES(wait_for_interrupt), LIVES(any_call_immediate), LIVES(own_cache_lines), \
        LIVES(all_system_registers), LIVES(all_immediates),
