// SPDX-License-Identifier: MIT
// ipi_test.c: a request that a CPU sends to itself arrives once its interrupts are on, and several at once arrive as one.

#include <helix/ipi.h>

#include <arch/cpu.h>

#include <helix/cpu.h>
#include <helix/test.h>
#include <helix/timer.h>

KERNEL_TEST(ipi, arrive_when_interrupts_are_on_again)
{
    bool on = arch_interrupts_disable();
    uint32_t cpu = cpu_local()->id;
    uint64_t before = ipi_count(cpu);
    ipi_send(cpu, IPI_RESCHEDULE);
    ipi_send(cpu, IPI_RESCHEDULE);
    bool early = ipi_count(cpu) != before;
    arch_interrupts_restore(on);
    uint64_t until = time_ns() + 1'000'000'000;
    while (ipi_count(cpu) == before && time_ns() < until)
        arch_cpu_relax();
    CHECK(on && !early);
    CHECK_EQUAL(ipi_count(cpu), before + 1);
    ipi_send(cpu, IPI_RESCHEDULE);
    while (ipi_count(cpu) == before + 1 && time_ns() < until)
        arch_cpu_relax();
    CHECK_EQUAL(ipi_count(cpu), before + 2);
}
