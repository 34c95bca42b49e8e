// SPDX-License-Identifier: MIT
// basics.h: what machine.h promises, on x86_64.
#pragma once

#define MACHINE_NOTE_CLOCK_AND_START                                     \
    ".text\n.globl early_start\n"                                        \
    "early_start:\n"                                                     \
    " rdtsc\n shl $32, %rdx\n or %rdx, %rax\n mov %rax, counter(%rip)\n" \
    " xor %eax, %eax\n xor %edx, %edx\n jmp _start\n"
#define MACHINE_FIRST_FUNCTION [[gnu::force_align_arg_pointer]]
#define MACHINE_NAME           "x86_64"
#define MACHINE_KERNEL_START   0xffff800000000000
#define MACHINE_KERNEL_IMAGE   0xffffffff80000000
#define MACHINE_KERNEL_TEXT    0xffffffff80100000
#define MACHINE_USER_TOP       0x7ffffffff000
#define MACHINE_BEYOND_USER    0x800000000000
#define MACHINE_UNCANONICAL    0x8000000000000000
#define MACHINE_KERNEL_ADDRESSES                                                                                            \
    0xffff800000000000, 0xffff800000100000, 0xffff888000000000, 0xffffc00000000000, 0xffffffff80000000, 0xffffffff80100000, \
        0xffffffff81000000, 0xfffffffffffff000, 0xffffffffffffffff, 0xffff7fffffffffff, 0x800000000000, 0x8000000000000000, \
        0x7ffffffff000, 0x7fffffffffff

[[gnu::unused]] static uint64_t machine_user_end(void)
{
    return 0x7ffffffff000;
}

[[gnu::unused]] static bool machine_beyond_is_wild(void)
{
    return true;
}

static inline uint64_t machine_ticks_to_instructions(uint64_t ticks)
{
    return ticks;
}

static inline uint64_t machine_instructions(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

[[gnu::always_inline]] static inline long machine_call0(long number)
{
    long result = number;
    __asm__ volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
    return result;
}

[[gnu::always_inline]] static inline long machine_call3(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

enum { MACHINE_THREAD_POINTER_CALL = SYS_arch_prctl };
enum { MACHINE_SECOND_ENTRY = true };

[[gnu::unused]] static long machine_second_call3(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "memory");
    return result;
}

[[gnu::unused]] static uint64_t machine_thread_pointer(void)
{
    uint64_t base = 0;
    machine_call3(SYS_arch_prctl, 0x1003, (long)&base, 0);
    return base;
}

[[gnu::always_inline]] static inline long machine_clone(long flags, uint64_t stack, uint64_t parent_id, uint64_t child_id,
                                                        uint64_t thread_pointer)
{
    register long r10 __asm__("r10") = (long)child_id;
    register long r8 __asm__("r8") = (long)thread_pointer;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(SYS_clone), "D"(flags), "S"(stack), "d"(parent_id), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

[[gnu::always_inline]] static inline pid_t machine_vfork(void)
{
    return (pid_t)machine_call0(SYS_vfork);
}

[[gnu::unused]] static bool machine_makes_process(long number)
{
    return number == SYS_fork || number == SYS_vfork;
}

[[gnu::unused]] static bool machine_is_jump_fault([[gnu::unused]] uint64_t address, int signal_number)
{
    return signal_number == SIGSEGV;
}

[[gnu::unused]] static void machine_write_return(uint8_t *code)
{
    code[0] = 0xc3;
}

[[gnu::unused]] static void machine_code_written(void *start, size_t size)
{
    (void)start;
    (void)size;
}

[[gnu::unused]] static void machine_spin_on(uint64_t stack_pointer)
{
    __asm__ volatile("mov %0, %%rsp\n1: jmp 1b" : : "r"(stack_pointer) : "memory");
}

// ucontext.h names the registers only for _GNU_SOURCE.
#ifdef _GNU_SOURCE
static inline uint64_t *machine_pc(ucontext_t *context)
{
    return (uint64_t *)&context->uc_mcontext.gregs[REG_RIP];
}

static inline uint64_t *machine_sp(ucontext_t *context)
{
    return (uint64_t *)&context->uc_mcontext.gregs[REG_RSP];
}

static inline uint64_t *machine_result(ucontext_t *context)
{
    return (uint64_t *)&context->uc_mcontext.gregs[REG_RAX];
}
#endif
