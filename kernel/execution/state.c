// SPDX-License-Identifier: MIT
// state.c: the legal edges of thread and process states.

#include <helix/panic.h>
#include <helix/process.h>
#include <helix/thread.h>

static const bool thread_may_become[THREAD_STATES][THREAD_STATES] = {
    [THREAD_CREATING] = { [THREAD_READY] = true, [THREAD_DEAD] = true },
    [THREAD_READY] = { [THREAD_RUNNING] = true, [THREAD_DEAD] = true },
    [THREAD_RUNNING] = { [THREAD_READY] = true,
                         [THREAD_BLOCKED] = true,
                         [THREAD_SLEEPING] = true,
                         [THREAD_STOPPED] = true,
                         [THREAD_DEAD] = true,
                         [THREAD_ZOMBIE] = true },
    [THREAD_BLOCKED] = { [THREAD_READY] = true, [THREAD_DEAD] = true },
    [THREAD_SLEEPING] = { [THREAD_READY] = true, [THREAD_DEAD] = true },
    [THREAD_STOPPED] = { [THREAD_READY] = true, [THREAD_DEAD] = true },
    [THREAD_ZOMBIE] = { [THREAD_DEAD] = true },
};

static const bool process_may_become[PROCESS_STATES][PROCESS_STATES] = {
    [PROCESS_CREATING] = { [PROCESS_RUNNING] = true, [PROCESS_DEAD] = true },
    [PROCESS_RUNNING] = { [PROCESS_STOPPED] = true, [PROCESS_ZOMBIE] = true },
    [PROCESS_STOPPED] = { [PROCESS_RUNNING] = true, [PROCESS_ZOMBIE] = true },
    [PROCESS_ZOMBIE] = { [PROCESS_DEAD] = true },
};

bool thread_state_may_become(enum thread_state from, enum thread_state to)
{
    return thread_may_become[from][to];
}

bool process_state_may_become(enum process_state from, enum process_state to)
{
    return process_may_become[from][to];
}

void thread_become(struct thread *thread, enum thread_state next)
{
    ASSERT(thread_may_become[thread->state][next]);
    atomic_store_explicit(&thread->state, next, memory_order_relaxed);
}

void process_become(struct process *process, enum process_state next)
{
    ASSERT(process_may_become[process->state][next]);
    atomic_store_explicit(&process->state, next, memory_order_relaxed);
}

const char *thread_state_name(enum thread_state state)
{
    static const char *const names[THREAD_STATES] = { "creating", "ready", "running", "blocked", "sleeping", "stopped", "dead", "zombie" };
    return names[state];
}

const char *process_state_name(enum process_state state)
{
    static const char *const names[PROCESS_STATES] = { "creating", "running", "stopped", "zombie", "dead" };
    return names[state];
}
