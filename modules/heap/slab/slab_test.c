// SPDX-License-Identifier: MIT
// slab_test.c: the policy beside the kernel's own use of it: batches, blocks, figures.

#include <helix/frames.h>
#include <helix/heap_policy.h>
#include <helix/module.h>
#include <helix/test.h>

static const struct heap_policy *policy(void)
{
    return module_find("heap_policy", "slab")->ops;
}

TEST(slab, says_how_much_a_block_really_holds)
{
    void *small, *large = policy()->allocate(2049, false);
    CHECK_EQUAL(policy()->take(2, &small, 1), 1);
    CHECK_EQUAL(policy()->usable_size(small), 64);
    CHECK_EQUAL(policy()->usable_size(large), PAGE_SIZE);
    policy()->give(2, &small, 1);
    policy()->release(large);
}

TEST(slab, shrinks_large_blocks_where_they_are)
{
    struct heap_statistics before = {}, during = {}, after = {};
    policy()->statistics(&before);
    uint8_t *block = policy()->allocate(5 * PAGE_SIZE, true);
    CHECK(block && policy()->resize(block, 2 * PAGE_SIZE));
    policy()->statistics(&during);
    CHECK_EQUAL(during.held, before.held + 2 * PAGE_SIZE);
    CHECK_EQUAL(policy()->usable_size(block), 2 * PAGE_SIZE);
    CHECK(policy()->resize(block, PAGE_SIZE + 1) && !policy()->resize(block, 2 * PAGE_SIZE + 1) && !policy()->resize(block, SIZE_MAX));
    CHECK(block[0] == 0 && block[2 * PAGE_SIZE - 1] == 0);
    policy()->release(block);
    policy()->statistics(&after);
    CHECK_EQUAL(after.held, before.held);
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
        CHECK_EQUAL(policy()->take(CLASS, &objects[i], 1), 1);
    policy()->statistics(&full);
    CHECK_EQUAL(full.classes[CLASS].used, before.classes[CLASS].used + OBJECTS);
    CHECK_EQUAL(full.classes[CLASS].capacity, before.classes[CLASS].capacity + (room < OBJECTS ? OBJECTS : 0));
    policy()->give(CLASS, objects, OBJECTS);
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
        more = policy()->take(CLASS, objects + got, OBJECTS - got);
    CHECK_EQUAL(got, OBJECTS);
    size_t twice = 0;
    for (uint32_t i = 0; i < got; i++)
        *(uint64_t *)objects[i] = i;
    for (uint32_t i = 0; i < got; i++)
        twice += *(uint64_t *)objects[i] != i;
    CHECK_EQUAL(twice, 0);
    policy()->give(CLASS, objects, got);
}

TEST(slab, keeps_at_most_one_empty_slab)
{
    enum { OBJECTS = 24, CLASS = 6 }; // 1,024 bytes: four in a slab
    void *objects[OBJECTS];
    struct heap_statistics before = {}, after = {};
    policy()->trim();
    policy()->statistics(&before);
    for (size_t i = 0; i < OBJECTS; i++)
        CHECK_EQUAL(policy()->take(CLASS, &objects[i], 1), 1);
    policy()->give(CLASS, objects, OBJECTS);
    policy()->statistics(&after);
    CHECK(after.classes[CLASS].capacity <= before.classes[CLASS].capacity + 4);
}
