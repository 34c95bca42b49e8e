// SPDX-License-Identifier: MIT
// panic_test.c: broken memory invariants end the kernel. Only a host can try: each panic happens in a process of its own.

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/heap_leaks.h>
#include <helix/test.h>

#include "host.h"

static void free_frame(void *argument)
{
    frame_free(*(phys_t *)argument, 1);
}

static void free_frame_zeroed(void *argument)
{
    frame_free_zeroed(*(phys_t *)argument);
}

static void release_frame(void *argument)
{
    frame_release(*(phys_t *)argument);
}

static void donate_frame(void *argument)
{
    frames_donate(*(phys_t *)argument, PAGE_SIZE);
}

TEST(frames, panic_on_a_double_free)
{
    phys_t frame;
    CHECK(frame_alloc(1, 0, &frame) == STATUS_OK);
    frame_free(frame, 1);
    CHECK(host_panics(free_frame, &frame, "double free"));
    CHECK(host_panics(free_frame_zeroed, &frame, "double free"));
    CHECK(host_panics(release_frame, &frame, "which nobody has"));
    CHECK(!host_panics(free_frame, &frame, "another message"));
}

#if PROFILE_FRAME_CHECKS
TEST(frames, panic_on_zeros_that_are_none)
{
    phys_t frame;
    CHECK(frame_alloc(1, FRAME_ZEROED, &frame) == STATUS_OK);
    ((char *)direct_map(frame))[1234] = 1;
    CHECK(host_panics(free_frame_zeroed, &frame, "is not, near byte 1232"));
    frame_free(frame, 1);
}
#endif

TEST(frames, panic_on_freeing_what_is_not_theirs)
{
    phys_t beyond = { frame_map.limit * PAGE_SIZE }, firmware = { 1 * MIB - PAGE_SIZE };
    CHECK(host_panics(free_frame, &beyond, "no frame of RAM"));
    CHECK(host_panics(free_frame, &firmware, "reserved"));
}

TEST(frames, panic_on_a_donation_of_what_they_own)
{
    phys_t frame;
    CHECK(frame_alloc(1, 0, &frame) == STATUS_OK);
    CHECK(host_panics(donate_frame, &frame, "not reserved"));
    frame_free(frame, 1);
}

static void free_block(void *argument)
{
    heap_free(argument);
}

TEST(heap, panics_on_a_double_free_of_any_size)
{
    static const size_t sizes[] = { 1, 64, 2048, 3000, 40000 };
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        void *block = heap_alloc(sizes[i]);
        heap_free(block);
        CHECK(host_panics(free_block, block, sizes[i] <= 2048 || PROFILE_HEAP_CHECKS ? "double free" : "no block of the heap"));
    }
}

TEST(heap, panics_on_pointers_that_are_no_blocks)
{
    char *block = heap_alloc(64);
    phys_t frame;
    CHECK(frame_alloc(1, 0, &frame) == STATUS_OK);
    CHECK(host_panics(free_block, block + 16, "no block of the heap"));
    CHECK(host_panics(free_block, direct_map(frame), "no block of the heap"));
    CHECK(host_panics(free_block, &frame, "not on the heap"));
    frame_free(frame, 1);
    heap_free(block);
}

#if PROFILE_HEAP_CHECKS
// What the debug profile finds: each report names the block, what became of it, and who allocated it.

static void write_past(void *argument)
{
    char *block = argument;
    block[100] = 1;
    heap_free(block);
}

static void write_before(void *argument)
{
    char *block = argument;
    block[-3] = 1;
    heap_free(block);
}

static void write_freed(void *argument)
{
    char *block = argument;
    heap_free(block);
    block[99] = 1;
    heap_trim();
}

// Found when its memory is used again, long after it has left the quarantine.
static void write_long_freed(void *argument)
{
    char *block = argument;
    heap_free(block);
    heap_trim();
    block[60] = 1;
    for (int i = 0; i < 1000; i++)
        (void)heap_alloc(100);
}

TEST(heap_check, finds_writes_where_nothing_belongs_to_them)
{
    void *others[20]; // that keep the block's slab alive
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        others[i] = heap_alloc(100);
    char *block = heap_alloc(100), *large = heap_alloc(5000);
    CHECK(host_panics(write_past, block, "100 bytes, class 256), byte 0 behind its end overwritten"));
    CHECK(host_panics(write_past, large + 4900, "no block of the heap"));
    CHECK(host_panics(write_before, block, "what stands before it was overwritten"));
    CHECK(host_panics(write_before, large, "what stands before it was overwritten"));
    CHECK(host_panics(write_freed, block, "byte 99 written after it was freed"));
    CHECK(host_panics(write_freed, large, "byte 99 written after it was freed"));
    CHECK(host_panics(write_long_freed, block, "byte 60 written after it was freed"));
    heap_free(block);
    heap_free(large);
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        heap_free(others[i]);
}

TEST(heap_check, tells_what_lives_by_the_place_that_allocated_it)
{
    struct leak_site sites[8];
    uint64_t blocks, bytes, mark = heap_leak_mark();
    void *kept[3];
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
        kept[i] = heap_alloc(50);
    heap_free(heap_alloc(70));
    char *other = heap_copy_string("seven!");
    CHECK_EQUAL(heap_leaks(mark, sites, ARRAY_LENGTH(sites), &blocks, &bytes), 2);
    CHECK_EQUAL(blocks, 4);
    CHECK_EQUAL(bytes, 157);
    CHECK_EQUAL(sites[0].bytes, 7);
    CHECK_EQUAL(sites[1].blocks, 3);
    CHECK_EQUAL(heap_leaks(mark, sites, 1, &blocks, &bytes), 1); // no row for the others, but they count
    CHECK_EQUAL(bytes, 157);
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
        heap_free(kept[i]);
    heap_free(other);
    CHECK_EQUAL(heap_leaks(mark, sites, ARRAY_LENGTH(sites), &blocks, &bytes), 0);
}
#endif
