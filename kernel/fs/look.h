// SPDX-License-Identifier: MIT
// look.h: reading the table of names without a lock.
//
// Purpose     Walking along names in use writes to no cache line that another CPU uses, but for the entry the path ends at.
// How         Each CPU counts: odd while it looks. Whoever takes an entry out of the table waits, before he frees it, until every CPU
//             that was looking at that moment has stopped (looks_settle); who begins later cannot find the entry any more.
// Invariants  A look is short, takes no lock, sleeps nowhere and keeps preemption off; so waiting for it needs no sleep either.
//             Whoever waits does not look, and holds no lock that a look could want: there is none.
// Cost        A look: a dozen instructions. looks_settle: one cache line for each CPU.
#pragma once

#include <stdatomic.h>

#include <helix/cpu.h>
#include <helix/preempt.h>

enum { LOOK_LINE = 64 };

struct look_count {
    alignas(LOOK_LINE) _Atomic uint32_t looks; // its own CPU's, odd: looking
};
extern struct look_count look_counts[CPU_MAX];

// Preemption is off until look_end. Looks do not nest.
static inline struct look_count *look_begin(void)
{
    preempt_disable();
    struct look_count *own = &look_counts[cpu_local()->id];
    atomic_store_explicit(&own->looks, atomic_load_explicit(&own->looks, memory_order_relaxed) + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); // counted before anything is looked at
    return own;
}

static inline void look_end(struct look_count *own)
{
    atomic_store_explicit(&own->looks, atomic_load_explicit(&own->looks, memory_order_relaxed) + 1, memory_order_release);
    preempt_enable();
}

// Returns when every look that may have seen what was taken out before this call is over.
void looks_settle(void);
