// SPDX-License-Identifier: MIT
// scheduler.h: the scheduling framework: switching, preemption, hooks, and the slot that holds the policy.
#pragma once

#include <abi/status.h>
#include <lib/types.h>

#include <helix/thread.h>

struct scheduler_statistics {
    uint64_t context_switches, preemptions, voluntary_yields, migrations, ticks;
    uint64_t runnable, blocked;
    uint64_t average_wait_ns, average_run_ns;
};

enum scheduling_kind { SCHEDULE_NORMAL, SCHEDULE_FIFO, SCHEDULE_ROUND_ROBIN, SCHEDULE_BATCH, SCHEDULE_IDLE, SCHEDULE_DEADLINE };
struct scheduling_policy {
    enum scheduling_kind kind;
    uint64_t runtime_ns, period_ns, deadline_ns; // SCHEDULE_DEADLINE
};

// Makes the running boot code a thread ("boot") of the kernel process. First of all, before anything takes a lock.
void execution_adopt_boot(void);

// Timers, the idle thread, the profile's policy: from here on threads switch.
enum status execution_init(void);

// Asks this CPU to reschedule as soon as it may. Interrupts or preemption off.
void scheduler_ask(void);

// Installs the module of that name. It can fail: STATUS_NOT_FOUND, STATUS_UNSUPPORTED, whatever its init returns.
enum status scheduler_install(const char *module_name);

// Gives the CPU to the policy's choice. Interrupts off, the current thread's lock held (whoever runs next releases it), its
// state already changed.
void scheduler_switch(enum switch_reason reason);

// First thing in a new thread: finishes the switch that brought it here. Interrupts on afterwards.
void thread_started(void);

// READY: the policy queues it, and this CPU is asked to reschedule if it should preempt. `soon`: the running thread is about to wait
// itself; only if it has not when some time has passed is it preempted.
void scheduler_ready(struct thread *thread, bool soon);

// What the policy says of it: STATUS_BAD_ARGUMENT, STATUS_UNSUPPORTED. Thread context; the thread may run, wait or be ready.
enum status scheduler_set_priority(struct thread *thread, struct priority priority);
enum status scheduler_set_policy(struct thread *thread, const struct scheduling_policy *policy);
enum status scheduler_migrate(struct thread *thread, uint32_t cpu);
// Adds up the CPUs' and the policy's counters.
void scheduler_statistics(struct scheduler_statistics *statistics);
const char *scheduler_name(void); // of the installed policy, "none"

// Called by the timer interrupt: slice accounting and the policy's tick.
void scheduler_tick(bool from_user);

// Context switch hooks. Called on every switch with interrupts off; must be short. No hook: one predicted branch.
struct switch_hook {
    void (*before)(const struct thread *from, const struct thread *to, enum switch_reason reason);
    void (*after)(const struct thread *from, const struct thread *to, enum switch_reason reason);
};
enum { SWITCH_HOOKS = 4 };
enum status scheduler_add_hook(const struct switch_hook *hook);    // STATUS_NO_SPACE
enum status scheduler_remove_hook(const struct switch_hook *hook); // STATUS_NOT_FOUND
