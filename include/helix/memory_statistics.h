// SPDX-License-Identifier: MIT
// memory_statistics.h: the figures of memory as a whole. Those of one layer are asked of it: frames_statistics(), heap_statistics().
#pragma once

#include <stdint.h>

struct memory_statistics {
    uint64_t total_physical, free_physical, used_physical; // bytes of frames; caches count as free. used = total - free
    uint64_t total_virtual, used_virtual;                  // bytes of the kernel's areas for stacks and device registers; mapped of them
    uint64_t allocations, deallocations;                   // of frames, since boot
    uint64_t page_faults;                                  // served for programs and the kernel, since boot
    uint64_t tlb_flushes;                                  // since boot: of single pages, and of whole spaces
};

// A picture of this moment. Thread context.
void memory_statistics(struct memory_statistics *statistics);
