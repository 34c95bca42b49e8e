// SPDX-License-Identifier: MIT
// crimes.h: what only hostile.c of x86_64 can do.
#pragma once

#define INSTRUCTION(name_, text_)                                                        \
    static void name_(void)                                                              \
    {                                                                                    \
        __asm__ volatile(text_ : : : "rax", "rcx", "rdx", "rsi", "r11", "memory", "cc"); \
    }

INSTRUCTION(divide, "xor %%ecx, %%ecx\n div %%ecx")
INSTRUCTION(divide_overflow, "mov $0x80000000, %%eax\n cltd\n mov $-1, %%ecx\n idiv %%ecx")
INSTRUCTION(ud2, "ud2")
INSTRUCTION(int3, "int3")
INSTRUCTION(bound_hlt, "hlt")
INSTRUCTION(cli, "cli")
INSTRUCTION(sti, "sti")
INSTRUCTION(port_in, "inb $0x64, %%al")
INSTRUCTION(port_out, "mov $0xfe, %%al\n outb %%al, $0x64")
INSTRUCTION(port_power, "mov $0x604, %%edx\n mov $0x2000, %%eax\n outw %%ax, %%dx")
INSTRUCTION(port_string, "mov $0x3f8, %%edx\n mov $1, %%ecx\n rep outsb")
INSTRUCTION(read_cr0, "mov %%cr0, %%rax")
INSTRUCTION(write_cr3, "xor %%eax, %%eax\n mov %%rax, %%cr3")
INSTRUCTION(write_cr4, "xor %%eax, %%eax\n mov %%rax, %%cr4")
INSTRUCTION(read_dr7, "mov %%dr7, %%rax")
INSTRUCTION(wrmsr, "mov $0xc0000082, %%ecx\n xor %%eax, %%eax\n xor %%edx, %%edx\n wrmsr")
INSTRUCTION(rdmsr, "mov $0xc0000080, %%ecx\n rdmsr")

static void lgdt(void)
{
    static char table[16];
    __asm__ volatile("lgdt %0" : : "m"(table));
}

static void lidt(void)
{
    static char table[16];
    __asm__ volatile("lidt %0" : : "m"(table));
}

INSTRUCTION(ltr, "mov $0x28, %%eax\n ltr %%ax")
INSTRUCTION(invlpg, "invlpg (%%rsp)")
INSTRUCTION(wbinvd, "wbinvd")
INSTRUCTION(swapgs, "swapgs")
INSTRUCTION(sysretq, "mov $0x10000, %%ecx\n mov $0x202, %%r11d\n sysretq")
INSTRUCTION(clts, "clts")
INSTRUCTION(xsetbv, "xor %%ecx, %%ecx\n mov $1, %%eax\n xor %%edx, %%edx\n xsetbv")
INSTRUCTION(lmsw, "xor %%eax, %%eax\n lmsw %%ax")
INSTRUCTION(load_kernel_ds, "mov $0x10, %%eax\n mov %%ax, %%ds")
INSTRUCTION(load_kernel_ss, "mov $0x10, %%eax\n mov %%ax, %%ss")
INSTRUCTION(load_beyond_gdt, "mov $0xfff8, %%eax\n mov %%ax, %%gs")
INSTRUCTION(load_ldt, "mov $0x7, %%eax\n mov %%ax, %%es")
INSTRUCTION(far_to_kernel, "push $0x08\n lea 1f(%%rip), %%rax\n push %%rax\n lretq\n1: nop")
INSTRUCTION(iret_to_kernel,
            "mov %%rsp, %%rax\n push $0x10\n push %%rax\n pushfq\n push $0x08\n lea 1f(%%rip), %%rax\n push %%rax\n iretq\n1: nop")
INSTRUCTION(
    iret_noncanonical,
    "mov %%ss, %%ecx\n mov %%cs, %%edx\n mov %%rsp, %%rax\n push %%rcx\n push %%rax\n pushfq\n push %%rdx\n mov $0x8000000000000000, %%rax\n push %%rax\n iretq")
static void popf_everything(void)
{
    // IOPL, IF and friends stay as they were; `cli` afterwards must still fault.
    __asm__ volatile("pushfq\n orq $0x3200, (%%rsp)\n andq $~0x200, (%%rsp)\n popfq\n cli" : : : "memory", "cc");
}

INSTRUCTION(trap_flag, "pushfq\n orq $0x100, (%%rsp)\n popfq\n nop\n nop")

static void trap_flag_into_syscall(void)
{
    signal(SIGTRAP, SIG_IGN);
    __asm__ volatile("pushfq\n orq $0x100, (%%rsp)\n popfq\n syscall\n nop" : : "a"(39) : "rcx", "r11", "memory", "cc");
}

