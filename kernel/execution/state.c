// SPDX-License-Identifier: MIT
// state.c: the legal edges of thread and process states.

#include <helix/panic.h>
#include <helix/process.h>
#include <helix/thread.h>

#define EDGE(state_) (1u << (state_))

const uint16_t thread_edges[THREAD_STATES] = {
    [THREAD_CREATING] = EDGE(THREAD_READY) | EDGE(THREAD_DEAD),
    [THREAD_READY] = EDGE(THREAD_RUNNING) | EDGE(THREAD_DEAD),
    [THREAD_RUNNING] =
        EDGE(THREAD_READY) | EDGE(THREAD_BLOCKED) | EDGE(THREAD_SLEEPING) | EDGE(THREAD_STOPPED) | EDGE(THREAD_DEAD) | EDGE(THREAD_ZOMBIE),
    [THREAD_BLOCKED] = EDGE(THREAD_READY) | EDGE(THREAD_DEAD),
    [THREAD_SLEEPING] = EDGE(THREAD_READY) | EDGE(THREAD_DEAD),
    [THREAD_STOPPED] = EDGE(THREAD_READY) | EDGE(THREAD_DEAD),
    [THREAD_ZOMBIE] = EDGE(THREAD_DEAD),
};

static const bool process_may_become[PROCESS_STATES][PROCESS_STATES] = {
    [PROCESS_CREATING] = { [PROCESS_RUNNING] = true, [PROCESS_DEAD] = true },
    [PROCESS_RUNNING] = { [PROCESS_STOPPED] = true, [PROCESS_ZOMBIE] = true },
    [PROCESS_STOPPED] = { [PROCESS_RUNNING] = true, [PROCESS_ZOMBIE] = true },
    [PROCESS_ZOMBIE] = { [PROCESS_DEAD] = true },
};

bool thread_state_may_become(enum thread_state from, enum thread_state to)
{
    return thread_edges[from] >> to & 1;
}

bool process_state_may_become(enum process_state from, enum process_state to)
{
    return process_may_become[from][to];
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
