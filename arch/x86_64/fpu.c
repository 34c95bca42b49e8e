// SPDX-License-Identifier: MIT
// fpu.c: floating-point and vector registers: allocated late, saved late, never exposed.
//
// Purpose     Give each user thread registers of its own at no cost to those that never use them.
// How         A thread has no save area until its first instruction of the unit (#NM: CR0.TS is set while such a thread
//             runs). From then on a switch away saves its registers if they are its own, and a switch to it loads them
//             unless this CPU's registers still hold exactly them. Kernel threads never touch the unit, so switching to
//             one and back moves nothing.
// Invariants  While user code of a thread runs, the registers hold its own state or the initial state; never another
//             thread's, not even behind CR0.TS (a trapped register can be read by speculation). cpu.fpu_owner is the
//             thread whose newest state the registers hold; its area is older unless it was saved by fpu_switch.
// Locks       None: own CPU, interrupts or preemption off.
// Cost        Between two users: one XSAVEOPT, one XRSTOR. Between others: two comparisons.

#include "fpu.h"

#include <lib/string.h>

#include <helix/cpu.h>
#include <helix/heap.h>
#include <helix/preempt.h>
#include <helix/thread.h>

#include "msr.h"

enum : uint64_t { CR0_TS = 1 << 3 };
enum { FXSAVE_SIZE = 512, XSAVE_HEADER = 64, MXCSR_OFFSET = 24, MXCSR_MASK_OFFSET = 28, FCW_DEFAULT = 0x37f, MXCSR_DEFAULT = 0x1f80 };

static uint64_t features; // XCR0; 0: FXSAVE only
static size_t area_size = FXSAVE_SIZE;
static bool has_xsaveopt;
static uint32_t mxcsr_mask = 0xffbf; // SDM: when the CPU reports 0
alignas(64) static uint8_t initial[4096];

static void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    __asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(subleaf));
}

