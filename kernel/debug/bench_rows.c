// SPDX-License-Identifier: MIT
// bench_rows.c: benchmarks of interrupts and the clock, which belong to no one subsystem.
#include <arch/cpu.h>
#include <arch/time.h>
#include <helix/bench.h>
#include <helix/cpu.h>
#include <helix/ipi.h>
#include <helix/preempt.h>
#include <helix/timer.h>

enum { BATCH = 32 };

static void run_disable_enable(void *state, uint32_t operations)
{
    while (operations--)
        arch_interrupts_restore(arch_interrupts_disable());
}
BENCHMARK(disable_enable, "control.disable_enable", .category = "irq", .batch = BATCH, .run = run_disable_enable);

static void run_clock_read(void *state, uint32_t operations)
{
    while (operations--)
        (void)time_ns();
}
BENCHMARK(clock_read, "clock.read", .category = "irq", .batch = BATCH, .run = run_clock_read);

static volatile bool fired;

static void set_fired(struct timer *timer)
{
    fired = true;
}

// A deadline that has come: the hardware timer is programmed, interrupts, and its handler runs before the next operation.
static void run_timer_interrupt(void *state, uint32_t operations)
{
    struct timer timer;
    timer_init(&timer, set_fired);
    while (operations--) {
        fired = false;
        timer_arm(&timer, time_ns());
        while (!fired)
            arch_cpu_relax();
    }
    (void)timer_cancel(&timer);
}
BENCHMARK(timer, "handler.timer", .category = "irq", .rounds = 200, .run = run_timer_interrupt);

// An interrupt that this CPU sends to itself: sent, taken and served before the next.
static void run_ipi_self(void *state, uint32_t operations)
{
    preempt_disable();
    uint32_t cpu = cpu_local()->id;
    while (operations--) {
        uint64_t before = ipi_count(cpu);
        ipi_send(cpu, IPI_RESCHEDULE);
        while (ipi_count(cpu) == before)
            arch_cpu_relax();
    }
    preempt_enable();
}
BENCHMARK(ipi_self, "latency.ipi_self", .category = "irq", .rounds = 200, .run = run_ipi_self);
