// SPDX-License-Identifier: MIT
// counter_time.c: time by a counter of known rate that all CPUs see alike, and a timer that compares against it.
//
// A conversion is one multiplication by a 32.32 fixed-point figure. Time starts at 0 where boot code first read the counter and
// stands still until its rate is known.

#include <arch/counter.h>

#include <lib/format.h>

#include <arch/cpu.h>
#include <arch/scale.h>
#include <arch/time.h>

#include <helix/log.h>

enum { RATE_LEAST = 1000 };

static uint64_t base;                    // [const] from boot code
static uint64_t hz;                      // [const] after arch_time_init
static uint64_t ns_of_tick, ticks_of_ns; // [const] 32.32 fixed point; 0 before arch_time_init

void counter_begin(void)
{
    base = arch_cycles();
}

enum status arch_time_init(const struct boot_info *boot)
{
    uint64_t rate = counter_start(boot);
    if (rate < RATE_LEAST || rate > NS_PER_S) {
        log_error("timers", "the firmware says that the counter runs at %lu Hz: too slow or too fast to be true", rate);
        return STATUS_NO_DEVICE;
    }
    hz = rate;
    ns_of_tick = scale_ratio(NS_PER_S, hz);
    ticks_of_ns = scale_ratio(hz, NS_PER_S);
    return STATUS_OK;
}

uint64_t arch_time_ns(void)
{
    return scale(arch_cycles() - base, ns_of_tick);
}

uint64_t arch_cycles_to_ns(uint64_t cycles)
{
    return scale(cycles, ns_of_tick);
}

uint64_t arch_cycles_per_second(void)
{
    return hz;
}

// From now on, so that the error of the conversion does not grow with the time since boot. Rounded up: not before the deadline.
void arch_timer_set(uint64_t deadline_ns)
{
    uint64_t now = arch_cycles(), now_ns = scale(now - base, ns_of_tick);
    uint64_t ticks = deadline_ns > now_ns ? MIN(scale(deadline_ns - now_ns, ticks_of_ns), (uint64_t)INT64_MAX) + 1 : 0;
    counter_timer_set(now + ticks);
}

size_t arch_time_describe(char *to, size_t size)
{
    struct text text = { .bytes = to, .size = size };
    text_add(&text, "%s, %llu.%03llu MHz by the firmware; %s timer", counter_name(), (unsigned long long)(hz / 1'000'000),
             (unsigned long long)(hz / 1000 % 1000), counter_timer_name());
    return text.length;
}
