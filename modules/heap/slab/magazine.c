// SPDX-License-Identifier: MIT
// magazine.c: each CPU keeps a few objects of every class at hand, so that most pairs of alloc and free take no lock.

#include <lib/string.h>

#include <helix/cpu.h>
#include <helix/panic.h>
#include <helix/preempt.h>

#include "slab.h"

enum { MAGAZINE_ROUNDS = 24 };

// Touched by its own CPU only, preemption off; others may read the counts for statistics.
struct magazine {
    uint32_t count;
    void *rounds[MAGAZINE_ROUNDS]; // most recently freed last
    uint64_t allocations, frees;
};

// Made at the CPU's first use: most machines have far fewer CPUs than CPU_MAX.
struct cpu_magazines {
    struct magazine classes[SLAB_CLASSES];
};
static_assert(sizeof(struct cpu_magazines) <= PAGE_SIZE);

static struct cpu_magazines *magazines[CPU_MAX];

// How many objects a magazine holds: at most 8 KiB worth, so that little memory waits in them.
static uint32_t capacity_of(unsigned class)
{
    return (uint32_t)MIN((uint64_t)MAGAZINE_ROUNDS, 2 * PAGE_SIZE / slab_object_size(class));
}

static struct cpu_magazines *magazines_make(uint32_t cpu)
{
    phys_t frame;
    if (frame_alloc(1, FRAME_ZEROED, &frame) != STATUS_OK)
        return nullptr;
    return magazines[cpu] = direct_map(frame);
}

// This CPU's magazine of the class; nullptr: no memory for one. Preemption is off.
static inline struct magazine *magazine_local(unsigned class)
{
    uint32_t cpu = cpu_local()->id;
    struct cpu_magazines *mine = magazines[cpu];
    if (UNLIKELY(!mine) && !(mine = magazines_make(cpu)))
        return nullptr;
    return &mine->classes[class];
}

void *magazine_alloc(unsigned class)
{
    struct free_object *object = nullptr;
    preempt_disable();
    struct magazine *magazine = magazine_local(class);
    if (UNLIKELY(magazine && !magazine->count))
        magazine->count = slab_take(class, magazine->rounds, capacity_of(class) / 2);
    if (LIKELY(magazine && magazine->count)) {
        object = magazine->rounds[--magazine->count];
        object->mark = 0;
        magazine->allocations++;
    }
    preempt_enable();
    return object;
}

static void magazine_make_room(struct magazine *magazine, unsigned class)
{
    uint32_t half = capacity_of(class) / 2;
    slab_give(class, magazine->rounds, half); // the coldest
    magazine->count -= half;
    memmove(magazine->rounds, magazine->rounds + half, magazine->count * sizeof magazine->rounds[0]);
}

void magazine_free(unsigned class, void *block)
{
    struct free_object *object = block;
    if (UNLIKELY(object->mark == slab_mark(object)))
        panic("double free of heap block %p", block);
    object->mark = slab_mark(object);
    preempt_disable();
    struct magazine *magazine = magazine_local(class);
    if (UNLIKELY(!magazine)) {
        slab_give(class, &block, 1);
    } else {
        if (UNLIKELY(magazine->count == capacity_of(class)))
            magazine_make_room(magazine, class);
        magazine->rounds[magazine->count++] = block;
        magazine->frees++;
    }
    preempt_enable();
}

void magazines_drain(void)
{
    preempt_disable();
    struct cpu_magazines *mine = magazines[cpu_local()->id];
    for (unsigned class = 0; mine && class < SLAB_CLASSES; class ++) {
        struct magazine *magazine = &mine->classes[class];
        slab_give(class, magazine->rounds, magazine->count);
        magazine->count = 0;
    }
    preempt_enable();
}

void magazines_count(uint64_t waiting[SLAB_CLASSES], uint64_t *allocations, uint64_t *frees)
{
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        for (unsigned class = 0; magazines[cpu] && class < SLAB_CLASSES; class ++) {
            const struct magazine *magazine = &magazines[cpu]->classes[class];
            waiting[class] += magazine->count;
            *allocations += magazine->allocations;
            *frees += magazine->frees;
        }
    }
}
