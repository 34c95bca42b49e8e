// SPDX-License-Identifier: MIT
// timer.h: one-shot software timers over the CPU's one-shot hardware timer; tickless.
#pragma once

#include <lib/tree.h>
#include <lib/types.h>

struct timer {
    struct tree_node node;
    uint64_t deadline_ns;              // arch_time_ns's scale
    void (*fire)(struct timer *timer); // interrupt context
    uint32_t cpu;                      // whose tree it is in
    bool armed;
};

// Not armed. `fire` runs in interrupt context and may arm it again.
void timer_init(struct timer *timer, void (*fire)(struct timer *timer));

// Fires once at deadline_ns on this CPU; sets a new deadline if it is armed already. Any context.
void timer_arm(struct timer *timer, uint64_t deadline_ns);

// After it returns the timer does not fire. Returns whether it was armed. Any context but the timer's own fire().
bool timer_cancel(struct timer *timer);

// Nanoseconds since boot.
uint64_t time_ns(void);

// Nanoseconds since 1970 (boot's wall clock plus time_ns), and how to set it.
uint64_t time_wall_ns(void);
void time_set_wall_ns(uint64_t ns);

// The tick as the documents count it (self-heal intervals): 1 ms since boot.
static inline uint64_t time_ticks(void)
{
    return time_ns() / NS_PER_MS;
}
