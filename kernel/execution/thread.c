// SPDX-License-Identifier: MIT
// thread.c: the life of a thread, and how it waits.

#include <helix/thread.h>

#include <lib/string.h>

#include <arch/frame.h>

#include <helix/cpu.h>
#include <helix/heap.h>
#include <helix/kernel_map.h>
#include <helix/panic.h>
#include <helix/process.h>
#include <helix/scheduler.h>
#include <helix/user.h>

#include "execution.h"

static const struct process_hooks *hooks;

void process_set_hooks(const struct process_hooks *chosen)
{
    hooks = chosen;
}

const struct process_hooks *process_hooks(void)
{
    return hooks;
}

// ---- making and ending ----

static void timeout_fire(struct timer *timer)
{
    struct thread *thread = container_of(timer, struct thread, timeout);
    thread->wake_timed_out = true;
    thread_wake(thread);
}

static void thread_init(struct thread *thread, const char *name, struct process *process)
{
    string_copy(thread->name, name, sizeof thread->name);
    spinlock_init(&thread->lock, RANK_THREAD);
    timer_init(&thread->timeout, timeout_fire);
    list_init(&thread->queue_link);
    list_init(&thread->process_link);
    thread->process = process;
    thread->references = 1;
    thread->affinity = UINT64_MAX;
    thread->created_ns = time_ns();
}

void thread_adopt(struct thread *thread, const char *name)
{
    thread_init(thread, name, process_kernel());
    thread->flags = THREAD_KERNEL | THREAD_INIT;
    thread->state = THREAD_RUNNING;
    thread->priority = (struct priority){ .base = PRIORITY_DEFAULT };
}

static void kernel_thread_begin(void *argument)
{
    struct thread *self = argument;
    thread_started();
    self->entry(self->argument);
    panic("kernel thread %s returned from its entry", self->name);
}

static enum status thread_allocate(const char *name, struct process *process, struct thread **made)
{
    struct thread *thread = heap_alloc_zeroed(1, sizeof *thread);
    if (!thread)
        return STATUS_NO_MEMORY;
    enum status outcome = kernel_stack_alloc(&thread->stack_low);
    if (outcome != STATUS_OK) {
        heap_free(thread);
        return outcome;
    }
    thread_init(thread, name, process);
    *made = thread;
    return STATUS_OK;
}

enum status thread_create(const struct thread_request *request, struct thread **made)
{
    struct thread *thread;
    TRY(thread_allocate(request->name, request->process ? request->process : process_kernel(), &thread));
    thread->flags = thread->process == process_kernel() ? THREAD_KERNEL : 0;
    thread->priority = request->priority.base ? request->priority : (struct priority){ .base = PRIORITY_DEFAULT };
    thread->affinity = request->affinity ? request->affinity : UINT64_MAX;
    thread->entry = request->entry;
    thread->argument = request->argument;
    thread->id = request->id ? request->id : thread_id_new();
    enum status outcome = scheduler_add(thread);
    if (outcome != STATUS_OK) {
        kernel_stack_free(thread->stack_low);
        heap_free(thread);
        return outcome;
    }
    // Below the place of the user frame, which a user thread has filled in by the time it first runs.
    uint64_t top = (uint64_t)(uintptr_t)arch_user_frame(thread->stack_low.raw + KERNEL_STACK_SIZE);
    arch_context_prepare(&thread->context, (virt_t){ top }, kernel_thread_begin, thread);
    process_retain(thread->process);
    thread_table_add(thread);
    *made = thread;
    return STATUS_OK;
}

enum status thread_create_idle(struct thread **made)
{
    TRY(thread_allocate("idle", process_kernel(), made));
    (*made)->flags = THREAD_KERNEL | THREAD_IDLE | THREAD_NO_MIGRATE;
    (*made)->state = THREAD_READY;
    return STATUS_OK;
}

