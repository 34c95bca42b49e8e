// SPDX-License-Identifier: MIT
// workers.h: POSIX threads as CPUs, for rows whose names end in on_many_cpus. Under ThreadSanitizer too (tests/unit.mk).
#pragma once

#include <helix/cpu.h>
#include <helix/thread.h>

enum { WORKERS = 4 };

// A CPU and the one thread that it ever runs: whoever blocks there is woken at once, for nothing (workers.c).
struct worker {
    struct cpu cpu;
    struct thread self;
    uint64_t number; // 0, 1, …
    uint64_t seed, wrong, done;
    void (*run)(struct worker *worker);
};
extern struct worker workers[WORKERS];

// A number below `below`, in an order that is the worker's own.
uint64_t worker_random(struct worker *worker, uint64_t below);

// All run it at once; returns when the last has ended. Their caches keep what is in them until workers_forget().
void workers_run(void (*run)(struct worker *worker));
void workers_forget(void);

// What they counted in `wrong`.
uint64_t workers_wrong(void);
