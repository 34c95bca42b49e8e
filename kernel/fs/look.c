// SPDX-License-Identifier: MIT
// look.c: waiting for those who read the table of names without a lock.
#include "look.h"

struct look_count look_counts[CPU_MAX];

void looks_settle(void)
{
    atomic_thread_fence(memory_order_seq_cst); // taken out before the counts are read
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        uint32_t seen = atomic_load_explicit(&look_counts[cpu].looks, memory_order_acquire);
        while (seen % 2 && atomic_load_explicit(&look_counts[cpu].looks, memory_order_acquire) == seen)
            arch_cpu_relax();
    }
}
