// SPDX-License-Identifier: MIT
// frames.h: signal frames that frames.c spoils on x86_64.
#pragma once

static void spoil_frame(int which, ucontext_t *machine)
{
    greg_t *registers = machine->uc_mcontext.gregs;
    uint16_t *segments = (uint16_t *)&registers[REG_CSGSFS];
    uint8_t *fpu = (uint8_t *)machine->uc_mcontext.fpregs;
    switch (which) {
    case 0:
        segments[0] = 0x08;
        break;
    case 1:
        segments[0] = 0x10;
        break;
    case 2:
        segments[0] = 0;
        break;
    case 3:
        segments[0] = 0xfff8;
        break;
    case 4:
        segments[3] = 0x10;
        break;
    case 5:
        segments[3] = 0;
        break;
    case 6:
        segments[3] = 0xffff;
        break;
    case 7:
        registers[REG_RIP] = (greg_t)0x8000000000000000;
        break;
    case 8:
        registers[REG_RIP] = (greg_t)0xffffffff80100000;
        break;
    case 9:
        registers[REG_RIP] = (greg_t)0x800000000000;
        break;
    case 10:
        registers[REG_RSP] = (greg_t)0xffffffff80100000;
        break;
    case 11:
        registers[REG_RSP] = (greg_t)0x8000000000000000;
        break;
    case 12:
        registers[REG_EFL] = -1;
        break;
    case 13:
        registers[REG_EFL] = 0;
        break;
    case 14:
        registers[REG_EFL] |= 0x3000;
        break;
    case 15:
        registers[REG_EFL] |= 0x4000;
        break;
    case 16:
        registers[REG_EFL] |= 0x20000;
        break;
    case 17:
        registers[REG_EFL] |= 0x100;
        break;
    case 18:
        machine->uc_mcontext.fpregs = (void *)0xffffffff80100000;
        break;
    case 19:
        machine->uc_mcontext.fpregs = (void *)0x8000000000000000;
        break;
    case 20:
        machine->uc_mcontext.fpregs = (void *)(fpu + 1);
        break;
    case 21:
        machine->uc_mcontext.fpregs = NULL;
        break;
    case 22:
        machine->uc_mcontext.fpregs = (void *)8;
        break;
    case 23:
        *(uint32_t *)(fpu + 24) = 0xffffffff;
        break; // MXCSR with reserved bits
    case 24:
        memset(fpu, 0xff, 512);
        break;
    case 25:
        memset(fpu + 464, 0xff, 48);
        break; // the extended-state header words
    case 26:
        *(uint64_t *)(fpu + 512) = ~0UL;
        break; // XSTATE_BV
    case 27:
        *(uint64_t *)(fpu + 520) = ~0UL;
        break; // XCOMP_BV
    case 28:
        memset(fpu + 512, 0xff, 64);
        break;
    case 29:
        *(uint32_t *)(fpu + 464 + 4) = 0xffffffff;
        break; // extended size
    case 30:
        memset(&machine->uc_flags, 0xff, 8);
        break;
    case 31:
        machine->uc_link = (void *)0xffffffff80100000;
        break;
    case 32:
        machine->uc_stack = (stack_t){ .ss_sp = (void *)0xffffffff80100000, .ss_size = 65536 };
        break;
    case 33:
        memset(&machine->uc_sigmask, 0xff, 8);
        break;
    case 34:
        machine->uc_mcontext.fpregs = (void *)((uint8_t *)evil_stack + sizeof evil_stack - 64);
        break;
    case 35:
        memset(machine, 0xff, 40 + sizeof machine->uc_mcontext.gregs);
        break;
    case 36:
        memset(machine, 0, sizeof *machine);
        break;
    case 37:
        __asm__ volatile("mov $0xffffffff80100000, %rsp\n mov $15, %eax\n syscall");
        break;
    case 38:
        __asm__ volatile("mov $8, %esp\n mov $15, %eax\n syscall");
        break;
    case 39:
        __asm__ volatile("mov $0x7ffffffff000, %rsp\n mov $15, %eax\n syscall");
        break;
    default:
        break;
    }
}
enum { EVIL_FRAMES = 40 };
static const int deadly_frames[] = { 0, 7, 8, 18, 37 };

// What nobody may set comes back as it should be, and nothing else happens.
static const int spared_frames[] = { 13, 14, 15, 31 };

// Neither I/O privilege nor masked interrupts came in through a frame.
static bool is_ordinary(void)
{
    unsigned long flags;
    __asm__ volatile("pushfq\n pop %0" : "=r"(flags));
    return !(flags & 0x3000) && (flags & 0x200);
}

static void return_from_signal_on(void *stack)
{
    __asm__ volatile("mov %0, %%rsp\n mov $15, %%eax\n syscall\n ud2" : : "r"(stack) : "memory");
}

// `syscall` in the last bytes before `end`, which is the end of a page: on some processors returning there with `sysret`
// faults in the kernel, on the user's stack.
static void write_call_before(uint8_t *end)
{
    end[-2] = 0x0f;
    end[-1] = 0x05;
}

static void jump_to_call_before(uint8_t *end)
{
    __asm__ volatile("jmp *%0" : : "r"(end - 2), "a"(39) : "rcx", "r11", "memory");
}

static bool refuses_thread_pointer(uint64_t address)
{
    return syscall(SYS_arch_prctl, 0x1001, address) == -1;
}
