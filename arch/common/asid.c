// SPDX-License-Identifier: MIT
// asid.c: tags of address spaces (ASIDs), so that a switch of space need not forget what the last one had cached.
//
// Purpose     A CPU finds translations under (tag, address). There are fewer tags than spaces.
// How         Tags are handed out in generations. A space keeps its tag while the generation lasts. When none is left a new generation
//             begins: all tags are free again but for those of spaces that some CPU has loaded, and every CPU forgets all
//             user translations before it loads its next space.
// Invariants  No two spaces have the same tag in one generation. A tag that was given up within a generation is not used again
//             before the next. Tag 0 is the kernel's: nothing of a user is ever cached under it.
// Order       A CPU names the space it loads (cpu.space) before it looks at the generation; a new generation is announced before the
//             CPUs are looked at. So either the CPU sees the new generation, or its space is seen and keeps its tag.
// Locks       RANK_ADDRESS_TAGS, for a new tag only.
// Cost        A comparison of generations per switch of space.

#include "asid.h"

#include <lib/bitmap.h>
#include <lib/string.h>

#include <arch/cpu.h>
#include <arch/page_table.h>

#include <helix/cpu.h>
#include <helix/spinlock.h>

enum { TAGS_MOST = 4096 }; // as many as are worth a bitmap

static struct spinlock lock = SPINLOCK(RANK_ADDRESS_TAGS);
_Atomic uint64_t asid_generation = 1;
static uint64_t taken[BITMAP_WORDS(TAGS_MOST)] GUARDED_BY(lock) = { 1 };

static size_t tags(void)
{
    return MIN(translation_tags(), (uint32_t)TAGS_MOST);
}

static void generation_begin(void) MUST_HOLD(lock)
{
    uint64_t next = atomic_load_explicit(&asid_generation, memory_order_relaxed) + 1;
    atomic_store(&asid_generation, next);
    memset(taken, 0, sizeof taken);
    bitmap_set(taken, 0);
    for (uint32_t i = 0; i < cpu_count(); i++) {
        struct arch_space *space = __atomic_load_n(&cpu_by_id(i)->arch.space, __ATOMIC_RELAXED);
        if (!space || !space_tag(space))
            continue;
        uint16_t tag = (uint16_t)space_tag(space);
        bitmap_set(taken, tag);
        space_tag_set(space, next << ASID_BITS | tag);
    }
}

static void tag_assign(struct arch_space *space)
{
    bool on = spinlock_acquire_irq(&lock);
    if (space_tag(space) >> ASID_BITS != asid_generation) { // another CPU may have begun a generation with this space loaded
        space_tag_set(space, 0);
        size_t tag = bitmap_find_clear(taken, tags(), 1);
        if (tag >= tags()) {
            generation_begin();
            tag = bitmap_find_clear(taken, tags(), 1);
        }
        bitmap_set(taken, tag);
        space_tag_set(space, asid_generation << ASID_BITS | tag);
    }
    spinlock_release_irq(&lock, on);
}

void asid_drop(struct arch_space *space)
{
    if (!translation_tags())
        return;
    bool on = spinlock_acquire_irq(&lock);
    space_tag_set(space, 0);
    spinlock_release_irq(&lock, on);
}

uint16_t asid_assign(struct arch_space *space)
{
    struct arch_cpu *cpu = &cpu_local()->arch;
    if (space == arch_space_kernel())
        return 0;
    if (space_tag(space) >> ASID_BITS != asid_generation)
        tag_assign(space);
    if (cpu->tag_generation != asid_generation) {
        page_table_load(arch_space_kernel()->root, 0, true); // what is read ahead must not come back under a tag that is free now
        translation_forget_users();
        cpu->tag_generation = asid_generation;
    }
    return (uint16_t)space_tag(space);
}
