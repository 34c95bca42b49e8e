// SPDX-License-Identifier: MIT
// basics.h: what machine.h promises, on riscv64.
#pragma once

#define MACHINE_NOTE_CLOCK_AND_START                             \
    ".text\n.globl early_start\n.option push\n.option norelax\n" \
    "early_start:\n"                                             \
    " rdtime t0\n lla t1, counter\n sd t0, 0(t1)\n"              \
    " li t0, 0\n li t1, 0\n tail _start\n.option pop\n"
#define MACHINE_FIRST_FUNCTION
#define MACHINE_NAME         "riscv64"
#define MACHINE_KERNEL_START 0xffffffc000000000
#define MACHINE_KERNEL_IMAGE 0xffffffff80000000
#define MACHINE_KERNEL_TEXT  0xffffffff80200000
#define MACHINE_USER_TOP     0x3ffffff000
#define MACHINE_BEYOND_USER  0x100000000000000 // the end of the largest of the three modes
#define MACHINE_UNCANONICAL  0x8000000000000000
#define MACHINE_KERNEL_ADDRESSES                                                                                                \
    0xffffffc000000000, 0xffffffc080200000, 0xfffffff000000000, 0xfffffff100000000, 0xffffffff80000000, 0xffffffff80200000,     \
        0xffffffff81000000, 0xfffffffffffff000, 0xffffffffffffffff, 0xffffffbfffffffff, 0xffff800000000000, 0xff00000000000000, \
        0x4000000000, 0x800000000000, 0x100000000000000, 0x8000000000000000, 0x1000, 0xfff

// The mode of the page tables decides: 38, 47 or 56 bits are a program's. What is mapped there already also proves it.
[[gnu::unused]] static uint64_t machine_user_end(void)
{
    for (int bits = 56; bits > 38; bits -= 9) {
        void *at = (void *)((1UL << bits) - 16 * 4096);
        void *page = mmap(at, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000 /* MAP_FIXED_NOREPLACE */, -1, 0);
        if (page != MAP_FAILED)
            munmap(page, 4096);
        if (page == at || (page == MAP_FAILED && errno == EEXIST))
            return 1UL << bits;
    }
    return 1UL << 38;
}

[[gnu::unused]] static bool machine_beyond_is_wild(void)
{
    return false;
}

// The clock has no register for its frequency; on QEMU's virt machine it is 10 MHz, so it counts steps of 100 instructions.
static inline uint64_t machine_ticks_to_instructions(uint64_t ticks)
{
    return ticks * 100;
}

static inline uint64_t machine_instructions(void)
{
    uint64_t ticks;
    __asm__ volatile("rdtime %0" : "=r"(ticks) : : "memory");
    return machine_ticks_to_instructions(ticks);
}

[[gnu::always_inline]] static inline long machine_call0(long number)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0");
    __asm__ volatile("ecall" : "=r"(a0) : "r"(a7) : "memory");
    return a0;
}

[[gnu::always_inline]] static inline long machine_call3(long number, long a, long b, long c)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
}

enum { MACHINE_THREAD_POINTER_CALL = 0 };
enum { MACHINE_SECOND_ENTRY = false };
#define machine_second_call3 machine_call3

[[gnu::unused]] static uint64_t machine_thread_pointer(void)
{
    uint64_t base;
    __asm__ volatile("mv %0, tp" : "=r"(base));
    return base;
}

[[gnu::always_inline]] static inline long machine_clone(long flags, uint64_t stack, uint64_t parent_id, uint64_t child_id,
                                                        uint64_t thread_pointer)
{
    register long a7 __asm__("a7") = SYS_clone;
    register long a0 __asm__("a0") = flags;
    register uint64_t a1 __asm__("a1") = stack;
    register uint64_t a2 __asm__("a2") = parent_id;
    register uint64_t a3 __asm__("a3") = thread_pointer;
    register uint64_t a4 __asm__("a4") = child_id;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4) : "memory");
    return a0;
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

[[gnu::unused]] static bool machine_is_jump_fault([[gnu::unused]] uint64_t address, int signal_number)
{
    return signal_number == SIGSEGV;
}

[[gnu::unused]] static void machine_write_return(uint8_t *code)
{
    *(uint32_t *)(void *)code = 0x00008067;
}

[[gnu::unused]] static void machine_code_written(void *start, size_t size)
{
    (void)start;
    (void)size;
    __asm__ volatile("fence rw, rw\n .word 0x0000100f" : : : "memory"); // fence.i, which assemblers no longer take for granted
}

[[gnu::unused]] static void machine_spin_on(uint64_t stack_pointer)
{
    __asm__ volatile("mv sp, %0\n1: j 1b" : : "r"(stack_pointer) : "memory");
}

#ifdef _GNU_SOURCE
static inline uint64_t *machine_pc(ucontext_t *context)
{
    return (uint64_t *)&context->uc_mcontext.__gregs[0];
}

static inline uint64_t *machine_sp(ucontext_t *context)
{
    return (uint64_t *)&context->uc_mcontext.__gregs[2];
}

static inline uint64_t *machine_result(ucontext_t *context)
{
    return (uint64_t *)&context->uc_mcontext.__gregs[10];
}
#endif
