// SPDX-License-Identifier: MIT
// frames.h: signal frames that frames.c spoils on aarch64.
#pragma once

// The records behind the registers: {magic, size}, content. The first is the floating-point state.
struct record {
    uint32_t magic, size;
    uint64_t words[3];
};

enum {
    RECORDS_SIZE = 4096,
    FPSIMD_SIZE = 528,
    MAGIC_EXTRA = 0x45585401,
    MAGIC_SVE = 0x53564501,
    MAGIC_ZA = 0x54366345,
    MAGIC_SYNDROME = 0x45535201
};

static void return_from_signal_on(void *stack);

static void spoil_state(int which, mcontext_t *registers)
{
    static const uint64_t states[] = {
        0x5,       // EL1, its own stack
        0x4,       // EL1
        0x9,       // EL2
        0x3c0,     // everything masked
        0x80,      // interrupts masked
        0x10,      // AArch32
        ~0UL,      // everything
        1UL << 21, // software step
        1UL << 20, // illegal state
        0x1c00000, // PAN, UAO and the bit beside
        3UL << 10, // branch type
    };
    registers->pstate = which == 6 ? states[which] : (registers->pstate & ~0xfUL) | states[which];
}

static void spoil_records(int which, mcontext_t *registers)
{
    struct record *first = (struct record *)&registers->__reserved[0];
    struct record *second = (struct record *)((char *)first + FPSIMD_SIZE);
    switch (which) {
    case 11:
        first->magic = 0; // no floating-point state at all
        first->size = 0;
        break;
    case 12:
        first->size = 0;
        break;
    case 13:
        first->size = 0xffffffff;
        break;
    case 14:
        first->size = 0xfffffff0;
        break;
    case 15:
        memset(first, 0xff, RECORDS_SIZE);
        break;
    case 16:
        memset(first, 0, RECORDS_SIZE);
        break;
    case 17:
        first->words[0] = ~0UL; // FPSR and FPCR
        break;
    case 18:
        memset((char *)first + 8, 0xff, FPSIMD_SIZE - 8);
        break;
    case 19:
        *second = (struct record){ MAGIC_EXTRA, 32, { MACHINE_KERNEL_TEXT, 4096, 0 } };
        break;
    case 20:
        *second = (struct record){ MAGIC_EXTRA, 32, { MACHINE_UNCANONICAL, 0xffffffff, 0 } };
        break;
    case 21:
        *second = (struct record){ MAGIC_SVE, 16, { 0xffff, 0, 0 } };
        break;
    case 22:
        *second = (struct record){ MAGIC_ZA, 16, { 0xffff, 0, 0 } };
        break;
    case 23:
        *second = (struct record){ 0x12345678, 16, { 0, 0, 0 } };
        break;
    case 24:
        memcpy(second, first, FPSIMD_SIZE); // twice
        break;
    case 25:
        for (size_t at = FPSIMD_SIZE; at < RECORDS_SIZE; at += 16) // no end
            *(uint64_t *)((char *)first + at) = MAGIC_SYNDROME | 16UL << 32;
        break;
    case 44:
        *second = (struct record){ MAGIC_SYNDROME, 0, { 0, 0, 0 } };
        break;
    case 45:
        *second = (struct record){ MAGIC_SYNDROME, 24, { 0, 0, 0 } }; // the end behind it is not aligned
        second->words[2] = 0;
        break;
    case 46:
        *second = (struct record){ 0, 16, { 0, 0, 0 } }; // an end that has a size
        break;
    case 47:
        first->size = FPSIMD_SIZE + 16;
        memset(second, 0, 64);
        break;
    default:
        break;
    }
}

static void spoil_frame(int which, ucontext_t *machine)
{
    mcontext_t *registers = &machine->uc_mcontext;
    if (which <= 10)
        spoil_state(which, registers);
    else if (which <= 25 || which >= 44)
        spoil_records(which, registers);
    switch (which) {
    case 26:
        registers->pc = MACHINE_KERNEL_TEXT;
        break;
    case 27:
        registers->pc = MACHINE_UNCANONICAL;
        break;
    case 28:
        registers->pc = MACHINE_BEYOND_USER;
        break;
    case 29:
        registers->pc += 2;
        break;
    case 30:
        registers->sp = MACHINE_KERNEL_TEXT;
        break;
    case 31:
        registers->sp = MACHINE_UNCANONICAL;
        break;
    case 32:
        registers->sp |= 1;
        break;
    case 33:
        memset(&machine->uc_flags, 0xff, 8);
        break;
    case 34:
        machine->uc_link = (void *)MACHINE_KERNEL_TEXT;
        break;
    case 35:
        machine->uc_stack = (stack_t){ .ss_sp = (void *)MACHINE_KERNEL_TEXT, .ss_size = 65536 };
        break;
    case 36:
        memset(&machine->uc_sigmask, 0xff, 8);
        break;
    case 37:
        memset(registers, 0xff, offsetof(mcontext_t, __reserved));
        break;
    case 38:
        memset(machine, 0xff, sizeof *machine);
        break;
    case 39:
        memset(machine, 0, sizeof *machine);
        break;
    case 40:
        return_from_signal_on((void *)MACHINE_KERNEL_TEXT);
        break;
    case 41:
        return_from_signal_on((void *)8);
        break;
    case 42:
        return_from_signal_on((void *)MACHINE_USER_TOP);
        break;
    case 43:
        return_from_signal_on((char *)evil_stack + sizeof evil_stack - 64);
        break;
    default:
        break;
    }
}
enum { EVIL_FRAMES = 48 };
static const int deadly_frames[] = { 0,  1,  2,  3,  4,  5,  6,  11, 13, 15, 16, 19, 20, 21, 22, 23,
                                     24, 25, 26, 27, 28, 29, 37, 38, 39, 40, 41, 42, 44, 45, 46, 47 };

// What nobody may set comes back as it should be, and nothing else happens.
static const int spared_frames[] = { 7, 8, 9, 10, 17, 18, 34 };

// Of the state a program sees only the condition flags; that nothing else came in shows in that it goes on like any other.
static bool is_ordinary(void)
{
    uint64_t flags;
    __asm__ volatile("mrs %0, nzcv" : "=r"(flags));
    return (flags & ~0xf0000000UL) == 0;
}

static void return_from_signal_on(void *stack)
{
    __asm__ volatile("mov sp, %0\n mov x8, #139\n svc #0\n udf #0" : : "r"(stack) : "x8", "memory");
}

static void write_call_before(uint8_t *end)
{
    *(uint32_t *)(void *)(end - 4) = 0xd4000001; // svc #0
}

static void jump_to_call_before(uint8_t *end)
{
    register long x8 __asm__("x8") = SYS_getpid;
    __asm__ volatile("br %0" : : "r"(end - 4), "r"(x8) : "x0", "memory");
}

// Any value will do: the register is the program's own.
static bool refuses_thread_pointer(uint64_t address)
{
    (void)address;
    return true;
}
