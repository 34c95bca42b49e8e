// SPDX-License-Identifier: MIT
// cpu.c: brings up one CPU: its block behind GS, its descriptor tables, the protections, the system call registers.
//
// GDT: kernel code 0x08, kernel data 0x10, then user data 0x18 and user code 0x20, whose order `sysret` fixes. The IDT is one for
// all CPUs. Double fault, NMI, machine check and debug exceptions run on stacks of their own, since they can strike where the
// current one cannot be trusted.

#include <lib/attributes.h>
#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/fpu.h>
#include <arch/user_copy.h>

#include <helix/cpu.h>

#include "cpuid.h"
#include "keys.h"
#include "msr.h"
#include "offsets.h"
#include "xsave.h"

static_assert(offsetof(struct cpu, syscall_counts) == CPU_SYSCALL_COUNTS);

enum : uint64_t {
    CR0_MONITOR = 1 << 1,
    CR0_EMULATE = 1 << 2,
    CR0_NUMERIC = 1 << 5,
    CR0_WRITE_PROTECT = 1 << 16,
    CR4_GLOBAL = 1 << 7,
    CR4_FXSAVE = 1 << 9,
    CR4_SIMD_EXCEPTIONS = 1 << 10,
    CR4_UMIP = 1 << 11,
    CR4_FSGSBASE = 1 << 16,
    CR4_XSAVE = 1 << 18,
    CR4_SMEP = 1 << 20,
    CR4_SMAP = 1 << 21,
    CR4_KEYS = 1 << 22,
    EFER_SYSCALL = 1 << 0,
};

// What a system call must not inherit from user code: TF, IF, DF, IOPL, NT, AC.
enum : uint64_t { SYSCALL_FLAGS_CLEARED = 1 << 8 | 1 << 9 | 1 << 10 | 3 << 12 | 1 << 14 | 1 << 18 };

enum : uint16_t { SELECTOR_CODE = 0x08, SELECTOR_DATA = 0x10, SELECTOR_TSS = 0x28 };

enum : uint64_t {
    GDT_KERNEL_CODE = 0x00af'9b00'0000'ffff,
    GDT_KERNEL_DATA = 0x00cf'9300'0000'ffff,
    GDT_USER_DATA = 0x00cf'f300'0000'ffff,
    GDT_USER_CODE = 0x00af'fb00'0000'ffff,
    GDT_TSS = 0x0000'8900'0000'0000,
};

struct [[gnu::packed]] table_pointer {
    uint16_t limit;
    const void *base;
};

struct gate {
    uint16_t offset_low, selector;
    uint8_t stack, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};
static_assert(sizeof(struct gate) == 16);

static struct gate idt[256]; // [const] after the first CPU

extern void (*const arch_vector_table[256])(void);
extern char arch_syscall_entry[];

static void gdt_load(struct x86_descriptors *tables)
{
    uint64_t tss = virt_of(&tables->tss).raw;
    tables->gdt[1] = GDT_KERNEL_CODE;
    tables->gdt[2] = GDT_KERNEL_DATA;
    tables->gdt[3] = GDT_USER_DATA;
    tables->gdt[4] = GDT_USER_CODE;
    tables->gdt[5] = GDT_TSS | (sizeof tables->tss - 1) | (tss & 0xff'ffff) << 16 | (tss >> 24 & 0xff) << 56;
    tables->gdt[6] = tss >> 32;
    tables->tss.io_bitmap = sizeof tables->tss;
    for (int i = 0; i < IST_STACKS; i++)
        tables->tss.ist[i] = virt_of(tables->ist[i] + IST_STACK_SIZE).raw;
    struct table_pointer pointer = { sizeof tables->gdt - 1, tables->gdt };
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %k2, %%ds\n\t"
                     "movl %k2, %%es\n\t"
                     "movl %k2, %%ss\n\t"
                     "movl %k3, %%fs\n\t"
                     "movl %k3, %%gs\n\t"
                     "ltr %w4"
                     :
                     : "m"(pointer), "i"(SELECTOR_CODE), "r"((uint32_t)SELECTOR_DATA), "r"(0u), "r"(SELECTOR_TSS)
                     : "rax", "memory");
}

static uint8_t vector_stack(unsigned vector)
{
    enum { DEBUG = 1, NMI = 2, DOUBLE_FAULT = 8, MACHINE_CHECK = 18 };
    switch (vector) {
    case DEBUG:
        return IST_DEBUG;
    case NMI:
        return IST_NMI;
    case DOUBLE_FAULT:
        return IST_DOUBLE_FAULT;
    case MACHINE_CHECK:
        return IST_MACHINE_CHECK;
    default:
        return 0; // the current stack, or the thread's own when it comes from user mode
    }
}

