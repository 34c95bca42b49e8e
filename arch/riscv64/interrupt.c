// SPDX-License-Identifier: MIT
// interrupt.c: the interrupts of a hart: the timer, and the lines of devices through the PLIC.

#include <stdatomic.h>

#include <arch/interrupt.h>

#include <arch/counter.h>
#include <arch/device.h>
#include <arch/frame.h>
#include <arch/platform_tree.h>

#include <helix/cpu.h>
#include <helix/spinlock.h>

#include "platform.h"
#include "plic.h"
#include "sbi.h"

// Bits of sie and sip, and figures of scause (Privileged Architecture 1.12, 4.1.3 and 4.1.8).
enum : uint64_t { INTERRUPT = 1ull << 63, SOFTWARE = 1, TIMER = 5, EXTERNAL = 9 };
enum { VECTORS_FIRST = 32 };

static struct spinlock lock = SPINLOCK(RANK_DRIVER);
static _Atomic uint8_t vector_of_source[PLIC_SOURCES]; // 0: not routed. Written under the lock.
static uint32_t next_vector GUARDED_BY(lock) = VECTORS_FIRST;

enum status arch_interrupt_init(const struct boot_info *boot)
{
    TRY(plic_init());
    __asm__ volatile("csrs sie, %0" : : "r"(1ull << SOFTWARE | 1ull << EXTERNAL));
    return STATUS_OK;
}

static uint32_t source_connect(uint32_t source) MUST_HOLD(lock)
{
    if (next_vector == ARCH_VECTORS)
        return 0;
    plic_connect(source);
    return next_vector++;
}

enum status arch_interrupt_route(uint32_t line, uint32_t *vector)
{
    if (!plic_has(line))
        return STATUS_NO_DEVICE;
    bool on = spinlock_acquire_irq(&lock);
    uint32_t chosen = vector_of_source[line];
    if (!chosen)
        chosen = source_connect(line);
    vector_of_source[line] = (uint8_t)chosen;
    spinlock_release_irq(&lock, on);
    if (!chosen)
        return STATUS_NO_SPACE;
    *vector = chosen;
    return STATUS_OK;
}

void arch_interrupt_mask(uint32_t line)
{
    plic_mask(line, true);
}

void arch_interrupt_unmask(uint32_t line)
{
    plic_mask(line, false);
}

void arch_ipi_send(uint32_t cpu)
{
    atomic_thread_fence(memory_order_seq_cst);
    sbi_ipi_send(cpu_by_id(cpu)->arch.hart);
}

const char *arch_interrupt_controller_name(void)
{
    return "plic";
}

uint32_t platform_tree_line(const struct device_interrupt *interrupt)
{
    bool ours = plic_is(interrupt->controller) && interrupt->count == 1 && plic_has(interrupt->cells[0]);
    return ours ? interrupt->cells[0] : ARCH_NO_LINE;
}

// Completed after the handler, so that a level line is quiet again.
static void external_interrupt(struct arch_frame *frame)
{
    uint32_t source = plic_claim();
    if (!plic_has(source))
        return;
    kernel_interrupt(vector_of_source[source], frame);
    plic_complete(source);
}

// No longer pending before its requests are looked at, so that none is missed.
static void software_interrupt(struct arch_frame *frame)
{
    __asm__ volatile("csrc sip, %0" : : "r"(1ull << SOFTWARE));
    atomic_thread_fence(memory_order_seq_cst);
    kernel_ipi(frame);
}

void interrupt_dispatch(struct arch_frame *frame, uint64_t cause)
{
    if (cause == (INTERRUPT | TIMER)) {
        counter_timer_set(UINT64_MAX); // it interrupts for as long as its time is past
        kernel_timer_interrupt(frame);
    } else if (cause == (INTERRUPT | SOFTWARE)) {
        software_interrupt(frame);
    } else if (cause == (INTERRUPT | EXTERNAL)) {
        external_interrupt(frame);
    }
    if (!arch_frame_from_user(frame))
        kernel_exit_to_kernel();
}
