// SPDX-License-Identifier: MIT
// reference.c: the clocks of a PC whose frequency is known: HPET, the emulated APIC timer, PIT, ACPI timer, and statements by CPUID.

#include "reference.h"

#include <lib/string.h>

#include <arch/cpu.h>

#include <helix/kernel_map.h>

#include "apic.h"
#include "cpuid.h"
#include "io.h"
#include "platform.h"

// ---- the HPET (IA-PC HPET specification 1.0a): memory-mapped, counts up ----

enum : uint32_t { HPET_CAPABILITIES = 0x00, HPET_CONFIGURATION = 0x10, HPET_COUNTER = 0xf0 };
enum : uint64_t { HPET_PERIOD_MAX = 100'000'000, FEMTOSECONDS = 1'000'000'000'000'000 };

static volatile uint8_t *hpet;

static uint32_t hpet_read32(uint32_t at)
{
    return *(volatile uint32_t *)(hpet + at);
}

static bool hpet_start(void);

static bool hpet_read(uint64_t *ticks)
{
    *ticks = hpet_read32(HPET_COUNTER); // 32 bits are enough, and every HPET has them
    return true;
}

// ---- the APIC timer where a hypervisor emulates it: KVM and QEMU let it count nanoseconds ----

static bool emulated_apic_start(void)
{
    struct cpuid leaf = cpuid_hypervisor() ? cpuid_read(0x4000'0000, 0) : (struct cpuid){};
    uint32_t signature[3] = { leaf.b, leaf.c, leaf.d };
    return memcmp(signature, "KVMKVMKVM\0\0\0", 12) == 0 || memcmp(signature, "TCGTCGTCGTCG", 12) == 0;
}

static bool emulated_apic_read(uint64_t *ticks)
{
    *ticks = UINT32_MAX - apic_timer_left();
    return *ticks != UINT32_MAX; // run down: more than four seconds went by
}

// ---- the PIT's channel 0 (8254): nobody else uses it, and its interrupt stays masked ----

enum : uint16_t { PIT_CHANNEL_0 = 0x40, PIT_COMMAND = 0x43 };
enum : uint8_t { PIT_ONE_SHOT = 0x30, PIT_LATCH_BOTH = 0xc2, PIT_STATUS_OUTPUT = 0x80, PIT_STATUS_EMPTY = 0x40, PIT_MODE_MASK = 0x3f };

static bool pit_read(uint64_t *ticks)
{
    port_write8(PIT_COMMAND, PIT_LATCH_BOTH);
    uint8_t status = port_read8(PIT_CHANNEL_0);
    uint32_t left = port_read8(PIT_CHANNEL_0);
    left |= (uint32_t)port_read8(PIT_CHANNEL_0) << 8;
    *ticks = UINT16_MAX - left;
    return (status & PIT_MODE_MASK) == PIT_ONE_SHOT && !(status & PIT_STATUS_OUTPUT);
}

static bool pit_start(void)
{
    port_write8(PIT_COMMAND, PIT_ONE_SHOT);
    port_write8(PIT_CHANNEL_0, 0xff);
    port_write8(PIT_CHANNEL_0, 0xff);
    uint64_t ticks;
    for (int i = 0; i < 8; i++) { // the count is taken over with the next tick
        if (pit_read(&ticks))
            return true;
    }
    return false;
}

// ---- the ACPI power management timer ----

static uint64_t pm_timer_begin;

static uint32_t pm_timer_mask(void)
{
    return platform_acpi()->pm_timer_32 ? UINT32_MAX : 0xff'ffff;
}

static bool pm_timer_read(uint64_t *ticks)
{
    *ticks = (port_read32((uint16_t)platform_acpi()->pm_timer) - pm_timer_begin) & pm_timer_mask();
    return true;
}

static bool pm_timer_start(void)
{
    if (!platform_acpi()->pm_timer)
        return false;
    pm_timer_begin = port_read32((uint16_t)platform_acpi()->pm_timer);
    return true;
}

// ---- the TSC itself, where its frequency is stated ----

static bool tsc_start(void);

static uint64_t tsc_begin;

static bool tsc_read(uint64_t *ticks)
{
    *ticks = arch_cycles() - tsc_begin;
    return true;
}

struct reference references[REFERENCES] = {
    { .name = "CPUID", .window_ns = 200'000, .start = tsc_start, .read = tsc_read },
    { .name = "HPET", .window_ns = 400'000, .start = hpet_start, .read = hpet_read },
    { .name = "APIC timer", .hz = NS_PER_S, .window_ns = 200'000, .start = emulated_apic_start, .read = emulated_apic_read },
    { .name = "PIT", .hz = 1'193'182, .window_ns = NS_PER_MS, .start = pit_start, .read = pit_read },
    { .name = "ACPI timer", .hz = 3'579'545, .window_ns = 500'000, .start = pm_timer_start, .read = pm_timer_read },
};

static bool hpet_start(void)
{
    const struct acpi_info *acpi = platform_acpi();
    volatile void *mapped;
    if (!acpi->has_hpet || !is_aligned(acpi->hpet, 8) ||
        device_map((phys_t){ align_down(acpi->hpet, PAGE_SIZE) }, PAGE_SIZE, &mapped) != STATUS_OK)
        return false;
    hpet = (volatile uint8_t *)mapped + (acpi->hpet & PAGE_MASK);
    uint64_t period = hpet_read32(HPET_CAPABILITIES + 4);
    if (!period || period > HPET_PERIOD_MAX)
        return false;
    *(volatile uint32_t *)(hpet + HPET_CONFIGURATION) = hpet_read32(HPET_CONFIGURATION) | 1; // let it count
    references[1].hz = FEMTOSECONDS / period;
    return true;
}

static bool tsc_start(void)
{
    const char *by;
    references[0].hz = tsc_stated_hz(&by);
    tsc_begin = arch_cycles();
    return references[0].hz != 0;
}

uint64_t tsc_stated_hz(const char **by)
{
    *by = "hypervisor";
    if (cpuid_hypervisor()) {
        uint32_t khz = cpuid_checked(0x4000'0010, 0).a;
        if (khz)
            return khz * 1000ull;
    }
    *by = "CPUID";
    struct cpuid leaf = cpuid_checked(0x15, 0); // TSC : crystal as b : a, crystal in Hz as c
    return leaf.a && leaf.b && leaf.c ? (uint64_t)leaf.c * leaf.b / leaf.a : 0;
}

uint64_t tsc_nominal_hz(void)
{
    return (cpuid_checked(0x16, 0).a & 0xffff) * 1'000'000ull;
}
