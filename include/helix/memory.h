// SPDX-License-Identifier: MIT
// memory.h: the memory subsystem as a whole.
#pragma once

// Gives back what the caches of this CPU hold (kernel stacks, heap magazines, empty slabs, single frames). What frames_statistics()
// says afterwards depends on what lives, not on what ran before. Thread context; for memory shortage and for displays.
void memory_trim(void);
