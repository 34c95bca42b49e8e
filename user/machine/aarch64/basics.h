// SPDX-License-Identifier: MIT
// basics.h: what machine.h promises, on aarch64.
#pragma once

#define MACHINE_NOTE_CLOCK_AND_START                                         \
    ".text\n.globl early_start\n"                                            \
    "early_start:\n"                                                         \
    " mrs x1, cntvct_el0\n adrp x2, counter\n str x1, [x2, :lo12:counter]\n" \
    " mov x1, #0\n mov x2, #0\n b _start\n"
#define MACHINE_FIRST_FUNCTION
#define MACHINE_NAME         "aarch64"
#define MACHINE_KERNEL_START 0xffff800000000000
#define MACHINE_KERNEL_IMAGE 0xffffffff80000000
#define MACHINE_KERNEL_TEXT  0xffffffff80200000
#define MACHINE_USER_TOP     0xfffffffff000
#define MACHINE_BEYOND_USER  0x1000000000000
#define MACHINE_UNCANONICAL  0x0080000000000000 // the top byte is no part of the address where tags are ignored
#define MACHINE_KERNEL_ADDRESSES                                                                                                \
    0xffff800000000000, 0xffff800000100000, 0xffff888000000000, 0xffffc80000000000, 0xffffd00000000000, 0xffffffff80000000,     \
        0xffffffff80200000, 0xffffffff81000000, 0xfffffffffffff000, 0xffffffffffffffff, 0xffff7fffffffffff, 0xffff000000000000, \
        0xfffeffffffffffff, 0x1000000000000, 0x0080000000000000, 0x8000000000000000, 0x1000, 0xfff

[[gnu::unused]] static uint64_t machine_user_end(void)
{
    return 0x1000000000000;
}

[[gnu::unused]] static bool machine_beyond_is_wild(void)
{
    return false;
}

// The generic timer counts in steps of its own frequency: 16 ns on QEMU 7.2.
static inline uint64_t machine_ticks_to_instructions(uint64_t ticks)
{
    uint64_t frequency;
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
    return ticks * (1000000000 / frequency);
}

static inline uint64_t machine_instructions(void)
{
    uint64_t ticks;
    __asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
    return machine_ticks_to_instructions(ticks);
}

[[gnu::always_inline]] static inline long machine_call0(long number)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0");
    __asm__ volatile("svc #0" : "=r"(x0) : "r"(x8) : "memory");
    return x0;
}

[[gnu::always_inline]] static inline long machine_call3(long number, long a, long b, long c)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}

enum { MACHINE_THREAD_POINTER_CALL = 0 };
enum { MACHINE_SECOND_ENTRY = false };
#define machine_second_call3 machine_call3

[[gnu::unused]] static uint64_t machine_thread_pointer(void)
{
    uint64_t base;
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(base));
    return base;
}

[[gnu::always_inline]] static inline long machine_clone(long flags, uint64_t stack, uint64_t parent_id, uint64_t child_id,
                                                        uint64_t thread_pointer)
{
    register long x8 __asm__("x8") = SYS_clone;
    register long x0 __asm__("x0") = flags;
    register uint64_t x1 __asm__("x1") = stack;
    register uint64_t x2 __asm__("x2") = parent_id;
    register uint64_t x3 __asm__("x3") = thread_pointer;
    register uint64_t x4 __asm__("x4") = child_id;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}

[[gnu::always_inline]] static inline pid_t machine_vfork(void)
{
    return (pid_t)machine_call3(SYS_clone, 0x4111 /* CLONE_VFORK | CLONE_VM | SIGCHLD */, 0, 0);
}

[[gnu::unused]] static bool machine_makes_process(long number)
{
    (void)number;
    return false;
}

[[gnu::unused]] static bool machine_is_jump_fault(uint64_t address, int signal_number)
{
    return signal_number == SIGSEGV || (signal_number == SIGBUS && address % 4 != 0);
}

[[gnu::unused]] static void machine_write_return(uint8_t *code)
{
    *(uint32_t *)(void *)code = 0xd65f03c0;
}

[[gnu::unused]] static void machine_code_written(void *start, size_t size)
{
    __builtin___clear_cache((char *)start, (char *)start + size);
}

[[gnu::unused]] static void machine_spin_on(uint64_t stack_pointer)
{
    __asm__ volatile("mov sp, %0\n1: b 1b" : : "r"(stack_pointer) : "memory");
}

#ifdef _GNU_SOURCE
static inline uint64_t *machine_pc(ucontext_t *context)
{
    return (uint64_t *)&context->uc_mcontext.pc;
}

static inline uint64_t *machine_sp(ucontext_t *context)
{
    return (uint64_t *)&context->uc_mcontext.sp;
}

static inline uint64_t *machine_result(ucontext_t *context)
{
    return (uint64_t *)&context->uc_mcontext.regs[0];
}
#endif
