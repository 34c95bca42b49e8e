// SPDX-License-Identifier: MIT
// slab_test.c: the policy beside the kernel's own use of it: classes, batches, figures.

#include "slab.h"

#include <helix/heap_policy.h>
#include <helix/module.h>
#include <helix/test.h>

static const struct heap_policy *policy(void)
{
    return module_find("heap_policy", "slab")->ops;
}

TEST(slab, chooses_the_smallest_class_that_holds_the_size)
{
    size_t wrong = 0;
    for (size_t size = 1; size <= SLAB_LARGEST; size++) {
        unsigned class = slab_class_for(size);
        wrong += slab_object_size(class) < size || (class && slab_object_size(class - 1) >= size);
    }
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(slab_class_for(SLAB_LARGEST), SLAB_CLASSES - 1);
}

TEST(slab, says_how_much_a_block_really_holds)
{
    void *small = policy()->allocate(33), *large = policy()->allocate(2049);
    CHECK_EQUAL(policy()->usable_size(small), 64);
    CHECK_EQUAL(policy()->usable_size(large), PAGE_SIZE);
    policy()->release(small);
    policy()->release(large);
}

TEST(slab, fills_a_slab_before_it_takes_another)
{
    enum { OBJECTS = 16, CLASS = 4 }; // 16 objects of 256 bytes fill a frame
    void *objects[OBJECTS + 1];
    struct heap_statistics before = {}, full = {}, after = {};
    policy()->trim();
    policy()->statistics(&before);
    uint64_t room = before.classes[CLASS].capacity - before.classes[CLASS].used;
    for (size_t i = 0; i < OBJECTS; i++)
        CHECK_EQUAL(slab_take(CLASS, &objects[i], 1), 1);
    policy()->statistics(&full);
    CHECK_EQUAL(full.classes[CLASS].used, before.classes[CLASS].used + OBJECTS);
    CHECK_EQUAL(full.classes[CLASS].capacity, before.classes[CLASS].capacity + (room < OBJECTS ? OBJECTS : 0));
    slab_give(CLASS, objects, OBJECTS);
    policy()->trim();
    policy()->statistics(&after);
    CHECK_EQUAL(after.classes[CLASS].capacity, before.classes[CLASS].capacity);
    CHECK_EQUAL(after.held, before.held);
}

TEST(slab, hands_out_no_object_twice)
{
    enum { OBJECTS = 300, CLASS = 0 }; // more than one slab
    static void *objects[OBJECTS];
    uint32_t got = 0;
    for (uint32_t more = 1; more && got < OBJECTS; got += more)
        more = slab_take(CLASS, objects + got, OBJECTS - got);
    CHECK_EQUAL(got, OBJECTS);
    size_t twice = 0;
    for (uint32_t i = 0; i < got; i++)
        *(uint64_t *)objects[i] = i;
    for (uint32_t i = 0; i < got; i++)
        twice += *(uint64_t *)objects[i] != i;
    CHECK_EQUAL(twice, 0);
    slab_give(CLASS, objects, got);
}

TEST(slab, keeps_at_most_one_empty_slab)
{
    enum { OBJECTS = 24, CLASS = 6 }; // 1,024 bytes: four in a slab
    void *objects[OBJECTS];
    struct heap_statistics before = {}, after = {};
    policy()->trim();
    policy()->statistics(&before);
    for (size_t i = 0; i < OBJECTS; i++)
        CHECK_EQUAL(slab_take(CLASS, &objects[i], 1), 1);
    slab_give(CLASS, objects, OBJECTS);
    policy()->statistics(&after);
    CHECK(after.classes[CLASS].capacity <= before.classes[CLASS].capacity + 4);
}
