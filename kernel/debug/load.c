// SPDX-License-Identifier: MIT
// load.c: the load averages: how many threads ran or wanted to, sampled every five seconds, over 1, 5 and 15 minutes.
#include "load.h"

#include <helix/subsystem.h>
#include <helix/thread.h>
#include <helix/timer.h>
#include <helix/user.h>

enum { LOADS = 3 };
enum : uint64_t { SAMPLE_NS = 5 * NS_PER_S, LOAD_ONE = 1 << LOAD_FRACTION_BITS };

static struct timer sampler;
static _Atomic uint64_t load[LOADS];
static const uint64_t keep[LOADS] = { 60296, 64453, 65173 }; // e^(−5/60), e^(−5/300), e^(−5/900) of 65536

static void count_thread(void *context, struct thread *thread)
{
    struct thread_census *census = context;
    uint32_t state = thread->state;
    if (thread->flags & THREAD_IDLE)
        return;
    census->threads++;
    census->ready += state == THREAD_READY || state == THREAD_RUNNING;
    census->uninterruptible += state == THREAD_BLOCKED && !thread->interruptible && !(thread->flags & THREAD_KERNEL);
}

void thread_census(struct thread_census *census)
{
    *census = (struct thread_census){};
    thread_each(count_thread, census);
}

uint64_t load_decay(uint64_t before, uint64_t active, uint64_t kept)
{
    uint64_t sum = before * kept + active * LOAD_ONE * (LOAD_ONE - kept);
    bool rising = active * LOAD_ONE >= before;
    return (sum + (rising ? LOAD_ONE - 1 : 0)) >> LOAD_FRACTION_BITS;
}

static void sample(struct timer *timer)
{
    struct thread_census census;
    thread_census(&census);
    for (size_t i = 0; i < LOADS; i++)
        load[i] = load_decay(load[i], census.ready + census.uninterruptible, keep[i]);
    timer_arm(timer, timer->deadline_ns + SAMPLE_NS);
}

void load_averages(uint64_t loads[3])
{
    for (size_t i = 0; i < LOADS; i++)
        loads[i] = load[i];
}

static enum status load_init(void)
{
    timer_init(&sampler, sample);
    timer_arm(&sampler, time_ns() + SAMPLE_NS);
    return STATUS_OK;
}

static enum status load_stop(void)
{
    timer_cancel(&sampler);
    return STATUS_OK;
}

static const struct component load_component = { .init = load_init, .stop = load_stop };

SUBSYSTEM(load, .phase = INIT_LATE, .priority = 95, .depends = { "timers", "scheduler" }, .ops = &load_component);
