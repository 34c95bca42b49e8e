// SPDX-License-Identifier: MIT
// frames.h: signal frames that frames.c spoils on riscv64.
#pragma once

static void return_from_signal_on(void *stack);

// Every register is a program's own here, so only what an address may be, and the state behind the registers, can be evil.
static void spoil_frame(int which, ucontext_t *machine)
{
    unsigned long *registers = (unsigned long *)machine->uc_mcontext.__gregs; // pc, then x1 … x31
    uint64_t *values = (uint64_t *)(void *)&machine->uc_mcontext.__fpregs;    // f0 … f31, fcsr, what must be 0
    uint32_t *behind = (uint32_t *)&values[32];
    uint32_t *records = (uint32_t *)values + 129; // 0, then {magic, size} of what more there is
    switch (which) {
    case 0:
        registers[0] = MACHINE_KERNEL_TEXT;
        break;
    case 1:
        registers[0] = MACHINE_UNCANONICAL;
        break;
    case 2:
        registers[0] = machine_user_end();
        break;
    case 3:
        registers[0] |= 1; // the lowest bit of a program counter does not exist
        break;
    case 4:
        registers[2] = MACHINE_KERNEL_TEXT;
        break;
    case 5:
        registers[2] = MACHINE_UNCANONICAL;
        break;
    case 6:
        registers[2] |= 1;
        break;
    case 7:
        registers[3] = MACHINE_KERNEL_TEXT;
        break;
    case 8:
        registers[4] = MACHINE_KERNEL_TEXT;
        break;
    case 9:
        for (int i = 1; i < 32; i++)
            registers[i] = MACHINE_KERNEL_START;
        break;
    case 10:
        *behind = 0xffffffff; // fcsr
        break;
    case 11:
        *behind = 7 << 5; // a rounding mode that is none
        break;
    case 12:
        memset(values, 0xff, 256);
        break;
    case 13:
        memset(records, 0xff, 12);
        break;
    case 14:
        // A vector state of absurd size.
        records[1] = 0x53465457;
        records[2] = 0xfffffff0;
        break;
    case 15:
        records[1] = 0x12345678;
        records[2] = 16;
        break;
    case 16:
        memset(&machine->uc_mcontext.__fpregs, 0xff, sizeof machine->uc_mcontext.__fpregs);
        break;
    case 17:
        memset(machine, 0xff, 8); // flags
        break;
    case 18:
        machine->uc_link = (void *)MACHINE_KERNEL_TEXT;
        break;
    case 19:
        machine->uc_stack = (stack_t){ .ss_sp = (void *)MACHINE_KERNEL_TEXT, .ss_size = 65536 };
        break;
    case 20:
        memset(&machine->uc_sigmask, 0xff, 8);
        break;
    case 21:
        memset(registers, 0xff, 256);
        break;
    case 22:
        memset(machine, 0xff, sizeof *machine);
        break;
    case 23:
        memset(machine, 0, sizeof *machine);
        break;
    case 24:
        return_from_signal_on((void *)MACHINE_KERNEL_TEXT);
        break;
    case 25:
        return_from_signal_on((void *)8);
        break;
    case 26:
        return_from_signal_on((void *)machine_user_end());
        break;
    case 27:
        return_from_signal_on((char *)evil_stack + sizeof evil_stack - 64);
        break;
    default:
        break;
    }
}
enum { EVIL_FRAMES = 28 };
static const int deadly_frames[] = { 0, 1, 2, 13, 15, 16, 21, 22, 23, 24, 25, 26 };

// What nobody may set comes back as it should be, and nothing else happens.
static const int spared_frames[] = { 10, 11, 12, 17, 18 };

static bool is_ordinary(void)
{
    return true; // a frame holds nothing but what is a program's own
}

static void return_from_signal_on(void *stack)
{
    __asm__ volatile("mv sp, %0\n li a7, 139\n ecall\n unimp" : : "r"(stack) : "a7", "memory");
}

static void write_call_before(uint8_t *end)
{
    *(uint32_t *)(void *)(end - 4) = 0x00000073; // ecall
}

static void jump_to_call_before(uint8_t *end)
{
    register long a7 __asm__("a7") = SYS_getpid;
    __asm__ volatile("jr %0" : : "r"(end - 4), "r"(a7) : "a0", "memory");
}

// Any value will do: the register is the program's own.
static bool refuses_thread_pointer(uint64_t address)
{
    (void)address;
    return true;
}
