// SPDX-License-Identifier: MIT
// heap_test.c: the kernel heap as its users see it, with the profile's policy behind it.

#include <helix/heap.h>

#include <lib/string.h>

#include <helix/frames.h>
#include <helix/test.h>

static uint64_t free_frames(void)
{
    struct frame_statistics statistics;
    heap_trim();
    frames_statistics(&statistics);
    return statistics.free;
}

static uint64_t heap_used(void)
{
    struct heap_statistics statistics;
    heap_statistics(&statistics);
    return statistics.used;
}

static const size_t sizes[] = { 1, 15, 16, 17, 100, 128, 129, 2047, 2048, 2049, 4096, 5000, 70000 };

TEST(heap, aligns_and_separates_blocks_of_every_size)
{
    uint8_t *blocks[ARRAY_LENGTH(sizes)];
    heap_trim();
    uint64_t before = heap_used();
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        blocks[i] = heap_alloc(sizes[i]);
        CHECK(blocks[i] && is_aligned((uintptr_t)blocks[i], sizes[i] >= PAGE_SIZE ? PAGE_SIZE : 16));
        memset(blocks[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        CHECK(blocks[i][0] == i + 1 && blocks[i][sizes[i] - 1] == i + 1);
        heap_free(blocks[i]);
    }
    heap_trim(); // of the checks' quarantine
    CHECK_EQUAL(heap_used(), before);
}

REUSE_TEST(heap, gives_all_its_frames_back)
{
    enum { COUNT = 600 };
    static void *blocks[COUNT];
    heap_free(heap_alloc(1)); // the first use makes what the CPU keeps
    for (size_t size = 16; size <= 2048; size *= 2) {
        uint64_t before = free_frames();
        for (size_t i = 0; i < COUNT; i++) {
            blocks[i] = heap_alloc(size);
            CHECK(blocks[i] != nullptr);
        }
        for (size_t i = 0; i < COUNT; i++)
            heap_free(blocks[(i * 7) % COUNT]); // 7 and COUNT have no common factor
        CHECK_EQUAL(free_frames(), before);
    }
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++)
        any |= bytes[i];
    return !any;
}

TEST(heap, zeroes_when_asked)
{
    uint8_t *block = heap_alloc(300);
    memset(block, 0xff, 300);
    heap_free(block);
    block = heap_alloc_zeroed(3, 100);
    CHECK(block && all_zero(block, 300));
    heap_free(block);
}

TEST(heap, refuses_sizes_that_overflow_or_exceed_memory)
{
    heap_trim();
    uint64_t before = heap_used();
    CHECK(heap_alloc_zeroed(SIZE_MAX / 2, 3) == nullptr);
    CHECK(heap_alloc(SIZE_MAX) == nullptr);
    CHECK(heap_alloc(SIZE_MAX - 4095) == nullptr);
    CHECK(heap_alloc(1ull << 45) == nullptr);
    CHECK_EQUAL(heap_used(), before);
}

TEST(heap, keeps_the_contents_when_it_resizes)
{
    char *block = heap_copy_string("fifteen letters");
    CHECK(block && string_equal(block, "fifteen letters"));
    static const size_t steps[] = { 100, 3000, 9000, 2048, 24, 16 };
    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
        block = heap_resize(block, steps[i]);
        CHECK(block && string_equal(block, "fifteen letters"));
    }
    CHECK(heap_resize(block, SIZE_MAX) == nullptr);
    CHECK(string_equal(block, "fifteen letters"));
    heap_free(block);
    block = heap_resize(nullptr, 10);
    CHECK(block != nullptr);
    heap_free(block);
}

TEST(heap, takes_nothing_for_nullptr_and_something_for_size_0)
{
    heap_free(nullptr);
    void *block = heap_alloc(0);
    CHECK(block != nullptr);
    heap_free(block);
}

TEST(heap, counts_what_it_holds)
{
    struct heap_statistics before, during;
    heap_statistics(&before);
    void *small = heap_alloc(200), *large = heap_alloc(3 * PAGE_SIZE);
    heap_statistics(&during);
    enum { CLASS = PROFILE_HEAP_CHECKS ? 5 : 4, PAGES = PROFILE_HEAP_CHECKS ? 5 : 3 }; // with what the checks put round them
    CHECK_EQUAL(during.used, before.used + (16 << CLASS) + PAGES * PAGE_SIZE);
    CHECK_EQUAL(during.large_blocks, before.large_blocks + 1);
    CHECK_EQUAL(during.classes[CLASS].size, 16 << CLASS);
    CHECK_EQUAL(during.classes[CLASS].used, before.classes[CLASS].used + 1);
    CHECK_EQUAL(during.allocations, before.allocations + 2);
    CHECK(during.held >= during.used && during.boot_retired);
    heap_free(small);
    heap_free(large);
}
