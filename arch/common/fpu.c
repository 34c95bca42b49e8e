// SPDX-License-Identifier: MIT
// fpu.c: floating-point and vector registers: allocated late, saved late, never exposed.
//
// Purpose     Give each user thread registers of its own at no cost to those that never use them.
// How         A thread has no save area until its first instruction of the unit, which traps while such a thread
//             runs. From then on a switch away saves its registers if they are its own, and a switch to it loads them
//             unless this CPU's registers still hold exactly them. Kernel threads never touch the unit, so switching to
//             one and back moves nothing.
// Invariants  While user code of a thread runs, the registers hold its own state or the initial state; never another
//             thread's, not even behind the trap (a trapped register can be read by speculation). cpu.fpu_owner is the
//             thread whose newest state the registers hold, nullptr when they hold the initial state; its area is older unless it
//             was saved by fpu_switch.
// Locks       None: own CPU, interrupts or preemption off.
// Cost        Between two users: one save, one load. Between others: two comparisons.

#include <arch/fpu.h>

#include <lib/string.h>

#include <helix/cpu.h>
#include <helix/heap.h>
#include <helix/preempt.h>
#include <helix/thread.h>

alignas(64) static uint8_t initial[FPU_AREA_MOST]; // [const] after the first CPU

void fpu_init_cpu(void)
{
    fpu_area_init(initial);
    fpu_registers_open();
    fpu_registers_load(initial);
    fpu_registers_close(nullptr, true);
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

static void registers_own(struct arch_thread *owner)
{
    fpu_registers_open();
    fpu_registers_load(owner ? owner->fpu : initial);
    local()->fpu_owner = owner;
    if (owner)
        owner->fpu_cpu = cpu_local()->id;
}

// Puts the state that `to` must find into the registers.
static void registers_give(struct arch_thread *to)
{
    if (to->fpu && !registers_hold(to))
        registers_own(to);
    else if (!to->fpu && local()->fpu_owner)
        registers_own(nullptr);
    fpu_registers_close(to, !to->fpu);
}

// Whoever has an area runs with its state in the registers; kernel threads have none, and one that has ended needs its own no more.
static bool must_save(const struct arch_thread *from)
{
    return from->fpu && container_of(from, struct thread, arch)->state != THREAD_ZOMBIE;
}

void fpu_switch(struct arch_thread *from, struct arch_thread *to)
{
    // Between two users the unit stays open.
    if (to->fpu && must_save(from)) {
        fpu_registers_save(from);
        fpu_registers_load(to->fpu);
        struct cpu *cpu = cpu_local();
        cpu->arch.fpu_owner = to;
        to->fpu_cpu = cpu->id;
        return;
    }
    if (must_save(from)) {
        fpu_registers_open();
        fpu_registers_save(from);
    }
    if (!(container_of(to, struct thread, arch)->flags & THREAD_KERNEL))
        registers_give(to);
}

void fpu_reset(struct arch_thread *self)
{
    preempt_disable();
    void *area = self->fpu;
    self->fpu = nullptr;
    registers_give(self);
    preempt_enable();
    heap_free(area);
}

void fpu_clear(void)
{
    preempt_disable();
    fpu_registers_load(initial);
    fpu_registers_changed(fpu_current());
    preempt_enable();
}

// heap_alloc aligns from a page on; smaller areas would miss the 64 bytes, so a page is the least.
static void *area_new(void)
{
    static_assert(FPU_AREA_MOST <= PAGE_SIZE);
    return heap_alloc(PAGE_SIZE);
}

static void *area_initial(void)
{
    void *area = area_new();
    if (area)
        memcpy(area, initial, fpu_area_size());
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
    preempt_disable();
    fpu_registers_open(); // they hold the newest state
    fpu_registers_copy(area);
    preempt_enable();
    child->fpu = area;
    child->fpu_cpu = UINT32_MAX;
    return STATUS_OK;
}

void fpu_release(struct arch_thread *thread)
{
    preempt_disable();
    if (local()->fpu_owner == thread) {
        registers_own(nullptr);
        fpu_registers_close(nullptr, true);
    }
    preempt_enable();
    heap_free(thread->fpu);
    thread->fpu = nullptr;
}

bool arch_fpu_first_use(void)
{
    struct arch_thread *self = fpu_current();
    void *area = self->fpu ? self->fpu : area_initial();
    if (!area)
        return false;
    preempt_disable(); // the area is there when the registers hold the thread's state, and not before
    if (!self->fpu)
        self->fpu_cpu = UINT32_MAX;
    self->fpu = area;
    registers_give(self);
    preempt_enable();
    thread_current()->flags |= THREAD_FPU;
    return true;
}

void *fpu_scratch(void)
{
    return area_initial();
}

void fpu_scratch_free(void *scratch)
{
    heap_free(scratch);
}

void *fpu_open(void)
{
    struct arch_thread *self = fpu_current();
    preempt_disable();
    if (self->fpu && registers_hold(self)) {
        fpu_registers_open();
        fpu_registers_save(self);
    }
    return self->fpu;
}

void fpu_close(bool changed)
{
    struct arch_thread *self = fpu_current();
    if (changed && self->fpu) {
        registers_own(self);
        fpu_registers_close(self, false);
    }
    preempt_enable();
}
