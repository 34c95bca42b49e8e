// SPDX-License-Identifier: MIT
// scheduler.c: the scheduling framework: who runs next is the policy's business, everything else is here.
//
// Purpose     Threads become ready, run, are preempted, give way, sleep and end; a policy (scheduler_policy.h) in the slot
//             "scheduler" orders those that are ready.
// How         scheduler_switch() asks the policy and moves the CPU. It is called with the leaving thread's lock held and
//             interrupts off; whoever arrives releases that lock (scheduler_arrive), so nobody can touch a thread whose
//             registers are still in use. An interrupt that makes a better thread ready only sets a flag; the switch happens when
//             the preemption count reaches 0, or on the way out of the kernel.
// Invariants  A READY thread is in the policy's queue; the running one is not; idle threads never are. Every change of state goes
//             through thread_become().
// Locks       thread->lock (RANK_THREAD), then the policy's own (RANK_RUN_QUEUE). Interrupts off throughout.
// Cost        A switch between two threads of one process: about 150 instructions, two of them the hardware's. Hooks: one branch.
// Not here    Which thread is best (modules/scheduler), waiting (thread.c), time (timer.c).

#include <helix/scheduler.h>

#include <arch/context.h>
#include <arch/interrupt.h>
#include <arch/space.h>

#include <helix/cpu.h>
#include <helix/kernel_map.h>
#include <helix/module.h>
#include <helix/panic.h>
#include <helix/process.h>
#include <helix/scheduler_policy.h>
#include <helix/space.h>

#include "execution.h"

// A user thread alone on its CPU is still interrupted this often, to see where its time goes (user or kernel).
enum : uint64_t { SAMPLE_NS = 10 * NS_PER_MS };

// So long may a thread that was expected to wait go on before those that it woke.
enum : uint64_t { SOON_NS = 100 * NS_PER_US };

static struct slot slot = { .name = "scheduler", .interface = "scheduler_policy", .abi = SCHEDULER_POLICY_ABI };
static const struct scheduler_policy *policy; // nullptr until scheduler_install

static const struct switch_hook *hooks[SWITCH_HOOKS];
static uint32_t hook_count;

void scheduler_ask(void)
{
    arch_reschedule_set(true);
    arch_exit_work_set(true);
}

static void hooks_run(const struct thread *from, const struct thread *to, enum switch_reason reason, bool before)
{
    for (uint32_t i = 0; i < SWITCH_HOOKS; i++) {
        if (!hooks[i])
            continue;
        void (*hook)(const struct thread *, const struct thread *, enum switch_reason) = before ? hooks[i]->before : hooks[i]->after;
        if (hook)
            hook(from, to, reason);
    }
}

// Tells what a thread has run since the last sample to its user or kernel time.
static void attribute(struct cpu *cpu, struct thread *thread, bool user)
{
    uint64_t pending = thread->unattributed_ns;
    thread->unattributed_ns = 0;
    *(user ? &thread->user_time_ns : &thread->kernel_time_ns) += pending;
    *(user ? &cpu->user_ns : &cpu->kernel_ns) += pending;
}

// A thread that always leaves before a sample finds it would never be seen: when enough has come together, it goes where
// the thread has been found most.
[[gnu::cold, gnu::noinline]] static void attribute_unseen(struct cpu *cpu, struct thread *thread)
{
    attribute(cpu, thread, !(thread->flags & THREAD_KERNEL) && thread->user_time_ns >= thread->kernel_time_ns);
}

// Charges the time since the last look to the running thread. What of it the policy is to be told.
static uint64_t account(struct cpu *cpu, struct thread *thread, uint64_t now)
{
    uint64_t ran = now - cpu->switched_at_ns;
    cpu->switched_at_ns = now;
    thread->cpu_time_ns += ran;
    if (thread == cpu->idle) {
        cpu->idle_ns += ran;
        return 0;
    }
    cpu->run_total_ns += ran;
    thread->unattributed_ns += ran;
    return ran;
}

// The thread has `left` of its slice.
static void slice_begin(struct cpu *cpu, const struct thread *thread, uint64_t left, uint64_t now)
{
    if (!left) // over: the switch is asked for and comes when it may; a timer set for now would let nothing else run until then
        left = UINT64_MAX;
    if (!(thread->flags & THREAD_KERNEL) && left > SAMPLE_NS)
        left = SAMPLE_NS;
    cpu->slice_end_ns = left == UINT64_MAX ? UINT64_MAX : now + left;
    if (cpu->slice_end_ns < cpu->timer_armed_ns)
        timer_hardware_set(cpu->slice_end_ns);
}

