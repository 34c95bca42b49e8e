// SPDX-License-Identifier: MIT
// scheduler_policy.h: what a scheduler is, for those who write one. Everybody else includes scheduler.h.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <helix/scheduler.h>

enum { SCHEDULER_POLICY_ABI = 2 };

struct scheduler_policy {
    const char *name;
    const char *version;

    // Thread context, no lock held. May fail; then nothing was taken.
    enum status (*init)(uint32_t cpu_count);

    // Interrupts off, in all of them. Must not allocate or sleep. The policy locks its own queues (RANK_RUN_QUEUE).
    struct thread *(*pick_next)(uint32_t cpu);           // nullptr: nothing is ready; the thread leaves the queue
    enum status (*add_thread)(struct thread *thread);    // known from now on; not ready yet
    enum status (*remove_thread)(struct thread *thread); // gone for good
    enum status (*thread_ready)(struct thread *thread);  // queue it: became ready, or was preempted or yielded
    enum status (*thread_block)(struct thread *thread);  // it runs no more until thread_ready
    bool (*yield_thread)(uint32_t cpu);          // the running thread gives the rest of its slice away; false: to nobody, and keeps it
    void (*tick)(uint32_t cpu, uint64_t ran_ns); // the running thread has run ran_ns more
    enum status (*set_priority)(struct thread *thread, struct priority priority);
    enum status (*get_priority)(const struct thread *thread, struct priority *priority);
    bool (*needs_reschedule)(uint32_t cpu); // should the running thread give way now?
    void (*statistics)(struct scheduler_statistics *statistics);
    enum status (*set_policy)(struct thread *thread, const struct scheduling_policy *policy);
    enum status (*migrate_thread)(struct thread *thread, uint32_t target_cpu);

    // What a switch asks for, at once: tick(cpu, ran_ns) unless that is 0, thread_ready(ready) unless nobody is to be queued (nullptr), and
    // then pick_next. *slice_ns: what slice_left says of the thread picked.
    struct thread *(*switch_next)(uint32_t cpu, uint64_t ran_ns, struct thread *ready, uint64_t *slice_ns);

    // When the running thread's slice ends if it goes on running: nanoseconds from now, UINT64_MAX: no tick wanted.
    uint64_t (*slice_left)(uint32_t cpu);
};
