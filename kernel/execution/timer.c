// SPDX-License-Identifier: MIT
// timer.c: software timers, one ordered tree per CPU, over the CPU's one-shot hardware timer.
//
// The hardware is set only when the earliest deadline moves forward: a deadline that is cancelled or put off costs nothing, at
// the price of one early interrupt that finds nothing due and sets the next one.

#include <helix/timer.h>

#include <arch/interrupt.h>
#include <arch/frame.h>
#include <arch/time.h>

#include <helix/cpu.h>
#include <helix/scheduler.h>
#include <helix/spinlock.h>
#include <helix/thread.h>

#include "execution.h"

static struct timer_queue {
    struct spinlock lock; // RANK_TIMER, interrupts off
    struct tree timers GUARDED_BY(lock);
} queues[CPU_MAX] = { [0 ... CPU_MAX - 1] = { .lock = SPINLOCK(RANK_TIMER) } };

static uint64_t wall_offset_ns; // wall clock − time since boot

static struct timer *timer_of(struct tree_node *node)
{
    return container_of(node, struct timer, node);
}

static int timer_compare(const struct tree_node *a, const struct tree_node *b)
{
    uint64_t first = container_of(a, struct timer, node)->deadline_ns, second = container_of(b, struct timer, node)->deadline_ns;
    return first < second ? -1 : first > second;
}

// Interrupts off.
void timer_hardware_set(uint64_t deadline_ns)
{
    struct cpu *cpu = cpu_local();
    if (deadline_ns >= cpu->timer_armed_ns)
        return;
    cpu->timer_armed_ns = deadline_ns;
    arch_timer_set(deadline_ns);
}

void timer_init(struct timer *timer, void (*fire)(struct timer *timer))
{
    *timer = (struct timer){ .fire = fire };
}

void timer_arm(struct timer *timer, uint64_t deadline_ns)
{
    timer_cancel(timer);
    bool on = arch_interrupts_disable();
    uint32_t cpu = cpu_local()->id;
    struct timer_queue *queue = &queues[cpu];
    spinlock_acquire_off(&queue->lock);
    timer->deadline_ns = deadline_ns;
    timer->cpu = cpu;
    timer->armed = true;
    tree_insert(&queue->timers, &timer->node, timer_compare);
    spinlock_release_off(&queue->lock);
    timer_hardware_set(deadline_ns);
    arch_interrupts_restore(on);
}

bool timer_cancel(struct timer *timer)
{
    if (!timer->armed)
        return false; // its own CPU disarms it before firing, so an armed timer is in its tree
    struct timer_queue *queue = &queues[timer->cpu];
    bool on = spinlock_acquire_irq(&queue->lock);
    bool armed = timer->armed;
    if (armed)
        tree_remove(&queue->timers, &timer->node);
    timer->armed = false;
    spinlock_release_irq(&queue->lock, on);
    return armed;
}

// Takes the first timer that is due out of the tree, nullptr when none is; *next: the deadline of the first that stays.
static struct timer *timer_take_due(struct timer_queue *queue, uint64_t now, uint64_t *next)
{
    struct timer *due = nullptr;
    spinlock_acquire_off(&queue->lock);
    struct tree_node *first = tree_first(&queue->timers);
    *next = first ? timer_of(first)->deadline_ns : UINT64_MAX;
    if (first && *next <= now) {
        due = timer_of(first);
        tree_remove(&queue->timers, first);
        due->armed = false;
    }
    spinlock_release_off(&queue->lock);
    return due;
}

void kernel_timer_interrupt(struct arch_frame *frame)
{
    struct cpu *cpu = cpu_local();
    uint32_t outer = lock_check_interrupt();
    cpu->interrupts++;
    cpu->timer_armed_ns = UINT64_MAX;
    struct timer *due;
    uint64_t next;
    while ((due = timer_take_due(&queues[cpu->id], time_ns(), &next)))
        due->fire(due);
    scheduler_tick(arch_frame_from_user(frame));
    timer_hardware_set(MIN(next, cpu->slice_end_ns));
    lock_check_interrupt_end(outer);
}

uint64_t time_ns(void)
{
    return arch_time_ns();
}

uint64_t time_wall_ns(void)
{
    return wall_offset_ns + time_ns();
}

void time_set_wall_ns(uint64_t ns)
{
    wall_offset_ns = ns - time_ns();
}
