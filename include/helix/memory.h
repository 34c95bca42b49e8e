// SPDX-License-Identifier: MIT
// memory.h: the memory subsystem as a whole.
#pragma once

#include <lib/attributes.h>

// Gives back what the caches of this CPU hold (kernel stacks, heap magazines, empty slabs, single frames). What frames_statistics()
// says afterwards depends on what lives, not on what ran before. Thread context; for memory shortage and for displays.
void memory_trim(void);

// What else memory_trim calls: caches of the layers above. Thread context; may take sleeping locks of its own, none is held.
struct memory_trimmer {
    void (*trim)(void);
};
#define MEMORY_TRIM(name_, trim_) TABLE_ROW(helix_memory_trimmers) static const struct memory_trimmer memory_trimmer_##name_ = { trim_ }
