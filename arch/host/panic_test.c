// SPDX-License-Identifier: MIT
// panic_test.c: broken memory invariants end the kernel. Only a host can try: each panic happens in a process of its own.

#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/test.h>

#include "host.h"

static void free_frame(void *argument)
{
    frame_free(*(phys_t *)argument, 1);
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
    CHECK(host_panics(release_frame, &frame, "which nobody has"));
    CHECK(!host_panics(free_frame, &frame, "another message"));
}

TEST(frames, panic_on_freeing_what_is_not_theirs)
{
    phys_t beyond = { frame_limit * PAGE_SIZE }, firmware = { 1 * MIB - PAGE_SIZE };
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
        CHECK(host_panics(free_block, block, sizes[i] <= 2048 ? "double free" : "no block of the heap"));
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