static void nested_task_flag(void)
{
    __asm__ volatile("pushfq\n orq $0x4000, (%%rsp)\n popfq\n syscall\n" : : "a"(39) : "rcx", "r11", "memory", "cc");
    sched_yield();
    raise(SIGURG);
}

static void alignment_flag(void)
{
    static long data[2];
    __asm__ volatile("pushfq\n orq $0x40000, (%%rsp)\n popfq\n syscall\n syscall\n mov 1(%0), %%rcx\n"
                     "pushfq\n andq $~0x40000, (%%rsp)\n popfq"
                     :
                     : "D"(data), "a"(39)
                     : "rcx", "r11", "memory", "cc");
}

static void direction_flag_into_syscall(void)
{
    char path[64] = "/dev/null";
    long fd;
    __asm__ volatile("std\n syscall\n cld" : "=a"(fd) : "a"(SYS_open), "D"(path), "S"(0), "d"(0) : "rcx", "r11", "memory");
    char buffer[4096];
    int zero = open("/dev/zero", O_RDONLY);
    __asm__ volatile("std\n syscall\n cld" : "=a"(fd) : "a"(SYS_read), "D"(zero), "S"(buffer), "d"(4096) : "rcx", "r11", "memory");
    CHECK_EQUAL(fd, 4096);
    for (int i = 0; i < 4096; i++)
        CHECK_EQUAL(buffer[i], 0);
}

INSTRUCTION(no_stack, "xor %%esp, %%esp\n push %%rax")
INSTRUCTION(kernel_stack_pointer, "mov $0xffffffff80001000, %%rsp\n push %%rax")

// Every interrupt number from user mode: 3 traps, 4 and 0x80 are allowed, the rest is a protection fault.
static void all_vectors(void)
{
    code_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int vector = 0; vector < 256; vector++) {
        if (vector == 0x80)
            continue;
        CHECK_EQUAL(mprotect(code_page, 4096, PROT_READ | PROT_WRITE), 0);
        code_page[0] = 0xcd;
        code_page[1] = (uint8_t)vector;
        code_page[2] = 0xc3;
        CHECK_EQUAL(mprotect(code_page, 4096, PROT_READ | PROT_EXEC), 0);
        int status = check_child(call_code);
        CHECK(vector == 4 || WIFSIGNALED(status));
        if (WIFSIGNALED(status))
            CHECK_EQUAL(WTERMSIG(status), vector == 3 ? SIGTRAP : SIGSEGV);
    }
}

// No system calls: what those do with random arguments is another row's business.
static void remove_calls(uint8_t *code, size_t size)
{
    for (size_t i = 1; i < size; i++)
        if ((code[i - 1] == 0x0f && (code[i] == 0x05 || code[i] == 0x34)) || (code[i - 1] == 0xcd && code[i] == 0x80))
            code[i] = 0x0b;
}

enum { RESTORERS = true };

#define MACHINE_CRIME_ROWS                                                                                                                \
    DIES(divide, SIGFPE), DIES(divide_overflow, SIGFPE), DIES(ud2, SIGILL), DIES(int3, SIGTRAP), DIES(bound_hlt, SIGSEGV),                \
        DIES(cli, SIGSEGV), DIES(sti, SIGSEGV), DIES(port_in, SIGSEGV), DIES(port_out, SIGSEGV), DIES(port_power, SIGSEGV),               \
        DIES(port_string, SIGSEGV), DIES(read_cr0, SIGSEGV), DIES(write_cr3, SIGSEGV), DIES(write_cr4, SIGSEGV), DIES(read_dr7, SIGSEGV), \
        DIES(wrmsr, SIGSEGV), DIES(rdmsr, SIGSEGV), DIES(lgdt, SIGSEGV), DIES(lidt, SIGSEGV), DIES(ltr, SIGSEGV), DIES(invlpg, SIGSEGV),  \
        DIES(wbinvd, SIGSEGV), DIES(swapgs, SIGSEGV), DIES(sysretq, SIGSEGV), DIES(clts, SIGSEGV), EITHER(xsetbv), DIES(lmsw, SIGSEGV),   \
        EITHER(load_kernel_ds), EITHER(load_kernel_ss), EITHER(load_beyond_gdt), EITHER(load_ldt), DIES(far_to_kernel, SIGSEGV),          \
        DIES(iret_to_kernel, SIGSEGV), EITHER(iret_noncanonical), DIES(popf_everything, SIGSEGV), DIES(trap_flag, SIGTRAP),               \
        DIES(trap_flag_into_syscall, SIGTRAP), LIVES(nested_task_flag), EITHER(alignment_flag), LIVES(direction_flag_into_syscall),       \
        LIVES(all_vectors),