static void area_save(void *area)
{
    uint32_t low = (uint32_t)features, high = (uint32_t)(features >> 32);
    if (has_xsaveopt)
        __asm__ volatile("xsaveopt64 (%0)" : : "r"(area), "a"(low), "d"(high) : "memory");
    else if (features)
        __asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(low), "d"(high) : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static void area_load(const void *area)
{
    if (features)
        __asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"((uint32_t)features), "d"((uint32_t)(features >> 32)) : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

static void trap_first_use(bool trap)
{
    uint64_t cr0 = cr0_read();
    if (!!(cr0 & CR0_TS) != trap)
        cr0_write(cr0 ^ CR0_TS);
}

void fpu_init_cpu(void)
{
    uint32_t out[4];
    cpuid(1, 0, out);
    if (out[2] >> 27 & 1) { // OSXSAVE: arch_cpu_init has set XCR0
        uint32_t low, high;
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        features = (uint64_t)high << 32 | low;
        cpuid(0xd, 0, out);
        area_size = out[1];
        cpuid(0xd, 1, out);
        has_xsaveopt = out[0] & 1;
    }
    trap_first_use(false);
    alignas(16) static uint8_t probe[FXSAVE_SIZE];
    __asm__ volatile("fninit; fxsave64 (%0)" : : "r"(probe) : "memory");
    uint32_t mask;
    memcpy(&mask, probe + MXCSR_MASK_OFFSET, sizeof mask);
    if (mask)
        mxcsr_mask = mask;
    // A legacy image with both control words at their defaults; with XSAVE an empty header means "all initial".
    uint16_t control = FCW_DEFAULT;
    uint32_t mxcsr = MXCSR_DEFAULT;
    memcpy(initial, &control, sizeof control);
    memcpy(initial + MXCSR_OFFSET, &mxcsr, sizeof mxcsr);
    area_load(initial);
    trap_first_use(true);
}

struct arch_thread *fpu_current(void)
{
    return &thread_current()->arch;
}

static struct arch_cpu *local(void)
{
    return &cpu_local()->arch;
}

static bool registers_hold(const struct arch_thread *thread)
{
    return local()->fpu_owner == thread && thread->fpu_cpu == cpu_local()->id;
}

// Puts the state that `to` must find into the registers.
static void registers_give(struct arch_thread *to)
{
    struct arch_cpu *cpu = local();
    if (to->fpu && registers_hold(to)) {
        trap_first_use(false);
        return;
    }
    if (!to->fpu && !cpu->fpu_owner) {
        trap_first_use(true); // the initial state is there already
        return;
    }
    trap_first_use(false);
    area_load(to->fpu ? to->fpu : initial);
    cpu->fpu_owner = to->fpu ? to : nullptr;
    to->fpu_cpu = cpu_local()->id;
    if (!to->fpu)
        trap_first_use(true);
}

void fpu_switch(struct arch_thread *from, struct arch_thread *to)
{
    struct thread *next = container_of(to, struct thread, arch);
    if (from->fpu && registers_hold(from) && !(container_of(from, struct thread, arch)->flags & THREAD_KERNEL))
        area_save(from->fpu);
    if (!(next->flags & THREAD_KERNEL))
        registers_give(to);
}

void fpu_reset(struct arch_thread *self)
{
    preempt_disable();
    void *area = self->fpu;
    self->fpu = nullptr;
    if (local()->fpu_owner) {
        trap_first_use(false);
        area_load(initial);
        local()->fpu_owner = nullptr;
    }
    trap_first_use(true);
    preempt_enable();
    heap_free(area);
}

void fpu_clear(void)
{
    struct arch_thread *self = fpu_current();
    if (!self->fpu)
        return;
    fpu_open();
    memcpy(self->fpu, initial, MIN(area_size, sizeof initial));
    fpu_close(true);
}

// heap_alloc aligns from a page on; smaller areas would miss XSAVE's 64 bytes, so a page is the least.
static void *area_new(void)
{
    void *area = heap_alloc(MAX(area_size, PAGE_SIZE));
    if (area)
        memcpy(area, initial, MIN(area_size, sizeof initial));
    return area;
}

enum status fpu_copy(struct arch_thread *self, struct arch_thread *child)
{
    child->fpu = nullptr;
    if (!self->fpu)
        return STATUS_OK;
    void *area = area_new();
    if (!area)
        return STATUS_NO_MEMORY;
    memcpy(area, fpu_open(), area_size);
    fpu_close(false);
    child->fpu = area;
    child->fpu_cpu = UINT32_MAX;
    return STATUS_OK;
}

void fpu_release(struct arch_thread *thread)
{
    preempt_disable();
    if (local()->fpu_owner == thread)
        local()->fpu_owner = nullptr, trap_first_use(false), area_load(initial), trap_first_use(true);
    preempt_enable();
    heap_free(thread->fpu);
    thread->fpu = nullptr;
}

bool arch_fpu_first_use(void)
{
    struct arch_thread *self = fpu_current();
    if (!self->fpu) {
        self->fpu = area_new();
        self->fpu_cpu = UINT32_MAX;
    }
    if (!self->fpu)
        return false;
    preempt_disable();
    registers_give(self);
    preempt_enable();
    thread_current()->flags |= THREAD_FPU;
    return true;
}

void *fpu_scratch(void)
{
    return area_new();
}

void fpu_scratch_free(void *scratch)
{
    heap_free(scratch);
}

size_t fpu_size(void)
{
    return area_size;
}

uint64_t fpu_features(void)
{
    return features;
}

void *fpu_open(void)
{
    struct arch_thread *self = fpu_current();
    preempt_disable();
    if (self->fpu && registers_hold(self))
        area_save(self->fpu);
    return self->fpu;
}

void fpu_close(bool changed)
{
    struct arch_thread *self = fpu_current();
    if (changed && self->fpu) {
        trap_first_use(false);
        area_load(self->fpu);
        local()->fpu_owner = self;
        self->fpu_cpu = cpu_local()->id;
    }
    preempt_enable();
}

bool fpu_sanitise(void *image)
{
    uint8_t *bytes = image;
    uint32_t mxcsr;
    memcpy(&mxcsr, bytes + MXCSR_OFFSET, sizeof mxcsr);
    mxcsr &= mxcsr_mask;
    memcpy(bytes + MXCSR_OFFSET, &mxcsr, sizeof mxcsr);
    if (!features)
        return true;
    uint64_t header[XSAVE_HEADER / 8];
    memcpy(header, bytes + FXSAVE_SIZE, sizeof header);
    if (header[0] & ~features)
        return false;
    memset(header + 1, 0, sizeof header - sizeof header[0]); // standard format, reserved words zero
    memcpy(bytes + FXSAVE_SIZE, header, sizeof header);
    return true;
}
