// SPDX-License-Identifier: MIT
// space_flush.h: what the files of arch/common/space*.c ask the translation caches to forget.
#pragma once

#include <arch/space.h>

// Forgetting more pages than this one by one costs more than forgetting the whole space.
enum { FLUSH_PAGES_MOST = 32 };

// arch_space_flush of single pages, `count` of them at most FLUSH_PAGES_MOST.
void space_flush_pages(struct arch_space *space, const uint64_t *pages, size_t count);

// Whether a CPU other than this may run in the space just now, so that flushing takes messages.
bool space_runs_elsewhere(const struct arch_space *space);

// All CPUs forget the kernel's pages in [from, to) and the way to them. No lock is held that is ever taken with interrupts off.
void kernel_flush(uint64_t from, uint64_t to);

// No CPU has the space loaded any more. Nobody can load it: it is dying.
void space_leave_everywhere(struct arch_space *space);
