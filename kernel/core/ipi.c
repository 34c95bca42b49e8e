// SPDX-License-Identifier: MIT
// ipi.c: interrupts between CPUs: a word of requests per CPU, and one interrupt for as many as are in it.
//
// Invariants  A request that is set is served: whoever sets the first one of a word sends the interrupt, and the interrupt takes
//             them all out at once.
// Locks       None.

#include <helix/ipi.h>

#include <stdatomic.h>

#include <arch/cpu.h>
#include <arch/interrupt.h>
#include <arch/space.h>

#include <helix/cpu.h>

// A cache line each, so that CPUs that are asked do not disturb each other.
static struct mailbox {
    alignas(64) _Atomic uint32_t requests; // bit per enum ipi_request
    _Atomic uint64_t taken;
} mailboxes[CPU_MAX];

void ipi_send(uint32_t cpu, enum ipi_request request)
{
    if (!atomic_fetch_or(&mailboxes[cpu].requests, 1u << request))
        arch_ipi_send(cpu);
}

void kernel_ipi(struct arch_frame *frame)
{
    struct mailbox *mailbox = &mailboxes[cpu_local()->id];
    cpu_local()->interrupts++;
    atomic_fetch_add_explicit(&mailbox->taken, 1, memory_order_relaxed);
    uint32_t requests = atomic_exchange(&mailbox->requests, 0);
    if (requests & 1u << IPI_RESCHEDULE)
        arch_reschedule_set(true);
    if (requests & 1u << IPI_FLUSH)
        arch_flush_serve();
}

uint64_t ipi_count(uint32_t cpu)
{
    return atomic_load_explicit(&mailboxes[cpu].taken, memory_order_relaxed);
}
