// SPDX-License-Identifier: MIT
// apic.c: the Local APIC (Intel SDM volume 3, chapter 11): by MSR where the CPU has x2APIC, else by its page of registers.

#include "apic.h"

#include <helix/cpu.h>
#include <helix/kernel_map.h>

#include "cpuid.h"
#include "msr.h"

// Offsets in the page of registers; x2APIC has them at MSR_X2APIC + offset / 16.
enum apic_register : uint32_t {
    APIC_ID = 0x20,
    APIC_PRIORITY = 0x80,
    APIC_ACKNOWLEDGE = 0xb0,
    APIC_SPURIOUS = 0xf0,
    APIC_ERROR = 0x280,
    APIC_COMMAND = 0x300,
    APIC_COMMAND_TARGET = 0x310,
    APIC_THERMAL = 0x330,
    APIC_PERFORMANCE = 0x340,
    APIC_TIMER = 0x320,
    APIC_LINT0 = 0x350,
    APIC_LINT1 = 0x360,
    APIC_ERROR_VECTOR = 0x370,
    APIC_TIMER_INITIAL = 0x380,
    APIC_TIMER_CURRENT = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0,
    APIC_VERSION = 0x30,
};

enum : uint32_t {
    MSR_APIC_BASE = 0x1b,
    MSR_X2APIC = 0x800,
    BASE_X2APIC = 1 << 10,
    BASE_ENABLE = 1 << 11,
    ENTRY_MASKED = 1 << 16,
    ENTRY_NMI = 4 << 8,
    TIMER_DEADLINE = 2 << 17,
    SPURIOUS_ENABLE = 1 << 8,
    DIVIDE_BY_1 = 0xb,
    COMMAND_PENDING = 1 << 12,
};

static volatile uint32_t *registers; // nullptr with x2APIC
static bool x2apic;

static uint32_t apic_read(enum apic_register at)
{
    return x2apic ? (uint32_t)msr_read(MSR_X2APIC + at / 16) : registers[at / 4];
}

static void apic_write(enum apic_register at, uint32_t value)
{
    if (x2apic)
        msr_write(MSR_X2APIC + at / 16, value);
    else
        registers[at / 4] = value;
}

static enum status apic_enable(void)
{
    struct cpuid features = cpuid_read(1, 0);
    if (!(features.d >> 9 & 1))
        return STATUS_NO_DEVICE;
    uint64_t base = msr_read(MSR_APIC_BASE) | BASE_ENABLE;
    x2apic = features.c >> 21 & 1;
    if (x2apic) {
        msr_write(MSR_APIC_BASE, base); // the way to x2APIC is through the enabled xAPIC
        msr_write(MSR_APIC_BASE, base | BASE_X2APIC);
        return STATUS_OK;
    }
    msr_write(MSR_APIC_BASE, base);
    if (registers)
        return STATUS_OK;
    volatile void *mapped;
    TRY(device_map((phys_t){ base & 0x000f'ffff'ffff'f000 }, PAGE_SIZE, &mapped));
    registers = mapped;
    return STATUS_OK;
}

enum status apic_init(void)
{
    TRY(apic_enable());
    uint32_t last_entry = apic_read(APIC_VERSION) >> 16 & 0xff;
    apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    apic_write(APIC_PRIORITY, 0);
    apic_write(APIC_TIMER, ENTRY_MASKED | VECTOR_TIMER);
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_LINT0, ENTRY_MASKED);
    apic_write(APIC_LINT1, ENTRY_NMI);
    apic_write(APIC_ERROR_VECTOR, VECTOR_ERROR);
    if (last_entry >= 4)
        apic_write(APIC_PERFORMANCE, ENTRY_MASKED);
    if (last_entry >= 5)
        apic_write(APIC_THERMAL, ENTRY_MASKED);
    (void)apic_errors();
    cpu_local()->arch.apic_id = apic_id();
    for (int i = 0; i < 8; i++)
        apic_acknowledge(); // whatever the firmware left in service
    return STATUS_OK;
}

void apic_acknowledge(void)
{
    apic_write(APIC_ACKNOWLEDGE, 0);
}

uint32_t apic_id(void)
{
    return x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

void apic_send(uint32_t id, uint32_t vector)
{
    if (x2apic) {
        __asm__ volatile("mfence; lfence" : : : "memory"); // writing this register orders nothing
        msr_write(MSR_X2APIC + APIC_COMMAND / 16, (uint64_t)id << 32 | vector);
        return;
    }
    bool on = arch_interrupts_disable(); // the two halves belong together
    while (registers[APIC_COMMAND / 4] & COMMAND_PENDING)
        arch_cpu_relax();
    apic_write(APIC_COMMAND_TARGET, id << 24);
    apic_write(APIC_COMMAND, vector);
    arch_interrupts_restore(on);
}

const char *apic_name(void)
{
    return x2apic ? "x2apic" : "xapic";
}

uint32_t apic_errors(void)
{
    apic_write(APIC_ERROR, 0); // writing makes the register show what came since
    return apic_read(APIC_ERROR);
}

void apic_timer_one_shot(void)
{
    apic_write(APIC_TIMER, VECTOR_TIMER);
}

void apic_timer_deadline(void)
{
    apic_write(APIC_TIMER, TIMER_DEADLINE | VECTOR_TIMER);
    __asm__ volatile("mfence" : : : "memory"); // the mode is in force before the first deadline is written
}

void apic_timer_start(uint32_t ticks)
{
    apic_write(APIC_TIMER_INITIAL, ticks);
}

uint32_t apic_timer_left(void)
{
    return apic_read(APIC_TIMER_CURRENT);
}
