// SPDX-License-Identifier: MIT
// asid_test.c: no two spaces share a tag within a generation, and the loaded one keeps its own into the next.

#include <arch/page_table.h>
#include <arch/space.h>

#include <lib/bitmap.h>
#include <lib/string.h>

#include <arch/cpu.h>

#include <helix/cpu.h>
#include <helix/heap.h>
#include <helix/test.h>

#include "asid.h"

enum { TAGS = 1 << 16 };

// Takes a tag as a switch to `space` would, without loading it: nobody runs in these spaces.
static uint16_t take(struct arch_space *space)
{
    cpu_local()->arch.space = space;
    return asid_take(space);
}

static uint64_t generation_of(const struct arch_space *space)
{
    return space_tag(space) >> 16;
}

TEST(asid, are_unique_within_a_generation_and_kept_by_the_loaded_space)
{
    uint32_t spaces = MIN(translation_tags(), 4096u);
    struct arch_space *space = heap_alloc((spaces + 1) * sizeof *space);
    uint64_t *seen = heap_alloc(TAGS / 8);
    CHECK(space && seen);
    memset(space, 0, (spaces + 1) * sizeof *space);
    bool on = arch_interrupts_disable();
    arch_space_activate(arch_space_kernel());
    uint16_t first = take(&space[0]);
    memset(seen, 0, TAGS / 8);
    uint64_t generation = generation_of(&space[0]);
    bool unique = true, kept = true, zero = false;
    for (uint32_t i = 0; i <= spaces; i++) {
        struct arch_space *loaded = cpu_local()->arch.space;
        uint16_t before = (uint16_t)space_tag(loaded), tag = take(&space[i]);
        if (generation_of(&space[i]) != generation) { // begun while space[i] was the loaded one, and the one before it no longer
            generation = generation_of(&space[i]);
            memset(seen, 0, TAGS / 8);
        }
        kept &= loaded != &space[i] || before == tag;
        unique &= !bitmap_get(seen, tag);
        zero |= tag == 0;
        bitmap_set(seen, tag);
    }
    bool again = take(&space[spaces]) == (uint16_t)space_tag(&space[spaces]);
    cpu_local()->arch.space = arch_space_kernel();
    arch_interrupts_restore(on);
    heap_free(seen);
    heap_free(space);
    CHECK(translation_tags() == 0 || (unique && kept && again && first && !zero));
    CHECK(asid_take(arch_space_kernel()) == 0);
}