void thread_start(struct thread *thread)
{
    bool on = spinlock_acquire_irq(&thread->lock);
    thread_retain(thread); // the thread's own, until it has left its stack for good
    thread_become(thread, THREAD_READY);
    scheduler_ready(thread, false);
    spinlock_release_irq(&thread->lock, on);
}

enum status thread_spawn(const char *name, void (*entry)(void *argument), void *argument, struct thread **made)
{
    struct thread *thread;
    const struct thread_request request = { .name = name, .entry = entry, .argument = argument };
    TRY(thread_create(&request, &thread));
    thread_start(thread);
    if (made)
        *made = thread;
    else
        thread_release(thread);
    return STATUS_OK;
}

void thread_discard(struct thread *thread)
{
    thread_become(thread, THREAD_DEAD);
    thread_release(thread);
}

// Not analysed: whoever arrives next releases the lock.
NO_LOCK_ANALYSIS [[noreturn]] void thread_exit(int32_t code)
{
    struct thread *self = thread_current();
    self->exit_code = code;
    lock_check_thread_end();
    timer_cancel(&self->timeout);
    (void)arch_interrupts_disable();
    if (arch_preempt_count())
        preempt_enable_no_check(); // off since process_finish()
    spinlock_acquire_off(&self->lock);
    thread_become(self, THREAD_ZOMBIE);
    scheduler_switch(SWITCH_EXIT);
    panic("a thread that has ended was scheduled");
}

void thread_retain(struct thread *thread)
{
    atomic_fetch_add_explicit(&thread->references, 1, memory_order_relaxed);
}

// May run with interrupts off, on the way out of the thread's last switch: nothing here sleeps.
void thread_release(struct thread *thread)
{
    if (atomic_fetch_sub(&thread->references, 1) != 1)
        return;
    ASSERT(thread->state == THREAD_DEAD);
    thread_table_remove(thread);
    scheduler_remove(thread);
    if (thread->flags & THREAD_INIT)
        return; // boot's: neither it nor its stack was ever allocated
    arch_thread_release(&thread->arch);
    if (thread->user)
        hooks->release_user_thread(thread->user);
    kernel_stack_free(thread->stack_low);
    process_release(thread->process);
    heap_free(thread);
}

// ---- waiting ----

bool thread_interrupted(void)
{
    return thread_current()->flags & (THREAD_SIGNALLED | THREAD_KILL_PENDING);
}

// Whether it was interrupted. Not analysed: the lock is released by whoever arrives, or here when nobody needs to.
NO_LOCK_ANALYSIS [[gnu::always_inline]] static inline bool thread_leave(struct thread *self, enum thread_state state,
                                                                        enum block_reason reason, bool interruptible)
{
    lock_check_may_sleep("sleep");
    ASSERT(arch_preempt_count() == 0);
    bool on = arch_interrupts_disable();
    ASSERT(on); // off: a lock may be held
    spinlock_acquire_off(&self->lock);
    bool interrupted = interruptible && thread_interrupted();
    bool sleeps = !self->wake_pending && !interrupted;
    if (sleeps) {
        self->interruptible = interruptible;
        self->wake_interrupted = false;
        self->block_reason = reason;
        thread_become(self, state);
        scheduler_switch(SWITCH_BLOCKED);
        interrupted = self->wake_interrupted;
    } else {
        spinlock_hand_over(&self->lock);
    }
    self->interruptible = false;
    arch_interrupts_enable();
    return interrupted;
}

[[gnu::noinline]] static enum status thread_wait(enum thread_state state, enum block_reason reason, bool interruptible)
{
    bool interrupted = thread_leave(thread_current(), state, reason, interruptible);
    preempt_check();
    return interrupted ? STATUS_INTERRUPTED : STATUS_OK;
}

[[gnu::noinline]] static enum status thread_wait_until(enum thread_state state, enum block_reason reason, uint64_t deadline_ns,
                                                       bool interruptible)
{
    struct thread *self = thread_current();
    self->wake_timed_out = false;
    lock_check_may_sleep("sleep"); // before the timer's lock is taken
    timer_arm(&self->timeout, deadline_ns);
    bool interrupted = thread_leave(self, state, reason, interruptible);
    timer_cancel(&self->timeout);
    preempt_check();
    return interrupted ? STATUS_INTERRUPTED : self->wake_timed_out ? STATUS_TIMEOUT : STATUS_OK;
}