// What the arriving thread owes the one that left: release its lock, and let it go if it has ended.
static void scheduler_arrive(void)
{
    struct cpu *cpu = cpu_local();
    struct thread *from = cpu->switched_from;
    bool over = from->state == THREAD_ZOMBIE;
    if (over)
        thread_become(from, THREAD_DEAD);
    spinlock_hand_over(&from->lock);
    if (over)
        thread_release(from);
}

static void context_move(struct cpu *cpu, struct thread *from, struct thread *to)
{
    cpu->switches++;
    cpu->switched_from = from;
    if (to->process != from->process && to->process->space)
        arch_space_activate(&to->process->space->arch);
    arch_set_current_thread(to, (virt_t){ to->stack_low.raw + KERNEL_STACK_SIZE });
    arch_exit_work_set(to->flags & (THREAD_SIGNALLED | THREAD_KILL_PENDING));
    arch_thread_switch(&from->arch, &to->arch);
    arch_context_switch(&from->context, &to->context);
}

// The CPU goes to the policy's choice; `ready`: the running thread if it is to be queued again, else nullptr; `again`: it may be chosen. As
// scheduler_switch.
[[gnu::always_inline]] static inline void switch_away(struct cpu *cpu, struct thread *from, struct thread *ready, enum switch_reason reason,
                                                      bool again)
{
    uint64_t now = time_ns(), slice;
    uint64_t ran = account(cpu, from, now);
    if (UNLIKELY(from->unattributed_ns >= SAMPLE_NS))
        attribute_unseen(cpu, from);
    from->ready_since_ns = now; // if it is
    arch_reschedule_set(false);
    struct thread *to = policy->switch_next(cpu->id, ran, ready, &slice);
    if (to) {
        to->wait_time_ns += now - to->ready_since_ns;
        cpu->wait_total_ns += now - to->ready_since_ns;
    } else {
        to = cpu->idle;
        slice = UINT64_MAX;
    }
    thread_become(to, THREAD_RUNNING);
    to->cpu = cpu->id;
    slice_begin(cpu, to, slice, now);
    if (again && to == from) {
        spinlock_hand_over(&from->lock);
        return;
    }
    *(reason == SWITCH_PREEMPTION || reason == SWITCH_INTERRUPT ? &from->switches_involuntary : &from->switches_voluntary) += 1;
    if (UNLIKELY(hook_count))
        hooks_run(from, to, reason, true);
    context_move(cpu, from, to);
    scheduler_arrive(); // `from` runs again; cpu may be another
    if (UNLIKELY(hook_count))
        hooks_run(cpu_local()->switched_from, from, reason, false);
}

void scheduler_switch(enum switch_reason reason)
{
    switch_away(cpu_local(), thread_current(), nullptr, reason, false);
}

void thread_started(void)
{
    scheduler_arrive();
    arch_interrupts_enable();
}

// The running thread goes back to the queue. Interrupts off. Not analysed: its lock is released by whoever arrives.
NO_LOCK_ANALYSIS [[gnu::noinline]] static void give_way(enum switch_reason reason)
{
    struct cpu *cpu = cpu_local();
    struct thread *self = thread_current();
    spinlock_acquire_off(&self->lock);
    thread_become(self, THREAD_READY);
    switch_away(cpu, self, self == cpu->idle ? nullptr : self, reason, true);
}

ARCH_SLOW_PATH void preempt_reschedule(void)
{
    if (!arch_interrupts_enabled())
        return; // the way out of the interrupt, or the next preempt_enable, does it
    (void)arch_interrupts_disable();
    while (arch_reschedule_wanted()) {
        cpu_local()->preemptions++;
        give_way(SWITCH_PREEMPTION);
    }
    arch_interrupts_enable();
}

void kernel_exit_to_kernel(void)
{
    if (!arch_reschedule_wanted())
        return;
    cpu_local()->preemptions++;
    give_way(SWITCH_INTERRUPT);
}

void thread_yield(void)
{
    lock_check_may_sleep("CPU given away");
    bool on = arch_interrupts_disable();
    struct cpu *cpu = cpu_local();
    cpu->yields++;
    if (policy->yield_thread(cpu->id))
        give_way(SWITCH_YIELD);
    arch_interrupts_restore(on);
}

// Ends the running thread's slice early.
static void slice_shorten(struct cpu *cpu, uint64_t end_ns)
{
    if (end_ns >= cpu->slice_end_ns)
        return;
    cpu->slice_end_ns = end_ns;
    if (end_ns < cpu->timer_armed_ns)
        timer_hardware_set(end_ns);
}

