// SPDX-License-Identifier: MIT
// cache_test.c: magazines and depot, below the checks of the debug profile: nothing is lost or handed out twice on the way through them.

#include <helix/heap_cache.h>

#include <lib/string.h>

#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/preempt.h>
#include <helix/test.h>

TEST(heap_cache, chooses_the_smallest_class_that_holds_the_size)
{
    size_t wrong = 0;
    for (size_t size = 1; size <= HEAP_CLASS_LARGEST; size++) {
        unsigned class = heap_class_for(size);
        wrong += heap_class_size(class) < size || (class && heap_class_size(class - 1) >= size) || heap_class_of(heap_code(class)) != class;
    }
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(heap_class_for(HEAP_CLASS_LARGEST), HEAP_CLASSES - 1);
}

TEST(heap_cache, gives_the_object_freed_last)
{
    void *first = heap_take_size(100);
    heap_give(first);
    void *second = heap_take_size(100);
    CHECK(second == first);
    heap_give(second);
}

// More than both magazines and the depot hold, so that every way in and out is taken.
TEST(heap_cache, keeps_count_of_what_wanders_through_the_depot)
{
    enum { COUNT = 400 };
    static uint64_t *objects[COUNT];
    for (unsigned class = 0; class < HEAP_CLASSES; class ++) {
        struct heap_statistics before, full, after;
        heap_statistics(&before);
        for (uint64_t i = 0; i < COUNT; i++) {
            objects[i] = heap_take_size(heap_class_size(class));
            if (CHECK(objects[i] && is_aligned((uintptr_t)objects[i], heap_class_size(class))))
                objects[i][0] = objects[i][1] = i;
        }
        heap_statistics(&full);
        size_t wrong = 0;
        for (uint64_t i = 0; i < COUNT; i++)
            wrong += objects[i][0] != i || objects[i][1] != i;
        CHECK_EQUAL(wrong, 0);
        CHECK_EQUAL(full.classes[class].used, before.classes[class].used + COUNT);
        CHECK_EQUAL(full.allocations, before.allocations + COUNT);
        for (size_t i = 0; i < COUNT; i++)
            heap_give(objects[(i * 7) % COUNT]); // 7 and COUNT have no common factor
        heap_statistics(&after);
        CHECK_EQUAL(after.classes[class].used, before.classes[class].used);
        CHECK_EQUAL(after.frees, before.frees + COUNT);
        CHECK_EQUAL(after.used, before.used);
        CHECK(after.classes[class].cached + after.classes[class].used <= after.classes[class].capacity);
    }
}

TEST(heap_cache, gives_everything_back_when_trimmed)
{
    heap_trim(); // of the checks' quarantine
    void *objects[40];
    for (size_t i = 0; i < ARRAY_LENGTH(objects); i++)
        objects[i] = heap_take_size(500);
    for (size_t i = 0; i < ARRAY_LENGTH(objects); i++)
        heap_give(objects[i]);
    struct heap_statistics statistics;
    heap_trim();
    heap_statistics(&statistics);
    uint64_t cached = 0;
    for (unsigned class = 0; class < HEAP_CLASSES; class ++)
        cached += statistics.classes[class].cached;
    CHECK_EQUAL(cached, 0);
    CHECK_EQUAL(statistics.magazines, 0);
    heap_trim(); // of nothing
}

TEST(heap_cache, resizes_large_blocks_where_they_are)
{
    uint8_t *block = heap_alloc_zeroed(9, PAGE_SIZE);
    block[0] = 1;
    uint8_t *shrunk = heap_resize(block, 3 * PAGE_SIZE);
    CHECK(PROFILE_HEAP_CHECKS || shrunk == block);
    block = shrunk;
    CHECK(block[0] == 1 && block[3 * PAGE_SIZE - 1] == 0);
    uint8_t *grown = heap_resize(block, 5 * PAGE_SIZE);
    CHECK(grown && grown[0] == 1 && grown[3 * PAGE_SIZE - 1] == 0);
    heap_free(grown);
}