// User code may raise the breakpoint, the overflow trap and the system call itself.
static bool vector_for_users(unsigned vector)
{
    return vector == 3 || vector == 4 || vector == 0x80;
}

static void idt_load(void)
{
    enum { INTERRUPT_GATE = 0x8e, USER_RING = 0x60 };
    for (unsigned vector = 0; vector < 256 && !idt[255].type; vector++) {
        uint64_t entry = (uint64_t)(uintptr_t)arch_vector_table[vector];
        idt[vector] = (struct gate){
            .offset_low = (uint16_t)entry,
            .offset_middle = (uint16_t)(entry >> 16),
            .offset_high = (uint32_t)(entry >> 32),
            .selector = SELECTOR_CODE,
            .stack = vector_stack(vector),
            .type = INTERRUPT_GATE | (vector_for_users(vector) ? USER_RING : 0),
        };
    }
    struct table_pointer pointer = { sizeof idt - 1, idt };
    __asm__ volatile("lidt %0; lldt %w1" : : "m"(pointer), "r"(0));
}

// The state components that the kernel can save: x87, SSE, AVX, AVX-512; a component without those it builds on is left out.
static void extended_state_enable(void)
{
    enum : uint64_t { X87_SSE = 0x3, AVX = 0x4, AVX512 = 0xe0 };
    struct cpuid leaf = cpuid_checked(0xd, 0);
    uint64_t features = ((uint64_t)leaf.d << 32 | leaf.a) & (X87_SSE | AVX | AVX512);
    if (!(features & AVX) || (features & AVX512) != AVX512)
        features &= ~AVX512;
    features |= X87_SSE;
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)features), "d"((uint32_t)(features >> 32)));
}

static void protections_enable(void)
{
    struct cpuid basic = cpuid_read(1, 0), extended = cpuid_checked(7, 0);
    uint64_t cr4 = cr4_read() | CR4_FXSAVE | CR4_SIMD_EXCEPTIONS;
    cr4 &= ~(CR4_FSGSBASE | CR4_KEYS); // GS is the kernel's to set (trap_paranoid relies on it)
    cr4 |= keys_enabled ? CR4_KEYS : 0;
    cr4 |= (basic.d >> 13 & 1 ? CR4_GLOBAL : 0) | (basic.c >> 26 & 1 ? CR4_XSAVE : 0);
    cr4 |= (extended.b >> 7 & 1 ? CR4_SMEP : 0) | (extended.b >> 20 & 1 ? CR4_SMAP : 0) | (extended.c >> 2 & 1 ? CR4_UMIP : 0);
    cr4_write(cr4);
    cr0_write((cr0_read() & ~CR0_EMULATE) | CR0_MONITOR | CR0_NUMERIC | CR0_WRITE_PROTECT);
    if (cr4 & CR4_XSAVE)
        extended_state_enable();
    if (cr4 & CR4_SMAP)
        __asm__ volatile("clac" : : : "cc");
}

TABLE_DECLARE(int32_t, helix_access_sites); // access.h: where they lie, each from itself on

// Without SMAP the instructions that open and close user memory are none: they become the three-byte one that does nothing (SDM volume 2,
// NOP). Before anything can get there, and once: the first CPU does it for all.
static void access_instructions_patch(void)
{
    static const uint8_t nothing[3] = { 0x0f, 0x1f, 0x00 };
    if (cpuid_checked(7, 0).b >> 20 & 1)
        return;
    uint64_t cr0 = cr0_read();
    cr0_write(cr0 & ~CR0_WRITE_PROTECT);
    TABLE_EACH(int32_t, site, helix_access_sites)
        memcpy((uint8_t *)(uintptr_t)site + *site, nothing, sizeof nothing);
    cr0_write(cr0);
}

bool user_access_closed(void)
{
    enum : uint64_t { FLAG_ACCESS = 1 << 18 };
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags));
    return !(flags & FLAG_ACCESS);
}

static void syscall_enable(void)
{
    msr_write(MSR_STAR, (uint64_t)(SELECTOR_DATA | 3) << 48 | (uint64_t)SELECTOR_CODE << 32);
    msr_write(MSR_LSTAR, virt_of(arch_syscall_entry).raw);
    msr_write(MSR_SFMASK, SYSCALL_FLAGS_CLEARED);
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SYSCALL);
}

void arch_cpu_init(struct cpu *cpu)
{
    if (cpu->id == 0)
        access_instructions_patch();
    cpu->arch.self = &cpu->arch;
    gdt_load(&cpu->arch.descriptors);
    msr_write(MSR_GS_BASE, virt_of(cpu).raw);
    msr_write(MSR_KERNEL_GS_BASE, 0);
    msr_write(MSR_FS_BASE, 0);
    idt_load();
    protections_enable();
    syscall_enable();
    xsave_probe();
    keys_probe();
    fpu_init_cpu();
}