void scheduler_ready(struct thread *thread, bool soon)
{
    struct cpu *cpu = cpu_local();
    thread->ready_since_ns = time_ns();
    if (policy->thread_ready(thread) != STATUS_OK)
        panic("scheduler %s refused the ready thread %s", policy->name, thread->name);
    if (LIKELY(thread_current() != cpu->idle)) {
        if (LIKELY(soon && !priority_is_realtime(thread->priority))) {
            slice_shorten(cpu, thread->ready_since_ns + SOON_NS); // then the policy is asked
            return;
        }
        if (!policy->needs_reschedule(cpu->id))
            return;
    }
    scheduler_ask();
}

void scheduler_tick(bool from_user)
{
    struct cpu *cpu = cpu_local();
    uint64_t now = time_ns();
    struct thread *self = thread_current();
    cpu->ticks++;
    if (!policy || self == cpu->idle)
        return;
    policy->tick(cpu->id, account(cpu, self, now));
    attribute(cpu, self, from_user);
    slice_begin(cpu, self, policy->slice_left(cpu->id), now);
    if (policy->needs_reschedule(cpu->id))
        scheduler_ask();
}

enum status scheduler_install(const char *module_name)
{
    TRY(slot_fill(&slot, module_name));
    const struct scheduler_policy *chosen = slot.module->ops;
    TRY(chosen->init(cpu_count()));
    policy = chosen;
    return STATUS_OK;
}

enum status scheduler_add(struct thread *thread)
{
    bool on = arch_interrupts_disable();
    enum status outcome = policy->add_thread(thread);
    arch_interrupts_restore(on);
    return outcome;
}

void scheduler_remove(struct thread *thread)
{
    bool on = arch_interrupts_disable();
    (void)policy->remove_thread(thread); // STATUS_NOT_FOUND for one that was never ready
    arch_interrupts_restore(on);
}

const char *scheduler_name(void)
{
    return policy ? policy->name : "none";
}

enum status scheduler_set_priority(struct thread *thread, struct priority priority)
{
    if (priority.base > PRIORITY_MINIMUM)
        return STATUS_BAD_ARGUMENT;
    bool on = arch_interrupts_disable();
    enum status outcome = policy->set_priority(thread, priority);
    arch_interrupts_restore(on);
    return outcome;
}

enum status scheduler_set_policy(struct thread *thread, const struct scheduling_policy *wanted)
{
    bool on = arch_interrupts_disable();
    enum status outcome = policy->set_policy(thread, wanted);
    arch_interrupts_restore(on);
    return outcome;
}

enum status scheduler_migrate(struct thread *thread, uint32_t cpu)
{
    if (cpu >= cpu_count())
        return STATUS_BAD_ARGUMENT;
    bool on = arch_interrupts_disable();
    enum status outcome = policy->migrate_thread(thread, cpu);
    arch_interrupts_restore(on);
    return outcome;
}

static void count_blocked(void *context, struct thread *thread)
{
    uint64_t *blocked = context;
    *blocked += thread->state == THREAD_BLOCKED || thread->state == THREAD_SLEEPING;
}

void scheduler_statistics(struct scheduler_statistics *statistics)
{
    uint64_t ran_ns = 0, waited_ns = 0;
    *statistics = (struct scheduler_statistics){};
    for (uint32_t i = 0; i < cpu_count(); i++) {
        const struct cpu *cpu = cpu_by_id(i);
        statistics->context_switches += cpu->switches;
        statistics->preemptions += cpu->preemptions;
        statistics->voluntary_yields += cpu->yields;
        statistics->ticks += cpu->ticks;
        ran_ns += cpu->run_total_ns;
        waited_ns += cpu->wait_total_ns;
    }
    thread_each(count_blocked, &statistics->blocked);
    bool on = arch_interrupts_disable();
    policy->statistics(statistics);
    arch_interrupts_restore(on);
    uint64_t switches = MAX(statistics->context_switches, 1ull);
    statistics->average_wait_ns = waited_ns / switches;
    statistics->average_run_ns = ran_ns / switches;
}

enum status scheduler_add_hook(const struct switch_hook *hook)
{
    for (uint32_t i = 0; i < SWITCH_HOOKS; i++) {
        if (!hooks[i]) {
            hooks[i] = hook;
            hook_count++;
            return STATUS_OK;
        }
    }
    return STATUS_NO_SPACE;
}

enum status scheduler_remove_hook(const struct switch_hook *hook)
{
    for (uint32_t i = 0; i < SWITCH_HOOKS; i++) {
        if (hooks[i] == hook) {
            hooks[i] = nullptr;
            hook_count--;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}
