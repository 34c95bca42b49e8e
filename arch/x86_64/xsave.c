// SPDX-License-Identifier: MIT
// xsave.c: saves and loads the x87, SSE and AVX registers: by XSAVE where the CPU has it, else by FXSAVE. CR0.TS makes a thread's
// first instruction of the unit trap (#NM). Areas have the standard format, which is also what signal frames show.

#include "xsave.h"

#include <lib/string.h>

#include <arch/fpu.h>

#include <arch/impl/context.h>

#include "cpuid.h"
#include "msr.h"

enum : uint64_t { CR0_TS = 1 << 3 };
enum : uint32_t { FPU_MAGIC1 = 0x46505853 };
enum { FXSAVE_SIZE = 512, XSAVE_HEADER = 64, MXCSR_OFFSET = 24, MXCSR_MASK_OFFSET = 28, FCW_DEFAULT = 0x37f, MXCSR_DEFAULT = 0x1f80 };

uint64_t xsave_features;
struct xsave_extent xsave_extent;
static size_t area_size = FXSAVE_SIZE;
static bool has_xsaveopt;
static uint32_t mxcsr_mask = 0xffbf; // SDM: when the CPU reports 0

static void trap_first_use(bool trap)
{
    uint64_t cr0 = cr0_read();
    if (!!(cr0 & CR0_TS) != trap)
        cr0_write(cr0 ^ CR0_TS);
}

struct xsave_extent xsave_extent_of(size_t size, uint64_t of_features)
{
    return (struct xsave_extent){ FPU_MAGIC1, (uint32_t)(size + sizeof(uint32_t)), of_features, (uint32_t)size, {} };
}

void xsave_probe(void)
{
    if (cpuid_read(1, 0).c >> 27 & 1) { // OSXSAVE: arch_cpu_init has set XCR0
        uint32_t low, high;
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        xsave_features = (uint64_t)high << 32 | low;
        area_size = cpuid_read(0xd, 0).b;
        has_xsaveopt = cpuid_read(0xd, 1).a & 1;
        xsave_extent = xsave_extent_of(area_size, xsave_features);
    }
    trap_first_use(false);
    alignas(16) static uint8_t probe[FXSAVE_SIZE];
    __asm__ volatile("fninit; fxsave64 (%0)" : : "r"(probe) : "memory");
    uint32_t mask;
    memcpy(&mask, probe + MXCSR_MASK_OFFSET, sizeof mask);
    if (mask)
        mxcsr_mask = mask;
}

size_t fpu_area_size(void)
{
    return area_size;
}

// A legacy image with both control words at their defaults; with XSAVE an empty header means "all initial".
void fpu_area_init(void *area)
{
    uint16_t control = FCW_DEFAULT;
    uint32_t mxcsr = MXCSR_DEFAULT;
    memcpy(area, &control, sizeof control);
    memcpy((uint8_t *)area + MXCSR_OFFSET, &mxcsr, sizeof mxcsr);
}

void fpu_registers_open(void)
{
    trap_first_use(false);
}

void fpu_registers_save(struct arch_thread *thread)
{
    uint32_t low = (uint32_t)xsave_features, high = (uint32_t)(xsave_features >> 32);
    if (has_xsaveopt)
        __asm__ volatile("xsaveopt64 (%0)" : : "r"(thread->fpu), "a"(low), "d"(high) : "memory");
    else if (xsave_features)
        __asm__ volatile("xsave64 (%0)" : : "r"(thread->fpu), "a"(low), "d"(high) : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" : : "r"(thread->fpu) : "memory");
}

// XSAVE writes only a word of the header; and no "optimised" one, which may leave out what has not changed since it was loaded.
void fpu_registers_copy(void *area)
{
    uint32_t low = (uint32_t)xsave_features, high = (uint32_t)(xsave_features >> 32);
    if (!xsave_features) {
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
        return;
    }
    uint64_t *header = (uint64_t *)((uint8_t *)area + FXSAVE_SIZE);
    for (size_t i = 0; i < XSAVE_HEADER / sizeof *header; i++)
        header[i] = 0;
    __asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(low), "d"(high) : "memory");
}

void fpu_registers_load(const void *area)
{
    if (xsave_features)
        __asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"((uint32_t)xsave_features), "d"((uint32_t)(xsave_features >> 32)) : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

// XSAVEOPT saves them all when they were last loaded from somewhere else.
void fpu_registers_changed(struct arch_thread *thread)
{
}

void fpu_registers_close(struct arch_thread *thread, bool trap)
{
    trap_first_use(trap);
}

bool xsave_sanitise(void *image)
{
    uint8_t *bytes = image;
    uint32_t mxcsr;
    memcpy(&mxcsr, bytes + MXCSR_OFFSET, sizeof mxcsr);
    mxcsr &= mxcsr_mask;
    memcpy(bytes + MXCSR_OFFSET, &mxcsr, sizeof mxcsr);
    if (!xsave_features)
        return true;
    uint64_t header[XSAVE_HEADER / 8];
    memcpy(header, bytes + FXSAVE_SIZE, sizeof header);
    if (header[0] & ~xsave_features)
        return false;
    memset(header + 1, 0, sizeof header - sizeof header[0]); // standard format, reserved words zero
    memcpy(bytes + FXSAVE_SIZE, header, sizeof header);
    return true;
}