static enum status thread_block_either(enum block_reason reason, uint64_t deadline_ns, bool interruptible)
{
    return deadline_ns == UINT64_MAX ? thread_wait(THREAD_BLOCKED, reason, interruptible)
                                     : thread_wait_until(THREAD_BLOCKED, reason, deadline_ns, interruptible);
}

enum status thread_block(enum block_reason reason, uint64_t deadline_ns)
{
    return thread_block_either(reason, deadline_ns, !(thread_current()->flags & THREAD_KERNEL));
}

enum status thread_block_uninterruptible(enum block_reason reason, uint64_t deadline_ns)
{
    return thread_block_either(reason, deadline_ns, false);
}

enum status thread_sleep_until(uint64_t deadline_ns)
{
    struct thread *self = thread_current();
    while (time_ns() < deadline_ns) {
        atomic_store(&self->wake_pending, false);
        if (thread_wait_until(THREAD_SLEEPING, BLOCK_TIMER, deadline_ns, !(self->flags & THREAD_KERNEL)) == STATUS_INTERRUPTED)
            return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

// The lock is held, interrupts off.
static void wake_locked(struct thread *thread, bool soon)
{
    uint32_t state = thread->state;
    if (state == THREAD_BLOCKED || state == THREAD_SLEEPING) {
        thread_become(thread, THREAD_READY);
        scheduler_ready(thread, soon);
    } else {
        thread->wake_pending = true;
    }
}

static void wake_off(struct thread *thread, bool soon)
{
    spinlock_acquire_off(&thread->lock);
    wake_locked(thread, soon);
    spinlock_release_off(&thread->lock);
}

void thread_wake_off(struct thread *thread)
{
    wake_off(thread, false);
}

void thread_wake_soon_off(struct thread *thread)
{
    wake_off(thread, true);
}

void thread_wake(struct thread *thread)
{
    bool on = arch_interrupts_disable();
    thread_wake_off(thread);
    if (on) {
        arch_interrupts_enable();
        preempt_check();
    }
}

void thread_interrupt(struct thread *thread)
{
    bool on = spinlock_acquire_irq(&thread->lock);
    if (thread->interruptible) {
        thread->wake_interrupted = true;
        wake_locked(thread, false);
    } else if (thread == thread_current()) {
        arch_exit_work_set(true);
    }
    spinlock_release_irq(&thread->lock, on);
}

NO_LOCK_ANALYSIS void thread_stop_self(void)
{
    struct thread *self = thread_current();
    bool on = arch_interrupts_disable();
    spinlock_acquire_off(&self->lock);
    if (self->flags & THREAD_KILL_PENDING || self->process->state != PROCESS_STOPPED) { // killed or continued meanwhile
        spinlock_hand_over(&self->lock);
    } else {
        thread_become(self, THREAD_STOPPED);
        scheduler_switch(SWITCH_BLOCKED);
    }
    arch_interrupts_restore(on);
}

void thread_continue(struct thread *thread)
{
    bool on = spinlock_acquire_irq(&thread->lock);
    if (thread->state == THREAD_STOPPED) {
        thread_become(thread, THREAD_READY);
        scheduler_ready(thread, false);
    }
    spinlock_release_irq(&thread->lock, on);
}

// The three figures belong together: a tick between two of them would make the stretch negative.
uint64_t thread_cpu_time(const struct thread *thread)
{
    bool on = arch_interrupts_disable();
    uint64_t time = thread->cpu_time_ns, now = time_ns();
    if (thread->state == THREAD_RUNNING)
        time += now - MIN(now, cpu_by_id(thread->cpu)->switched_at_ns);
    arch_interrupts_restore(on);
    return time;
}
